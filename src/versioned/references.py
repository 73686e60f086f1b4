"""How a person names a version: `app`, `app@12`, `app@prod`, `app@LATEST`. Pure: no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from versioned import layout
from versioned.errors import InvalidReferenceError


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed ref: a version or an alias of an artifact, never both; neither means LATEST."""

    name: str
    version: str | None = None
    alias: str | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises InvalidReferenceError, InvalidNameError, InvalidVersionError."""
        if not isinstance(text, str):
            raise InvalidReferenceError(f"{text!r} is not a reference", hint="use app@prod")
        name, at, rest = text.partition("@")
        layout.validate_artifact_name(name)
        if not at:
            return cls(name)
        if not rest or "@" in rest:
            raise InvalidReferenceError(
                f"{text!r} is not a reference", hint="use app, app@12, app@prod or app@LATEST"
            )
        if rest == layout.LATEST_VERSION or rest.isdigit():
            return cls(name, version=layout.normalize_version(rest))
        layout.validate_alias_name(rest)
        return cls(name, alias=rest)

    def __str__(self) -> str:
        return "@".join(filter(None, (self.name, self.version or self.alias)))

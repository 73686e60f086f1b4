"""How a person names a version: `app`, `app@12`, `app@prod`, `app@prod@2026-03-01`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from versioned import layout, naming
from versioned.errors import InvalidReferenceError

_FORMS = "app, app@12, app@LATEST, app@prod or app@prod@2026-03-01T12:00Z"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    rf"{_DATE.pattern}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed ref: a version or an alias of an artifact, never both; neither means LATEST.

    `at` is the moment, in UTC, at which the alias is meant; `None` for now.
    """

    name: str
    version: str | None = None
    alias: str | None = None
    at: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises InvalidReferenceError, InvalidNameError, InvalidVersionError."""
        if not isinstance(text, str):
            raise InvalidReferenceError(f"{text!r} is not a reference", hint="use app@prod")
        name, *rest = text.split("@")
        naming.validate_artifact_name(name)
        match rest:
            case []:
                return cls(name)
            case [version] if version == naming.LATEST_VERSION or version.isdigit():
                return cls(name, version=layout.normalize_version(version))
            case [version, _] if version == naming.LATEST_VERSION or version.isdigit():
                raise InvalidReferenceError(
                    f"{text!r} gives a time for {name}@{version}, and only aliases have a past",
                    hint=f"name an alias, or leave the time out: {name}@{version}",
                )
            case [alias] if alias:
                naming.validate_alias_name(alias)
                return cls(name, alias=alias)
            case [alias, moment] if alias and moment:
                naming.validate_alias_name(alias)
                return cls(name, alias=alias, at=parse_moment(moment))
            case _:
                raise InvalidReferenceError(f"{text!r} is not a reference", hint=f"use {_FORMS}")

    def __str__(self) -> str:
        moment = moment_words(self.at) if self.at else None
        return "@".join(filter(None, (self.name, self.version or self.alias, moment)))


def parse_moment(text: str) -> datetime:
    """A moment in UTC from `2026-03-01T12:00Z`, `2026-03-01 12:00:30+01:00` or `2026-03-01`.

    A date alone is its beginning in UTC. A time must say its offset: an hour too early is no
    harmless guess. Raises InvalidReferenceError.
    """
    timed = _TIME.fullmatch(text)
    if timed and not timed["offset"]:
        raise InvalidReferenceError(
            f"the time {text!r} does not say where: it has no offset",
            hint=f"for UTC add a Z: {text}Z; else an offset such as +01:00",
        )
    try:
        if not timed and not _DATE.fullmatch(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if timed else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise InvalidReferenceError(
            f"{text!r} is not a time",
            hint="ISO 8601: 2026-03-01, 2026-03-01T12:00Z or 2026-03-01T12:00:30+01:00",
        ) from None


def moment_words(moment: datetime) -> str:
    """The shortest form in UTC that `parse_moment` reads back as the same moment."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

"""What an alias is to point at, and what a writer expects it to be. Pure: no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from versioned import layout
from versioned.errors import InputTypeError, InvalidInputError
from versioned.models import FULL_WEIGHT, Alias


@dataclass(frozen=True, slots=True)
class Target:
    """What an alias is to point at. Checked when it is made."""

    version: str
    secondary_version: str | None = None
    weight: int | None = None

    @property
    def versions(self) -> list[str]:
        return [v for v in (self.version, self.secondary_version) if v is not None]

    @classmethod
    def of(
        cls,
        version: int | str | None,
        secondary_version: int | str | None,
        secondary_version_weight: int | None,
    ) -> Target:
        """Raises InvalidVersionError, InputTypeError, InvalidInputError."""
        primary = layout.normalize_version(version)
        if secondary_version is None:
            if secondary_version_weight is not None:
                raise InvalidInputError(
                    f"a weight of {secondary_version_weight!r} without a secondary version",
                    hint="name the secondary version too",
                )
            return cls(primary)
        secondary = layout.normalize_version(secondary_version)
        weight = secondary_version_weight
        if not isinstance(weight, int) or isinstance(weight, bool):
            raise InputTypeError(
                f"the weight must be an int, not {weight!r}", hint="whole percents, 0 to 99"
            )
        if not 0 <= weight < FULL_WEIGHT:
            raise InvalidInputError(
                f"the weight {weight} is not from 0 to 99",
                hint="for 100 percent make it the primary version",
            )
        if primary == secondary:
            raise InvalidInputError(
                f"version and secondary version are both {primary}", hint="name two versions"
            )
        return cls(primary, secondary, weight)


class Absent(Enum):
    """The type of `ABSENT`: the alias is expected not to be there."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the caller believes the alias to be before a write; see `Repository.put_alias`."""

    version: str | None = None
    revision: str | None = None
    absent: bool = False

    @classmethod
    def of(cls, expect: int | str | Alias | Absent | None) -> Expectation | None:
        """Raises InvalidVersionError."""
        if expect is None:
            return None
        if isinstance(expect, Absent):
            return cls(absent=True)
        if isinstance(expect, Alias):
            return cls(revision=expect.revision)
        return cls(version=layout.normalize_version(expect))

    @property
    def state(self) -> str | None:
        """The expectation in words, `None` for an absent alias."""
        if self.absent:
            return None
        return f"version {self.version}" if self.version else f"revision {self.revision}"

    def holds_for(self, found: Alias | None) -> bool:
        if self.absent or found is None:
            return self.absent and found is None
        if self.revision is not None:
            return found.revision == self.revision
        return found.version == self.version

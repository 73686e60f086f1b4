"""What an alias is to point at, and what a writer expects it to be. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, DecimalException, InvalidOperation
from enum import Enum

from versioned import layout
from versioned.errors import InputTypeError, InvalidInputError
from versioned.models import FULL_WEIGHT, Alias
from versioned.routing import BUCKETS

POINTS = BUCKETS // FULL_WEIGHT
"""Basis points of a percent."""

MAX_VERSIONS = 10
"""What fits into the user metadata of an alias, with a message."""

Weight = int | float | str | Decimal


@dataclass(frozen=True, slots=True)
class Target:
    """What an alias is to point at. Checked when it is made.

    `shares` are the canaries with their basis points, in the order of routing.
    """

    version: str
    shares: tuple[tuple[str, int], ...] = ()

    @property
    def versions(self) -> list[str]:
        return [self.version, *(version for version, _ in self.shares)]

    @property
    def secondary_version(self) -> str | None:
        return self.shares[0][0] if self.shares else None

    @property
    def weight(self) -> int | None:
        """Of the secondary version, in whole percents, rounded down: never more than asked."""
        return self.shares[0][1] // POINTS if self.shares else None

    @property
    def is_plain(self) -> bool:
        """Whether the eight fields of the public format say all of it."""
        return not self.shares or (len(self.shares) == 1 and self.shares[0][1] % POINTS == 0)

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
        return cls(primary, ((secondary, weight * POINTS),))

    @classmethod
    def of_weights(cls, weights: Mapping[int | str, Weight]) -> Target:
        """The first version is the primary one; together they make 100 percent.

        Raises InvalidVersionError, InputTypeError, InvalidInputError.
        """
        if not isinstance(weights, Mapping) or not 1 <= len(weights) <= MAX_VERSIONS:
            raise InvalidInputError(
                f"a split among {len(weights) if isinstance(weights, Mapping) else weights!r}",
                hint=f"name 1 to {MAX_VERSIONS} versions, each with its percentage",
            )
        shares = [(layout.normalize_version(v), basis_points(w)) for v, w in weights.items()]
        if len({version for version, _ in shares}) != len(shares):
            raise InvalidInputError(
                f"a version is named twice: {', '.join(version for version, _ in shares)}",
                hint="give each version one weight",
            )
        total = sum(points for _, points in shares)
        if total != BUCKETS:
            raise InvalidInputError(
                f"the weights add up to {percent(total)}, not to 100%",
                hint="the first version is the primary one; give it the rest",
            )
        return cls(shares[0][0], tuple(shares[1:]))

    @classmethod
    def of_alias(cls, alias: Alias) -> Target:
        """What an alias points at now."""
        return cls(alias.version, tuple((c.version, c.basis_points) for c in alias.canaries))


def basis_points(weight: Weight) -> int:
    """A percentage with at most two decimals, from 0.01 to 100, as a number from 1 to 10000.

    Raises InputTypeError, InvalidInputError.
    """
    if isinstance(weight, bool) or not isinstance(weight, (int, float, str, Decimal)):
        raise InputTypeError(f"{weight!r} is not a weight", hint="a percentage such as 12.5")
    try:
        points = Decimal(str(weight)) * POINTS
        if not 1 <= points <= BUCKETS or points != int(points):
            raise InvalidOperation
    except DecimalException:  # also Overflow
        raise InvalidInputError(
            f"{weight!r} is not a weight", hint="a percentage from 0.01 to 100, in steps of 0.01"
        ) from None
    return int(points)


def percent(points: int) -> str:
    """Basis points in words: `10%`, `0.25%`."""
    return f"{points / POINTS:g}%"


def target_words(state: Alias) -> str:
    """What an alias points at: `3`, or `3 (90%) + 4 (10%)`."""
    if not state.is_split:
        return state.version
    return " + ".join(f"{version} ({percent(points)})" for version, points in shares_of(state))


def shares_of(state: Alias) -> list[tuple[str, int]]:
    """All versions of an alias with their basis points, the primary one first."""
    canaries = [(canary.version, canary.basis_points) for canary in state.canaries]
    return [(state.version, BUCKETS - sum(points for _, points in canaries)), *canaries]


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

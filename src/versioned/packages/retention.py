"""Which asset sets and versions may go: rules, and a plan with a reason for each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from packaging.version import Version

from versioned.errors import InvalidInputError
from versioned.packages.coordinates import Package, PackageFormat
from versioned.packages.revision import Asset, Revision, set_order

GRACE = timedelta(hours=1)
"""What was uploaded so lately may belong to a release that is still being made."""


@dataclass(frozen=True, slots=True)
class PackageRetention:
    """Of each version the active asset set is kept, and the newest `keep_sets` sets; of each
    package the newest `keep_versions` versions, all of them where it is `None`. What is younger
    than `older_than_days` is kept in any case. Raises InvalidInputError."""

    keep_sets: int = 5
    keep_versions: int | None = None
    older_than_days: float = 30

    def __post_init__(self) -> None:
        least = (self.keep_sets >= 0, self.keep_versions is None or self.keep_versions >= 1)
        if not all(least) or not 0 <= self.older_than_days < 10**5:
            raise InvalidInputError(
                "these rules of retention can't be meant",
                hint="keep 0 sets or more, 1 version or more, for 0 days or more",
            )


@dataclass(frozen=True, slots=True)
class PlannedSet:
    """An asset set, or all that belongs to every set (`asset_set` is `None`); whether it goes, and
    why, or why not. `revision` is what the version was when this was planned."""

    package: Package
    version: str
    revision: str
    asset_set: str | None
    assets: tuple[Asset, ...]
    removed: bool
    reason: str

    @property
    def size(self) -> int:
        return sum(one.size for one in self.assets)

    def to_dict(self) -> dict[str, Any]:
        """What people and programs need of it, ready for JSON."""
        return {
            "format": str(self.package.format),
            "package": str(self.package),
            "version": self.version,
            "revision": self.revision,
            "asset_set": self.asset_set,
            "assets": [one.name for one in self.assets],
            "size": self.size,
            "removed": self.removed,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class PackagePlan:
    """What rules remove and keep of one repository, at a moment."""

    repository: str
    at: datetime
    rules: PackageRetention
    sets: tuple[PlannedSet, ...]

    @property
    def removed(self) -> tuple[PlannedSet, ...]:
        return tuple(one for one in self.sets if one.removed)

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "repository": self.repository,
            "at": self.at.isoformat(),
            "sets": [one.to_dict() for one in self.sets],
        }


def plan_retention(
    repository: str, revisions: Sequence[Revision], rules: PackageRetention, *, now: datetime
) -> PackagePlan:
    """Decide on the newest revisions of any number of packages."""
    packages: dict[Package, list[Revision]] = {}
    for one in revisions:
        packages.setdefault(one.package, []).append(one)
    planned = [
        found
        for package in sorted(packages)
        for place, revision in enumerate(_newest_first(package, packages[package]))
        for found in _plan_version(revision, rules, place=place, now=now)
    ]
    return PackagePlan(repository, now, rules, tuple(planned))


def _newest_first(package: Package, revisions: Sequence[Revision]) -> list[Revision]:
    alive = [one for one in revisions if one.state.assets]
    if package.format is PackageFormat.PYPI:
        return sorted(alive, key=lambda one: Version(one.version), reverse=True)
    return sorted(alive, key=lambda one: min(a.uploaded_at for a in one.state.assets), reverse=True)


def _plan_version(
    revision: Revision, rules: PackageRetention, *, place: int, now: datetime
) -> list[PlannedSet]:
    state = revision.state
    whole = rules.keep_versions is not None and place >= rules.keep_versions
    young = _young(now, rules)
    if whole and not any(young(one) for one in state.assets):
        names = sorted({one.asset_set for one in state.assets}, key=lambda one: one or "")
        reason = _newer(place, "version")
        return [_planned(revision, one, removed=True, reason=reason) for one in names]
    order = sorted(
        (one.name for one in state.sets),
        key=lambda one: set_order(revision.package.format, state, one),
        reverse=True,
    )
    return [
        _planned(revision, name, removed=reason is None, reason=reason or _newer(at, "set"))
        for at, name in enumerate(order)
        for reason in [_kept_because(revision, name, rules, place=at, young=young)]
    ]


def _kept_because(
    revision: Revision,
    name: str,
    rules: PackageRetention,
    *,
    place: int,
    young: Callable[[Asset], bool],
) -> str | None:
    state = revision.state
    found = state.find_set(name)
    if name == state.active:
        return "active"
    if found is not None and not found.finished:
        return "unfinished"
    if place < rules.keep_sets:
        return f"one of the newest {rules.keep_sets}"
    if any(young(one) for one in state.assets if one.asset_set == name):
        return f"younger than {_age_words(rules)}"
    return None


def _newer(count: int, noun: str) -> str:
    return f"1 {noun} is newer" if count == 1 else f"{count} {noun}s are newer"


def _age_words(rules: PackageRetention) -> str:
    """What counts as young, the grace included."""
    if timedelta(days=rules.older_than_days) <= GRACE:
        return "an hour"
    return f"{rules.older_than_days:g} days"


def _young(now: datetime, rules: PackageRetention) -> Callable[[Asset], bool]:
    border = now - max(timedelta(days=rules.older_than_days), GRACE)
    return lambda asset: datetime.fromisoformat(asset.uploaded_at) > border


def _planned(revision: Revision, name: str | None, *, removed: bool, reason: str) -> PlannedSet:
    return PlannedSet(
        revision.package,
        revision.version,
        revision.revision,
        name,
        tuple(one for one in revision.state.assets if one.asset_set == name),
        removed,
        reason,
    )

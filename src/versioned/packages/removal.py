"""Carrying out a plan of retention, after looking again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from versioned.packages.coordinates import Place
from versioned.packages.errors import PackageConflictError, PackageVersionNotFoundError
from versioned.packages.retention import PackagePlan, PlannedSet
from versioned.packages.revision import Asset, PackageStatus, State
from versioned.packages.room import Room
from versioned.packages.statuses import VersionChanges


@dataclass(frozen=True, slots=True)
class PackageRemoval:
    """What applying a plan removed, and what it spared because the version had changed."""

    plan: PackagePlan
    removed: tuple[PlannedSet, ...]
    spared: tuple[PlannedSet, ...]

    @property
    def freed(self) -> int:
        """In bytes."""
        return sum(one.size for one in self.removed)

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return {
            "repository": self.plan.repository,
            "removed": [one.to_dict() for one in self.removed],
            "spared": [one.to_dict() for one in self.spared],
            "freed": self.freed,
        }


def apply_plan(
    room: Room, plan: PackagePlan, *, message: str | None, by: str | None
) -> PackageRemoval:
    """One version after the other, each in one moment; a version that is not as it was planned
    for is spared whole. Idempotent."""
    removed: list[PlannedSet] = []
    spared: list[PlannedSet] = []
    versions = dict.fromkeys((one.package, one.version) for one in plan.removed)
    for package, version in versions:
        doomed = [one for one in plan.removed if (one.package, one.version) == (package, version)]
        kept = [
            one
            for one in plan.sets
            if not one.removed and (one.package, one.version) == (package, version)
        ]
        changes = VersionChanges(
            room,
            Place(plan.repository, package, version),
            expect=doomed[0].revision,
            by=by,
            message=message,
        )
        try:
            if kept:
                changes.remove(partial(_selected, names=[one.asset_set for one in doomed]))
            else:
                changes.discard(PackageStatus.DELETED)
            removed += doomed
        except (PackageConflictError, PackageVersionNotFoundError):
            spared += doomed
    return PackageRemoval(plan, tuple(removed), tuple(spared))


def _selected(state: State, *, names: Collection[str | None]) -> list[Asset]:
    return [one for one in state.assets if one.asset_set in names]

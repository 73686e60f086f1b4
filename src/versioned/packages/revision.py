"""A state of a package version, and what it consists of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from versioned.packages.build_tag import build_key
from versioned.packages.coordinates import Package, PackageFormat, Place

Action = Literal[
    "publish", "promote", "activate", "status", "yank", "unyank", "deprecate", "remove"
]


REVISION_DIGITS = 16


class PackageStatus(StrEnum):
    """Whether a version can be seen and had. The first five are CodeArtifact's; `DELETED` is what
    a version is that was deleted: nothing is left but the memory of its names."""

    UNFINISHED = "Unfinished"
    PUBLISHED = "Published"
    UNLISTED = "Unlisted"
    ARCHIVED = "Archived"
    DISPOSED = "Disposed"
    DELETED = "Deleted"

    @property
    def has_bytes(self) -> bool:
        """Whether assets of such a version can be read."""
        return self not in {PackageStatus.ARCHIVED, PackageStatus.DISPOSED, PackageStatus.DELETED}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a promoted asset came from: the repository, the revision that was looked at, its name
    there, and the checks whose passing verdicts were required."""

    repository: str
    revision: str
    asset: str
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of a package version; `size` in bytes, `sha256` in hex.

    `asset_set` is `None` where it belongs to every set, as a source distribution does. `beside` is
    the sha256 of what lies beside it: a wheel's METADATA, npm's description of the version.
    `yanked` is the reason, may be empty; `None` where it is not. `generation` is part of its key.
    """

    name: str
    asset_set: str | None
    size: int
    sha256: str
    uploaded_at: str
    generation: int = 0
    beside: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    yanked: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class AssetSet:
    """A complete set of assets, or one that is being filled (`finished` is false)."""

    name: str
    finished: bool
    created_at: str


@dataclass(frozen=True, slots=True)
class State:
    """What a version is: its status, its sets, its assets, and which set is active.

    `withdrawn` remembers the sha256 of what was removed, by slot: a name is never given to other
    bytes. `generation` counts removals, so that a late removal can't hit what came after it.
    """

    status: PackageStatus
    active: str | None = None
    sets: tuple[AssetSet, ...] = ()
    assets: tuple[Asset, ...] = ()
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    generation: int = 0
    deprecated: str | None = None
    about: Mapping[str, str] = field(default_factory=dict)

    def find_set(self, name: str) -> AssetSet | None:
        return next((one for one in self.sets if one.name == name), None)

    def assets_of(self, asset_set: str) -> tuple[Asset, ...]:
        """The assets of a set, with those that belong to every set."""
        return tuple(one for one in self.assets if one.asset_set in {asset_set, None})

    @property
    def active_assets(self) -> tuple[Asset, ...]:
        """What installing gets; empty where no set is finished."""
        if self.active is not None:
            return self.assets_of(self.active)
        return tuple(one for one in self.assets if one.asset_set is None)


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of a version, with who made it, when and why. It is never changed: the newest is
    what the version is now, and each older one can still be named by its `revision`.

    `position` counts the revisions of a version from 1; `digest` is the SHA-256 of its document,
    `previous` that of the one before, empty for the first; `at` is ISO 8601 in UTC by the store's
    clock.
    """

    repository: str
    package: Package
    version: str
    position: int
    digest: str
    state: State
    action: Action
    at: str
    by: str | None
    message: str | None
    identity: str
    previous: str

    @property
    def place(self) -> Place:
        return Place(self.repository, self.package, self.version)

    @property
    def revision(self) -> str:
        """How it is named: its position, and the beginning of its digest."""
        return f"{self.position}-{self.digest[:REVISION_DIGITS]}"

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        found = asdict(self)
        state = found.pop("state")
        package = found.pop("package")
        return {
            "revision": self.revision,
            **found,
            "format": package["format"],
            "namespace": package["namespace"],
            "package": package["name"],
            **state,
        }


def set_order(kind: PackageFormat, state: State, name: str) -> tuple[int, int, str]:
    """What sets of a version are sorted by: builds by their tag, others as they came."""
    if kind is PackageFormat.PYPI:
        number, rest = build_key(name)
        return (0, number, rest)
    names = [one.name for one in state.sets]
    return (names.index(name) if name in names else len(names), 0, name)


def ordered_assets(kind: PackageFormat, state: State) -> list[Asset]:
    """All assets, those of the newest set last; those that belong to every set come first."""

    def order(asset: Asset) -> tuple[tuple[int, int, str], str]:
        if asset.asset_set is None:
            return ((-1, 0, ""), asset.name)
        return (set_order(kind, state, asset.asset_set), asset.name)

    return sorted(state.assets, key=order)

"""Reading the revisions of a version, and adding one. `docs/design/packages.md`.

Each state is an object of its own, created once under the next position; the newest is what the
version is. So a change has one moment, and the history needs nothing else to be kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from packaging.utils import canonicalize_version

from versioned.context import Context
from versioned.errors import ContaminatedError
from versioned.packages import layout
from versioned.packages.changes import NOTHING
from versioned.packages.coordinates import Package, PackageFormat, Place
from versioned.packages.errors import (
    PackageNotFoundError,
    PackageVersionNotFoundError,
    RevisionNotFoundError,
    VersionExistsError,
)
from versioned.packages.revision import PackageStatus, Revision, State
from versioned.packages.revision_codec import decode_revision, position_of_revision
from versioned.steps import Step, or_none
from versioned.stores.base import ListedObject


@dataclass(frozen=True, slots=True)
class Heads:
    """The newest position of each version of a package, as one listing showed them; npm's tags
    are among them, as `layout.DIST_TAGS`."""

    repository: str
    package: Package
    positions: Mapping[str, int]

    def position(self, version: str) -> int:
        """0 where there is no such version."""
        return self.positions.get(version, 0)

    def place(self, version: str) -> Place:
        return Place(self.repository, self.package, version)

    @property
    def versions(self) -> list[str]:
        return [version for version in self.positions if version != layout.DIST_TAGS]


def heads_of(repository: str, package: Package, lines: Sequence[ListedObject]) -> Heads:
    """Raises ContaminatedError."""
    folder = layout.package_folder(repository, package)
    positions: dict[str, int] = {}
    for line in lines:
        version = layout.version_of_key(folder, line.key)
        positions[version] = max(positions.get(version, 0), layout.position_of_key(line.key))
    return Heads(repository, package, positions)


def read_heads(context: Context, repository: str, package: Package) -> Heads:
    """One LIST for each 1000 revisions of the package."""
    folder = layout.package_folder(repository, package)
    return heads_of(repository, package, context.listed(folder))


def read_at(context: Context, place: Place, position: int) -> Revision | None:
    """The revision at a position, `None` where there is none. One request."""
    folder = layout.revisions_folder(place)
    key = layout.revision_key(folder, position)
    found = or_none(lambda: context.read(key))
    return None if found is None else decode_revision(folder, key, found[1])


def read_newest(context: Context, heads: Heads, versions: Sequence[str]) -> list[Revision]:
    """The newest revision of each version. One step."""
    with Step(context.store) as step:
        asked = [
            step.add(partial(read_at, context, heads.place(one), heads.position(one)))
            for one in versions
        ]
    missing = [one for one, found in zip(versions, asked, strict=True) if found.result is None]
    if missing:
        raise ContaminatedError(
            f"a revision of {heads.package} {missing[0]} was listed and is gone",
            hint="something else removed it; restore it from a backup",
        )
    return [found.result for found in asked if found.result is not None]


def refuse_other_spelling(context: Context, heads: Heads, version: str) -> None:
    """Installers take `1.0` for `1.0.0`, and one's builds for the other's. No request where there
    is only one of them; two that come at the same moment are not noticed. Raises
    VersionExistsError."""
    if heads.package.format is not PackageFormat.PYPI:
        return
    meant = canonicalize_version(version)
    others = [v for v in heads.versions if v != version and canonicalize_version(v) == meant]
    for found in read_newest(context, heads, others):
        if found.state.status is not PackageStatus.DELETED:
            raise VersionExistsError(
                f"{found.place} is there already, which is the same version as {version}",
                hint="keep to one spelling; installers can't tell them apart",
            )


def newest_revision(context: Context, place: Place) -> Revision | None:
    """The newest revision, also of a version that was deleted; `None` without any. Two steps."""
    folder = layout.revisions_folder(place)
    lines = context.listed(folder, limit=1)
    if not lines:
        return None
    return read_at(context, place, layout.position_of_key(lines[0].key))


def find_revision(context: Context, place: Place, revision: str | None) -> Revision:
    """A revision by its name, or the newest. One or two steps.

    Raises PackageVersionNotFoundError, RevisionNotFoundError.
    """
    if revision is None:
        newest = newest_revision(context, place)
        if newest is None or newest.state.status is PackageStatus.DELETED:
            raise no_such_version(place)
        return newest
    position = position_of_revision(revision)
    found = position and read_at(context, place, position)
    if not found or found.revision != revision:
        raise RevisionNotFoundError(
            f"{place} has no revision {revision!r:.60}",
            hint=f"versioned packages history {place.reference}",
        )
    return found


def list_revisions(context: Context, place: Place) -> list[Revision]:
    """All revisions, newest first. Raises PackageVersionNotFoundError."""
    folder = layout.revisions_folder(place)
    lines = context.listed(folder)
    if not lines:
        raise no_such_version(place)
    with Step(context.store) as step:
        raws = [step.add(partial(context.read, line.key)) for line in lines]
    return [
        decode_revision(folder, line.key, raw.result[1])
        for line, raw in zip(lines, raws, strict=True)
    ]


def state_of(revision: Revision | None) -> State:
    """The state of what may never have been published."""
    return NOTHING if revision is None else revision.state


def no_such_version(place: Place) -> PackageVersionNotFoundError:
    where = place.reference.rpartition("@")[0]
    return PackageVersionNotFoundError(
        f"{place.repository} has no version {place.version} of {place.package}",
        hint=f"versioned packages ls {where} shows which it has",
    )


def no_such_package(repository: str, package: Package) -> PackageNotFoundError:
    return PackageNotFoundError(
        f"{repository} has no package {package}",
        hint=f"versioned packages ls {repository} shows which it has",
    )

"""Finding what crashes left behind, and removing it while others publish.

An orphan may be about to be published: by somebody who is slow, or who repeats what died. So a
version whose next asset could lie where an orphan lies gets a new revision first, with the next
generation; whoever looked at it before loses the race, looks again and stores the bytes anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from versioned.context import UPLOAD_LEASE
from versioned.packages import layout
from versioned.packages.assets import keys_of
from versioned.packages.committing import change
from versioned.packages.coordinates import Package, PackageFormat, Place
from versioned.packages.history import newest_revision, state_of
from versioned.packages.revision import Revision, State
from versioned.packages.room import Room
from versioned.steps import gathered

_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class _Orphans:
    """Files of a version that its newest revision does not have; the highest generation."""

    place: Place
    keys: frozenset[str]
    generation: int


def find_orphans(room: Room, repository: str, *, mend: bool) -> list[str]:
    """What no version has and is older than a day: files by key, and what the store tells of
    uploads that were cut off. With `mend` it is removed. Raises PackageConflictError."""
    calls = [
        partial(_of_package, room, repository, layout.package_of_part(kind, part))
        for kind in PackageFormat
        for part in room.context.store.list_folders(layout.all_files_folder(repository, kind))
    ]
    found = [one for each in gathered(room.context.store, calls, at_once=_AT_ONCE) for one in each]
    notes = [
        key for kind in PackageFormat for key in _old(room, layout.uploads_folder(repository, kind))
    ]
    if mend:
        doomed = [key for one in found for key in _freed(room, one)]
        room.context.store.delete_many([*doomed, *notes])
    cut = room.context.store.sweep(f"{repository}/", older_than=UPLOAD_LEASE, mend=mend)
    return [*sorted(key for one in found for key in one.keys), *notes, *cut]


def _of_package(room: Room, repository: str, package: Package) -> list[_Orphans]:
    folder = layout.files_folder(repository, package)
    versions: dict[str, dict[str, int]] = {}
    for key in _old(room, folder):
        file = layout.file_of_key(folder, key)
        if file is not None:
            versions.setdefault(file[0], {})[key] = file[1]
    return [
        found
        for version, keys in versions.items()
        for found in _of_version(room, Place(repository, package, version), keys)
    ]


def _of_version(room: Room, place: Place, keys: dict[str, int]) -> list[_Orphans]:
    newest = newest_revision(room.context, place)
    orphans = frozenset(keys) - _kept(newest)
    if not orphans:
        return []
    return [_Orphans(place, orphans, max(keys[one] for one in orphans))]


def _freed(room: Room, orphans: _Orphans) -> Collection[str]:
    """Those that nobody can publish any more, and that no page shows any more."""

    def fence(before: Revision | None) -> State:
        state = state_of(before)
        if before is not None and state.generation > orphans.generation:
            return state
        return replace(state, generation=orphans.generation + 1)

    message = "bytes that no version has are removed"
    done = change(room, orphans.place, fence, action="remove", by=None, message=message)
    return orphans.keys - _kept(done.revision)


def _kept(newest: Revision | None) -> set[str]:
    return set() if newest is None else keys_of(newest.place, newest.state.assets)


def _old(room: Room, folder: str) -> list[str]:
    """Nothing younger than a day, which may be on its way."""
    border = room.context.store.now() - timedelta(seconds=UPLOAD_LEASE)
    return [line.key for line in room.context.listed(folder) if line.modified < border]

"""Changing a version: from the state that is seen to the next revision, then to the pages.

Each change is one create-only write under the next position: it happens whole or not at all, and
to the very state that was looked at. Who loses the race looks again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from versioned.context import Context, new_identity, stamp
from versioned.packages import layout
from versioned.packages.coordinates import PackageFormat, Place
from versioned.packages.errors import PackageConflictError
from versioned.packages.history import Heads, heads_of, read_at
from versioned.packages.indexing import look_at_pages, refresh
from versioned.packages.revision import Action, Revision, State
from versioned.packages.revision_codec import decode_revision, encode_revision
from versioned.packages.room import Room
from versioned.packages.simple_pages import file_entries
from versioned.pipelines.fields import check_note
from versioned.steps import Step

_ATTEMPTS = 60


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a change: the newest revision, whether this call made it, and the one before."""

    revision: Revision
    changed: bool
    before: Revision | None


@dataclass(frozen=True, slots=True)
class Author:
    """What is done, by whom and why."""

    action: Action
    by: str | None
    message: str | None


def change(
    room: Room,
    place: Place,
    decide: Callable[[Revision | None], State],
    *,
    action: Action,
    by: str | None,
    message: str | None,
    prepare: Callable[[State], None] = lambda _: None,
) -> Change:
    """Let `decide` say what the version is to be after the newest revision, `prepare` see to it
    that the assets of that state are there, then write it, then its pages.

    `decide` is pure, may be asked several times, and returns the state that it was given where
    nothing is to change. Four steps with pages, and those of `prepare`. Raises what both raise,
    PackageConflictError.
    """
    check_note("message", message)
    check_note("by", by)
    repository, package, version = place.repository, place.package, place.version
    room.repository(repository)
    room.context.capabilities()
    folder = layout.package_folder(repository, package)
    with room.locks.hold(folder):
        for attempt in range(_ATTEMPTS):
            with Step(room.context.store) as step:
                listed = step.add(lambda: room.context.listed(folder))
                seen = look_at_pages(room, step, repository, package)
            heads = heads_of(repository, package, listed.result)
            position = heads.position(version)
            before = read_at(room.context, place, position) if position else None
            state = decide(before)
            if before is not None and state is before.state:
                refresh(room, heads, seen)
                return Change(before, changed=False, before=before)
            prepare(state)
            author = Author(action, by or room.context.actor, message)
            written = _write(room.context, place, state, before, author)
            if written is not None:
                heads = Heads(repository, package, {**heads.positions, version: written.position})
                refresh(room, heads, seen, _known(written))
                return Change(written, changed=True, before=before)
            room.pause(attempt)
    raise PackageConflictError(
        f"{place} is changed by others all the time",
        hint="nothing was changed; repeat it",
    )


def _write(
    context: Context, place: Place, state: State, before: Revision | None, author: Author
) -> Revision | None:
    """The revision, or `None` where another one has this position."""
    position = before.position + 1 if before else 1
    body = encode_revision(
        place,
        state,
        action=author.action,
        position=position,
        previous=before.digest if before else "",
        at=stamp(context.store.now()),
        by=author.by,
        message=author.message,
        identity=new_identity(),
    )
    folder = layout.revisions_folder(place)
    key = layout.revision_key(folder, position)
    if not context.create_once(key, body):
        return None
    return decode_revision(folder, key, body)


def _known(revision: Revision) -> dict[str, object]:
    """The entry of the pages that can be told without asking."""
    if revision.package.format is PackageFormat.PYPI:
        return {revision.version: file_entries(revision)}
    return {}

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
from versioned.packages.history import Heads, read_heads, read_newest, refuse_other_spelling
from versioned.packages.indexing import SeenPages, look_at_pages, refresh
from versioned.packages.packuments import version_entry
from versioned.packages.revision import Action, PackageStatus, Revision, State
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


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A change that is done, and what the pages have to show of it."""

    change: Change
    heads: Heads
    seen: SeenPages | None


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
    nothing is to change. Five steps with pages, and those of `prepare`. Raises what both raise,
    VersionExistsError for a version that is there in another spelling, PackageConflictError,
    PromotionOnlyError for publishing into a repository that has sources.
    """
    check_note("message", message)
    check_note("by", by)
    author = Author(action, by or room.context.actor, message)
    attempt = _Attempt(room, place, decide, prepare, author)
    outcome = attempt.first()
    if outcome is None:
        # Only who lost waits for a turn: storing large assets must not hold up others.
        with room.locks.hold(place):
            outcome = attempt.until_written()
    done = outcome.change
    known = _known(room.context, done.revision) if done.changed else {}
    refresh(room, outcome.heads, outcome.seen, known)
    return done


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One change of one version, to be tried until nobody comes in between."""

    room: Room
    place: Place
    decide: Callable[[Revision | None], State]
    prepare: Callable[[State], None]
    author: Author

    def first(self) -> _Outcome | None:
        """Looks at the pages in the same step, and at what the process has to know at all."""
        room, place = self.room, self.place
        with Step(room.context.store) as step:
            repository = step.add(
                lambda: room.repository(place.repository, lately=self.author.action == "publish")
            )
            step.add(room.context.capabilities)
            listed = step.add(lambda: read_heads(room.context, place.repository, place.package))
            seen = look_at_pages(room, step, place.repository, place.package)
        if self.author.action == "publish":
            repository.result.refuse_publishing()
        return self._write(listed.result, seen)

    def until_written(self) -> _Outcome:
        for attempt in range(_ATTEMPTS):
            heads = read_heads(self.room.context, self.place.repository, self.place.package)
            outcome = self._write(heads, None)
            if outcome is not None:
                return outcome
            self.room.pause(attempt)
        raise PackageConflictError(
            f"{self.place} is changed by others all the time",
            hint="nothing was changed; repeat it",
        )

    def _write(self, heads: Heads, seen: SeenPages | None) -> _Outcome | None:
        """`None` where somebody else changed the version meanwhile."""
        context, version = self.room.context, self.place.version
        there = [version] if heads.position(version) else []
        before = next(iter(read_newest(context, heads, there)), None)
        state = self.decide(before)
        if before is not None and state is before.state:
            return _Outcome(Change(before, changed=False, before=before), heads, seen)
        was = PackageStatus.DELETED if before is None else before.state.status
        if was is PackageStatus.DELETED and state.status is not PackageStatus.DELETED:
            refuse_other_spelling(context, heads, version)
        self.prepare(state)
        written = _write(context, self.place, state, before, self.author)
        if written is None:
            return None
        positions = {**heads.positions, version: written.position}
        after = Heads(heads.repository, heads.package, positions)
        return _Outcome(Change(written, changed=True, before=before), after, seen)


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


def _known(context: Context, revision: Revision) -> dict[str, object]:
    """The entry of the pages, without asking for the revision again."""
    if revision.package.format is PackageFormat.PYPI:
        return {revision.version: file_entries(revision)}
    if revision.package.format is PackageFormat.NPM:
        return {revision.version: version_entry(context, revision)}
    return {}

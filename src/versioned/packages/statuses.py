"""What is done to a version as a whole, or to some of its assets, without adding any."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from versioned.errors import InvalidInputError
from versioned.packages.assets import keys_of
from versioned.packages.committing import Change, change
from versioned.packages.coordinates import Place
from versioned.packages.errors import PackageConflictError
from versioned.packages.history import list_revisions, no_such_version
from versioned.packages.revision import Action, Asset, PackageStatus, Revision, State
from versioned.packages.room import Room
from versioned.packages.standing import (
    activate,
    deprecate,
    discard,
    refuse_unknown,
    remove,
    set_status,
    yank,
)
from versioned.pipelines.fields import check_note


class VersionChanges:
    """Changes of one version of a package in one repository. Each is one moment, and idempotent;
    all raise PackageVersionNotFoundError, PackageConflictError."""

    def __init__(
        self,
        room: Room,
        place: Place,
        *,
        expect: str | None = None,
        by: str | None,
        message: str | None,
    ) -> None:
        self._room = room
        self._place = place
        self._by, self._message = by, message
        self._expect = expect

    def activate(self, asset_set: str) -> Change:
        return self._change("activate", lambda state: activate(state, asset_set))

    def set_status(self, status: PackageStatus) -> Change:
        return self._change("status", lambda state: set_status(state, status))

    def yank(self, names: Collection[str] | None, reason: str | None) -> Change:
        check_reason("reason", reason)
        action: Action = "unyank" if reason is None else "yank"
        return self._change(action, lambda state: yank(state, names, reason))

    def deprecate(self, message: str | None) -> Change:
        check_reason("message", message)
        return self._change("deprecate", lambda state: deprecate(state, message))

    def discard(self, status: PackageStatus) -> Change:
        """Take all assets out, for good; then their bytes go. What is deleted can be deleted
        again, which changes nothing."""
        kind = self._place.package.format
        return self._removing(
            lambda state: discard(kind, state, status), deleted=status is PackageStatus.DELETED
        )

    def remove(self, select: Callable[[State], Collection[Asset]]) -> Change:
        """Take some assets out, for good; then their bytes go."""
        kind = self._place.package.format
        return self._removing(lambda state: remove(kind, state, select(state)))

    def remove_named(self, names: Collection[str]) -> Change:
        """Names of what is removed already are passed over. Raises AssetNotFoundError."""

        def select(state: State) -> list[Asset]:
            removed = {place.rpartition("/")[2] for place in state.withdrawn}
            refuse_unknown(state, set(names) - removed)
            return [one for one in state.assets if one.name in names]

        return self.remove(select)

    def _removing(self, decide: Callable[[State], State], *, deleted: bool = False) -> Change:
        """Where nothing is to be removed, somebody may have died before the bytes went."""
        done = self._change("remove", decide, deleted=deleted)
        if done.changed and done.before is not None:
            former = [done.before]
        else:
            former = list_revisions(self._room.context, self._place)
        remove_bytes(self._room, former, done.revision)
        return done

    def _change(
        self, action: Action, decide: Callable[[State], State], *, deleted: bool = False
    ) -> Change:
        """With `deleted` also of a version that is deleted already."""

        def decided(before: Revision | None) -> State:
            if before is None or (before.state.status is PackageStatus.DELETED and not deleted):
                raise no_such_version(self._place)
            refuse_unexpected(before, self._expect)
            return decide(before.state)

        return change(
            self._room,
            self._place,
            decided,
            action=action,
            by=self._by,
            message=self._message,
        )


def check_reason(kind: str, text: str | None) -> None:
    """Pages show it, so it has to be text that they can hold. Raises InvalidInputError."""
    check_note(kind, text)
    if text is not None and not "".join(text.split()).isprintable():
        raise InvalidInputError(
            f"the {kind} has characters that can't be shown", hint="leave control characters out"
        )


def refuse_unexpected(found: Revision, expect: str | None) -> None:
    """Raises PackageConflictError where the newest revision is not the one that was looked at."""
    if expect is not None and found.revision != expect:
        raise PackageConflictError(
            f"{found.place} is at revision {found.revision}, expected was {expect}",
            hint="somebody changed it; look at it again",
        )


def remove_bytes(room: Room, former: Sequence[Revision], after: Revision) -> None:
    """Remove what former revisions needed and this one does not. After the pages were changed;
    whoever publishes the same bytes from now on stores them under another key. What later
    revisions have is none of its business."""
    kept = keys_of(after.place, after.state.assets)
    doomed = {
        key
        for one in former
        if one.position < after.position
        for key in keys_of(one.place, one.state.assets)
    } - kept
    if doomed:
        room.context.store.delete_many(sorted(doomed))

"""What is done to a version as a whole, or to some of its assets, without adding any."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from versioned.packages import layout
from versioned.packages.assets import key_of
from versioned.packages.changes import (
    activate,
    deprecate,
    discard,
    refuse_unknown,
    remove,
    set_status,
    yank,
)
from versioned.packages.committing import Change, change
from versioned.packages.coordinates import Place
from versioned.packages.errors import PackageConflictError
from versioned.packages.history import no_such_version
from versioned.packages.revision import Action, Asset, PackageStatus, Revision, State
from versioned.packages.room import Room


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
        action: Action = "unyank" if reason is None else "yank"
        return self._change(action, lambda state: yank(state, names, reason))

    def deprecate(self, message: str | None) -> Change:
        return self._change("deprecate", lambda state: deprecate(state, message))

    def discard(self, status: PackageStatus) -> Change:
        """Take all assets out, for good; then their bytes go."""
        kind = self._place.package.format
        return self._removing(lambda state: discard(kind, state, status))

    def remove(self, select: Callable[[State], Collection[Asset]]) -> Change:
        """Take some assets out, for good; then their bytes go."""
        kind = self._place.package.format
        return self._removing(lambda state: remove(kind, state, select(state)))

    def remove_named(self, names: Collection[str]) -> Change:
        """Raises AssetNotFoundError."""

        def select(state: State) -> list[Asset]:
            refuse_unknown(state, names)
            return [one for one in state.assets if one.name in names]

        return self.remove(select)

    def _removing(self, decide: Callable[[State], State]) -> Change:
        done = self._change("remove", decide)
        if done.changed and done.before is not None:
            remove_bytes(self._room, done.before, done.revision)
        return done

    def _change(self, action: Action, decide: Callable[[State], State]) -> Change:
        def decided(before: Revision | None) -> State:
            if before is None or before.state.status is PackageStatus.DELETED:
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


def refuse_unexpected(found: Revision, expect: str | None) -> None:
    """Raises PackageConflictError where the newest revision is not the one that was looked at."""
    if expect is not None and found.revision != expect:
        raise PackageConflictError(
            f"{found.place} is at revision {found.revision}, expected was {expect}",
            hint="somebody changed it; look at it again",
        )


def remove_bytes(room: Room, before: Revision, after: Revision) -> None:
    """Remove what one revision needed and the next does not. After the pages were changed; whoever
    publishes the same bytes from now on stores them under another key."""
    kept = {key_of(after.place, one) for one in after.state.assets}
    doomed = [key for one in before.state.assets if (key := key_of(before.place, one)) not in kept]
    if doomed:
        beside = partial(layout.beside_key, before.package.format)
        room.context.store.delete_many([*doomed, *map(beside, doomed)])

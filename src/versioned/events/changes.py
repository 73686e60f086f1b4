"""Numbered changes of an alias, and which of them are still to be told. Pure: no I/O.

The ledger entry at position p is change p; the current state, which is not in the ledger yet,
is the one after the newest entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from versioned.alias_records import HeldAlias
from versioned.events.cursor import Mark
from versioned.ledger_records import entry_of
from versioned.models import LedgerEntry


@dataclass(frozen=True, slots=True)
class Recorded:
    """A ledger entry as it was read: `previous` is its link, `digest` the SHA-256 of its body."""

    entry: LedgerEntry
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an alias with its number. `revision` is the ETag of the alias where this
    is its current state, else empty; `digest` is empty where it has no ledger entry yet."""

    position: int
    previous: str
    entry: LedgerEntry
    revision: str = ""
    digest: str = ""

    @property
    def mark(self) -> Mark:
        """What a hook knows that was told of this change."""
        return Mark(self.position, self.entry.identity, self.previous, self.revision)


def number_changes(entries: Mapping[int, Recorded], held: HeldAlias | None) -> list[Change]:
    """Changes in their order, from ledger entries by position and the current state.

    A state that was marked for its deletion is no change. One that is recorded already, by a
    writer that died before replacing it, has the number of its entry.
    """
    revisions = {held.identity: held.alias.revision} if held else {}
    found = [
        Change(
            position,
            recorded.previous,
            recorded.entry,
            revisions.get(recorded.entry.identity, ""),
            recorded.digest,
        )
        for position, recorded in sorted(entries.items())
    ]
    marked = held is not None and held.event is not None and held.event.deleting
    if held is None or marked or any(change.revision for change in found):
        return found
    newest = max(entries, default=0)
    link = entries[newest].digest if newest else ""
    return [*found, Change(newest + 1, link, entry_of(held), held.alias.revision)]


def untold(changes: Sequence[Change], mark: Mark) -> list[Change] | None:
    """The changes that come after what a mark knows; `None` where it knows another history,
    of an artifact that was purged and begun again.

    `changes` begin at the latest with the one before the marked one. A marked change that is no
    longer what it was, because another tool wrote over it past the ledger, is told anew.
    """
    by_position = {change.position: change for change in changes}
    marked = by_position.get(mark.position)
    if marked is None:
        newest = max(by_position, default=0)
        if newest < mark.position:
            return [] if newest == 0 or _leads_to(by_position[newest], mark) else None
    elif marked.entry.identity != mark.identity:
        if marked.previous != mark.previous:
            return None
        return [c for c in changes if c.position >= mark.position and not _is(c, mark)]
    return [change for change in changes if change.position > mark.position]


def _leads_to(newest: Change, mark: Mark) -> bool:
    return newest.position == mark.position - 1 and newest.digest == mark.previous


def _is(change: Change, mark: Mark) -> bool:
    return change.entry.identity == mark.identity


def newer(changes: Sequence[Change], since: datetime) -> list[Change]:
    """The changes after the last one that was made before a time."""
    older = [i for i, c in enumerate(changes) if datetime.fromisoformat(c.entry.at) < since]
    return list(changes[older[-1] + 1 :] if older else changes)

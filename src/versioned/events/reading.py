"""What lies in the store that a hook may have to be told: one listing, then only what is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from versioned import layout, naming
from versioned.alias_records import HeldAlias
from versioned.aliases import read_key
from versioned.context import Context
from versioned.documents import parse
from versioned.errors import ContaminatedError
from versioned.events.changes import Change, Recorded, number_changes
from versioned.events.cursor import Cursor, Mark
from versioned.ledger import version_uri
from versioned.ledger_records import decode_entry, digest
from versioned.steps import Pending, Step, or_none
from versioned.stores.base import ListedObject
from versioned.versions import listed_versions

T = TypeVar("T")

_NEWEST = 3
"""LATEST and the two newest versions: one more than an ordinary delivery tells."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One artifact as listings show it.

    `versions` are the newest numbers with their objects, newest first, `all_versions` tells whether
    there are no others. `aliases` are the files of aliases by name; `ledgers` the times of entries
    by alias and position.
    """

    name: str
    versions: tuple[tuple[int, ListedObject], ...]
    all_versions: bool
    aliases: Mapping[str, ListedObject]
    ledgers: Mapping[str, Mapping[int, datetime]]

    def newest(self, alias: str) -> int:
        """The newest position of an alias's ledger, 0 without one."""
        return max(self.ledgers.get(alias, ()), default=0)

    def revision(self, alias: str) -> str:
        """The ETag of an alias, empty where it is not there."""
        return self.aliases[alias].etag if alias in self.aliases else ""

    def is_quiet(self, cursor: Cursor) -> bool:
        """Whether nothing happened to the artifact since a cursor was written."""
        marks = {alias: cursor.aliases.get(alias, Mark()) for alias in self.alias_names}
        return self.newest_version == (
            cursor.published.position,
            cursor.published.revision,
        ) and all(self.is_told(alias, mark) for alias, mark in marks.items())

    @property
    def alias_names(self) -> list[str]:
        """Aliases that are there, and those that only have a past."""
        return sorted({*self.aliases, *self.ledgers})

    @property
    def newest_version(self) -> tuple[int, str]:
        """The highest number and its ETag; 0 and empty without one."""
        return (self.versions[0][0], self.versions[0][1].etag) if self.versions else (0, "")

    def is_told(self, alias: str, mark: Mark) -> bool:
        """Whether nothing happened to an alias since a mark was set."""
        return mark.revision == self.revision(alias) and self.newest(alias) <= mark.position

    def first_since(self, alias: str, since: datetime) -> int:
        """A position before which nothing is as new as `since`: an entry is written when the
        state that it records is replaced, so it is never older than that state."""
        written = self.ledgers.get(alias, {})
        return min((p for p, at in written.items() if at >= since), default=self.newest(alias)) - 1


def ask_listing(step: Step, context: Context, name: str) -> Callable[[], Listing]:
    """Add the three listings of an artifact to a step, with one more request for each 1000 ledger
    entries; what they say when the step has run, or ContaminatedError."""
    versions = step.add(partial(_or_fault, partial(listed_versions, context, name, limit=_NEWEST)))
    aliases = step.add(partial(context.listed, layout.aliases_folder(name)))
    ledgers = step.add(partial(context.listed, layout.ledgers_folder(name)))

    def listing() -> Listing:
        found = versions.result
        if isinstance(found, ContaminatedError):
            raise found
        positions: dict[str, dict[int, datetime]] = {}
        for line in ledgers.result:
            alias = line.key.split("/")[2]
            positions.setdefault(alias, {})[layout.position_of_ledger_key(line.key)] = line.modified
        return Listing(
            name=name,
            versions=numbered(found),
            all_versions=len(found) < _NEWEST,
            aliases={layout.alias_of_key(line.key): line for line in aliases.result},
            ledgers=positions,
        )

    return listing


def numbered(found: Sequence[tuple[str, ListedObject]]) -> tuple[tuple[int, ListedObject], ...]:
    """The published versions of a listing by number."""
    return tuple((int(v), line) for v, line in found if v != naming.LATEST_VERSION)


class Reader:
    """Reads changes of one artifact, each alias once for all hooks."""

    def __init__(self, context: Context, listing: Listing) -> None:
        self.context = context
        self.listing = listing
        self._starts: dict[str, int] = {}
        self._found: dict[str, list[Change] | ContaminatedError] = {}

    def load(self, starts: Mapping[str, int]) -> None:
        """Read aliases, each from a position on and its newest entry in any case. One step; a
        second one for an alias that has moved on since it was listed."""
        wanted = {a: p for a, p in starts.items() if p < self._starts.get(a, p + 1)}
        if wanted:
            with Step(self.context.store) as step:
                reads = {alias: _Read(self, step, alias, p) for alias, p in wanted.items()}
            self._starts |= wanted
            self._found |= {alias: read.finish() for alias, read in reads.items()}

    def changes(self, alias: str) -> list[Change]:
        """What was read of an alias, oldest first. Raises ContaminatedError."""
        found = self._found[alias]
        if isinstance(found, ContaminatedError):
            raise found
        return found


class _Read:
    """One alias being read in a step."""

    def __init__(self, reader: Reader, step: Step, alias: str, start: int) -> None:
        self.context, self.name, self.alias = reader.context, reader.listing.name, alias
        self.newest = reader.listing.newest(alias)
        self.entries: dict[int, Pending[Recorded | ContaminatedError | None]] = {}
        self.ask(step, max(1, min(start, self.newest)), self.newest)
        line = reader.listing.aliases.get(alias)
        self.held = step.add(partial(_or_fault, partial(self.read_state, line))) if line else None

    def ask(self, step: Step, first: int, last: int) -> None:
        for position in range(first, last + 1):
            key = layout.ledger_key(self.name, self.alias, position)
            call = partial(or_none, partial(_entry, self.context, self.name, key))
            self.entries[position] = step.add(partial(_or_fault, call))

    def read_state(self, line: ListedObject) -> HeldAlias | None:
        return read_key(self.context, self.name, self.alias, line.key)

    def finish(self) -> list[Change] | ContaminatedError:
        held = self.held.result if self.held else None
        if isinstance(held, HeldAlias) and held.event and held.event.position > self.newest:
            with Step(self.context.store) as step:
                self.ask(step, self.newest + 1, held.event.position)
        results = {position: entry.result for position, entry in self.entries.items()}
        if isinstance(held, ContaminatedError):
            return held
        for result in results.values():
            if isinstance(result, ContaminatedError):
                return result
        return number_changes({p: r for p, r in results.items() if isinstance(r, Recorded)}, held)


def _or_fault(call: Callable[[], T]) -> T | ContaminatedError:
    """A damaged alias must not keep a step from reading the others."""
    try:
        return call()
    except ContaminatedError as error:
        return error


def _entry(context: Context, name: str, key: str) -> Recorded:
    raw = context.read(key)[1]
    entry = decode_entry(key, raw, partial(version_uri, context, name))
    return Recorded(entry, parse(key, raw).text("previous"), digest(raw))

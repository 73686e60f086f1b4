"""What is still to be told to one hook of one artifact: its versions, and each of its aliases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from versioned.errors import ContaminatedError, VersionedError
from versioned.events.changes import Change, newer, untold
from versioned.events.cursor import Cursor, Mark
from versioned.events.event import Event, alias_event, version_event, version_id
from versioned.events.published import list_numbers, newest_claim, read_published
from versioned.events.reading import Reader
from versioned.stores.base import ListedObject


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is to be told, and the mark to set when it was."""

    event: Event
    mark: Mark


@dataclass(frozen=True, slots=True)
class Stream:
    """Changes that are told in their order: of one alias, or for `None` the published versions.

    `begin` is a mark to set before all, where the hook had none that counts. `fault` is set
    where the store holds something that can't be read.
    """

    alias: str | None
    waiting: tuple[Waiting, ...] = ()
    begin: Mark | None = None
    fault: VersionedError | None = None


Since = Callable[[], datetime]
"""From when on a hook is told; only asked where a mark does not tell."""


def find_streams(reader: Reader, cursor: Cursor | None, since: Since) -> list[Stream]:
    """The streams of an artifact in which something waits or a mark is to be set.

    No request where nothing changed since the cursor was written. Reading errors that concern
    one stream are in that stream.
    """
    streams = [_version_stream(reader, cursor, since), *_alias_streams(reader, cursor, since)]
    return [s for s in streams if s.waiting or s.fault or s.begin is not None]


def _alias_streams(reader: Reader, cursor: Cursor | None, since: Since) -> list[Stream]:
    listing = reader.listing
    names = listing.alias_names
    if cursor is None:
        moment = since()
        reader.load({alias: listing.first_since(alias, moment) for alias in names})
        return [_alias_stream(reader, alias, None, since) for alias in names]
    marks = {alias: cursor.aliases.get(alias, Mark()) for alias in names}
    moved = {a: mark for a, mark in marks.items() if not listing.is_told(a, mark)}
    reader.load({alias: mark.position - 1 for alias, mark in moved.items()})
    return [_alias_stream(reader, alias, mark, since) for alias, mark in moved.items()]


def _alias_stream(reader: Reader, alias: str, mark: Mark | None, since: Since) -> Stream:
    try:
        begin = None
        left = untold(reader.changes(alias), mark) if mark else None
        if left is None:
            moment = since()
            reader.load({alias: reader.listing.first_since(alias, moment)})
            left = newer(reader.changes(alias), moment)
            begin = _mark_before(reader.changes(alias), left)
        return Stream(alias, tuple(_waiting(reader, alias, change) for change in left), begin)
    except ContaminatedError as error:
        return Stream(alias, fault=error)


def _mark_before(changes: list[Change], left: list[Change]) -> Mark:
    older = changes[: len(changes) - len(left)]
    return older[-1].mark if older else Mark()


def _waiting(reader: Reader, alias: str, change: Change) -> Waiting:
    entries = {c.position: c.entry for c in reader.changes(alias)}
    source = reader.context.store.uri("")
    before = entries.get(change.position - 1)
    return Waiting(alias_event(source, change.position, change.entry, before), change.mark)


def _version_stream(reader: Reader, cursor: Cursor | None, since: Since) -> Stream:
    try:
        stream = _known_versions(reader, cursor.published) if cursor else None
        return stream or _versions_since(reader, since())
    except ContaminatedError as error:
        return Stream(None, fault=error)


def _known_versions(reader: Reader, mark: Mark) -> Stream | None:
    """`None` where the mark is of another history."""
    listing = reader.listing
    newest, revision = listing.newest_version
    if (newest, revision) == (mark.position, mark.revision):
        return Stream(None)
    if newest < mark.position:
        taken = newest_claim(reader.context, listing.name)
        return Stream(None) if taken >= mark.position else None
    listed = list_numbers(reader.context, listing, newest - mark.position + 1)
    found = _read_versions(reader, [n for n, _ in listed if n >= mark.position])
    for waiting in found:
        told = waiting.mark.position == mark.position
        if told and mark.identity and waiting.mark.identity != mark.identity:
            return None
    return Stream(None, tuple(w for w in found if w.mark.position > mark.position))


def _versions_since(reader: Reader, since: datetime) -> Stream:
    listed = list_numbers(reader.context, reader.listing, len(reader.listing.versions))
    older = _older(listed, since)
    if older is None:
        listed = list_numbers(reader.context, reader.listing, None)
        older = _older(listed, since)
    begin = older or Mark()
    found = _read_versions(reader, [n for n, _ in listed if n > begin.position])
    return Stream(None, tuple(found), begin)


def _older(listed: Sequence[tuple[int, ListedObject]], since: datetime) -> Mark | None:
    """The mark of the newest version that was published before a time."""
    marks = (Mark(n, revision=line.etag) for n, line in listed if line.modified < since)
    return next(marks, None)


def _read_versions(reader: Reader, numbers: list[int]) -> list[Waiting]:
    source = reader.context.store.uri("")
    found = read_published(reader.context, reader.listing.name, sorted(numbers))
    return [
        Waiting(
            version_event(source, p.artifact, p.by),
            Mark(int(p.artifact.version), version_id(p.artifact), revision=p.artifact.etag),
        )
        for p in found
    ]

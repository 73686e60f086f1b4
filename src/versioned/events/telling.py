"""Telling one hook: each event is sent first, then the cursor moves, by compare-and-set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from versioned import layout
from versioned.context import LEASE, Context, stamp
from versioned.errors import (
    ContaminatedError,
    DeliveryError,
    PreconditionFailedError,
    VersionedError,
)
from versioned.events.cursor import (
    Cursor,
    Mark,
    decode_cursor,
    decode_since,
    encode_cursor,
    encode_since,
)
from versioned.events.event import Event
from versioned.events.hook import Hook
from versioned.events.reading import Reader
from versioned.events.streams import Stream, find_streams
from versioned.steps import or_none

_SLACK = 2.0
"""Seconds by which two answers of one store may disagree about the time, and a bit."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event that a hook has taken."""

    hook: str
    event: Event


@dataclass(frozen=True, slots=True)
class Untold:
    """Changes that a hook has not been told: `subject` is an alias as `app@prod`, or the
    artifact where it is about its versions; X"""

    hook: str
    subject: str
    waiting: int
    error: VersionedError


@dataclass(frozen=True, slots=True)
class HeldCursor:
    """A cursor as it lies in the store; none, and no ETag, where it was never written. One that
    can't be read has an ETag only."""

    cursor: Cursor | None = None
    etag: str | None = None


def read_cursor(context: Context, name: str, hook: str) -> HeldCursor:
    """One request."""
    key = layout.deliveries_key(name, hook)
    found = or_none(lambda: context.read(key))
    return HeldCursor(decode_cursor(key, found[1]), found[0].etag) if found else HeldCursor()


def told_since(context: Context, hook: str) -> datetime | None:
    """From when on a hook is told in this repository; `None` before its first delivery. A time
    that is still to come is none: somebody set the clock back. Raises ContaminatedError."""
    key = layout.hook_key(hook)
    raw = or_none(lambda: context.read(key)[1])
    if raw is None:
        return None
    since = decode_since(key, raw)
    future = context.store.now() + timedelta(seconds=LEASE)
    return since if since < future else datetime.min.replace(tzinfo=since.tzinfo)


@dataclass(slots=True)
class Teller:
    """One hook during one run. After `give_up_after` failures in a row it is not tried again.
    `reach` goes back from the beginning of the run, however late the hook has its turn."""

    context: Context
    hook: Hook
    reach: float
    give_up_after: int
    told: list[Told] = field(default_factory=list)
    untold: dict[str, Untold] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _in_a_row: int = 0
    _since: datetime | None = None
    _why_down: DeliveryError | None = None
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.context.monotonic()

    @property
    def is_down(self) -> bool:
        return self._in_a_row >= self.give_up_after

    def tell(self, reader: Reader, held: HeldCursor) -> bool:
        """Tell what waits in one artifact. False where somebody else moved the cursor meanwhile:
        then look again."""
        name = reader.listing.name
        try:
            streams = find_streams(reader, held.cursor, self.since)
        except ContaminatedError as error:  # that tells since when
            self.fail(name, error)
            return True
        desk = _Desk(self.context, name, self.hook.name, held)
        for stream in streams:
            if stream.begin is not None:
                desk.move(stream.alias, stream.begin)
        try:
            for stream in streams:
                self._tell_stream(desk, stream)
            desk.write()
        except PreconditionFailedError:
            return False
        return True

    def fail(self, subject: str, error: VersionedError, *, waiting: int = 0) -> None:
        """Remember what the hook can't be told."""
        self.untold[subject] = Untold(self.hook.name, subject, waiting, error)

    def since(self) -> datetime:
        """From when on the hook is told; the first time, that is recorded."""
        while self._since is None:
            self._since = told_since(self.context, self.hook.name)
            if self._since is None:
                ago = self.reach + self.context.monotonic() - self._began + _SLACK
                since = self.context.store.now() - timedelta(seconds=ago)
                record = encode_since(self.hook.name, since)
                self.context.create_once(layout.hook_key(self.hook.name), record)
        return self._since

    def _tell_stream(self, desk: _Desk, stream: Stream) -> None:
        subject = desk.name if stream.alias is None else f"{desk.name}@{stream.alias}"
        if stream.fault:
            self.fail(subject, stream.fault)
        for index, waiting in enumerate(stream.waiting):
            event = waiting.event
            if self.hook.wants(event) and event.id not in self._taken:
                error = self._send(event) if subject not in self.untold else None
                if error:
                    self.fail(subject, error, waiting=len(stream.waiting) - index)
                if subject in self.untold:
                    return
                desk.move(stream.alias, waiting.mark)
                desk.write()
            desk.move(stream.alias, waiting.mark)

    def _send(self, event: Event) -> DeliveryError | None:
        """Why the event was not taken; not tried where the hook is down."""
        if self.is_down:
            return self._why_down
        try:
            self.hook.sender.send(event)
        except DeliveryError as error:
            self._in_a_row += 1
            self._why_down = error
            return error
        self._in_a_row = 0
        self._taken.add(event.id)
        self.told.append(Told(self.hook.name, event))
        return None


class _Desk:
    """The cursor of one hook in one artifact, while it is being moved."""

    def __init__(self, context: Context, name: str, hook: str, held: HeldCursor) -> None:
        self.context = context
        self.name = name
        self._hook = hook
        self._cursor = held.cursor or Cursor()
        self._etag = held.etag
        self._moved = False

    def move(self, alias: str | None, mark: Mark) -> None:
        before, self._cursor = self._cursor, self._cursor.moved(alias, mark)
        self._moved = self._moved or before != self._cursor

    def write(self) -> None:
        """Raises PreconditionFailedError where somebody else moved it."""
        if self._moved:
            at = stamp(self.context.store.now())
            body = encode_cursor(self._cursor, hook=self._hook, artifact=self.name, at=at)
            key = layout.deliveries_key(self.name, self._hook)
            absent = self._etag is None
            info = self.context.write(key, body, if_absent=absent, if_match=self._etag)
            self._etag, self._moved = info.etag, False

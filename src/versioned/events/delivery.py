"""Telling hooks what changed: at least once each, from what lies in the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from versioned import naming
from versioned.context import Context
from versioned.errors import ContaminatedError, InvalidHookError, InvalidNameError
from versioned.events.event import Event
from versioned.events.hook import Hook
from versioned.events.reading import Reader, ask_listing
from versioned.events.streams import find_streams
from versioned.events.telling import HeldCursor, Teller, Told, Untold, read_cursor, told_since
from versioned.steps import Step

GIVE_UP_AFTER = 3
REACH = 60.0
_ROUNDS = 5
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What hooks were told in one run, in this order, and what they could not be told."""

    told: tuple[Told, ...]
    untold: tuple[Untold, ...]


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that a hook has not been told yet."""

    hook: str
    event: Event


def deliver(
    context: Context,
    name: str,
    hooks: Sequence[Hook],
    *,
    reach: float = REACH,
    give_up_after: int = GIVE_UP_AFTER,
) -> DeliveryReport:
    """Tell hooks what they have not been told of one artifact.

    At least once: an event is sent first, then the hook's cursor moves; two who deliver at once may
    both send it. The changes of an alias are told in their order; one that can't be told keeps
    the later ones of its alias waiting, and no others. A hook that is new in this repository is
    told what changed from `reach` seconds ago on. After `give_up_after` failures in a row a
    hook is left alone. Four requests in one step where nothing waits, one more for each further
    hook. Raises InvalidHookError for two hooks of one name, InvalidNameError, and the StoreError
    family: then some may have been told.
    """
    naming.validate_artifact_name(name)
    _check_names(hooks)
    tellers = [Teller(context, hook, reach, give_up_after) for hook in hooks]
    _deliver(context, name, tellers)
    return _report(tellers)


def deliver_all(
    context: Context, hooks: Sequence[Hook], *, give_up_after: int = GIVE_UP_AFTER
) -> DeliveryReport:
    """`deliver` for every artifact; a hook that is new here is told what changes from now on.

    One request, and then those of `deliver` for 50 artifacts in one step, where nothing waits.
    """
    _check_names(hooks)
    tellers = [Teller(context, hook, 0.0, give_up_after) for hook in hooks]
    for teller in tellers:
        teller.since()
    for name in _restless(context, hooks):
        _deliver(context, name, tellers)
    return _report(tellers)


def _report(tellers: Sequence[Teller]) -> DeliveryReport:
    return DeliveryReport(
        told=tuple(told for teller in tellers for told in teller.told),
        untold=tuple(untold for teller in tellers for untold in teller.untold.values()),
    )


def pending(context: Context, hooks: Sequence[Hook], name: str | None = None) -> list[PendingEvent]:
    """What hooks have not been told, of one artifact or of all. Nothing is written.

    A hook that was never told anything in this repository has nothing pending: it begins with
    its first delivery. Raises ContaminatedError for what can't be read.
    """
    _check_names(hooks)
    if name is not None:
        naming.validate_artifact_name(name)
    moments = [(hook, told_since(context, hook.name)) for hook in hooks]
    begun = [(hook, since) for hook, since in moments if since is not None]
    names = _restless(context, [hook for hook, _ in begun]) if name is None else [name]
    return [found for one in names for found in _pending_of(context, one, begun)]


def _pending_of(
    context: Context, name: str, begun: Sequence[tuple[Hook, datetime]]
) -> Iterator[PendingEvent]:
    following = [(hook, since) for hook, since in begun if hook.follows(name)]
    reader, cursors = _look(context, name, [hook for hook, _ in following])
    for (hook, since), held in zip(following, cursors, strict=True):
        for stream in find_streams(reader, held.cursor, partial(_known, since)):
            if stream.fault:
                raise stream.fault
            for waiting in stream.waiting:
                if hook.wants(waiting.event):
                    yield PendingEvent(hook.name, waiting.event)


def _known(since: datetime) -> datetime:
    return since


def _check_names(hooks: Sequence[Hook]) -> None:
    names = [hook.name for hook in hooks]
    for name in names:
        if names.count(name) > 1:
            raise InvalidHookError(f"two hooks are named {name!r}", hint="give each its own name")


def _deliver(context: Context, name: str, tellers: Sequence[Teller]) -> None:
    left = [teller for teller in tellers if teller.hook.follows(name)]
    for _ in range(_ROUNDS):
        left = [teller for teller in left if not teller.is_down]
        if not left:
            return
        try:
            reader, cursors = _look(context, name, [teller.hook for teller in left])
        except ContaminatedError as error:
            for teller in left:
                teller.fail(name, error)
            return
        left = [t for t, held in zip(left, cursors, strict=True) if not t.tell(reader, held)]


def _look(context: Context, name: str, hooks: Sequence[Hook]) -> tuple[Reader, list[HeldCursor]]:
    """What lies in the store of one artifact. One step."""
    with Step(context.store) as step:
        listing = ask_listing(step, context, name)
        cursors = [step.add(partial(read_cursor, context, name, hook.name)) for hook in hooks]
    return Reader(context, listing()), [cursor.result for cursor in cursors]


def _restless(context: Context, hooks: Sequence[Hook]) -> Iterator[str]:
    """The artifacts in which anything changed since the hooks were told."""
    names = [name for name in context.store.list_folders() if _is_name(name)]
    for start in range(0, len(names), _AT_ONCE):
        with Step(context.store) as step:
            looks = [_Glance(step, context, n, hooks) for n in names[start : start + _AT_ONCE]]
        yield from (look.name for look in looks if not look.is_quiet)


class _Glance:
    """One of many artifacts that are listed in one step."""

    def __init__(self, step: Step, context: Context, name: str, hooks: Sequence[Hook]) -> None:
        following = [hook.name for hook in hooks if hook.follows(name)]
        self.name = name
        self._listing = ask_listing(step, context, name) if following else None
        self._cursors = [step.add(partial(read_cursor, context, name, h)) for h in following]

    @property
    def is_quiet(self) -> bool:
        if self._listing is None:
            return True
        try:
            listing = self._listing()
        except ContaminatedError:
            return False
        held = [cursor.result.cursor for cursor in self._cursors]
        return all(cursor is not None and listing.is_quiet(cursor) for cursor in held)


def _is_name(name: str) -> bool:
    """Other tools allow names that this package can't make a key of."""
    try:
        naming.validate_artifact_name(name)
    except InvalidNameError:
        return False
    return True

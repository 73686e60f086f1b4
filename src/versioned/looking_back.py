"""What an alias was at a moment, by its ledger. Choosing where to look is pure.

Positions are dense and their times rise, so the entry of a moment is found by narrowing a span,
several entries at a time. Only a clock that was set back while an alias was deleted and made
anew breaks that order; then the answer is one of the states that claim the moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import cast

from versioned import layout, ledger
from versioned.aliases import get_alias, read_held
from versioned.context import Context
from versioned.documents import is_time
from versioned.errors import (
    AliasNotFoundError,
    InputTypeError,
    InvalidInputError,
    LedgerBrokenError,
)
from versioned.ledger_records import decode_entry, entry_of
from versioned.models import Alias, LedgerEntry
from versioned.references import moment_words
from versioned.steps import Step

AT_ONCE = 16
"""Entries that are read in one step."""

_AHEAD = timedelta(seconds=2)
"""A server tells the time in whole seconds, so somebody's now may be a little ahead of its."""


def alias_at(context: Context, name: str, alias: str, moment: datetime | None) -> Alias:
    """The alias as it was at a moment, or as it is. Raises as `state_at`."""
    if moment is None:
        return get_alias(context, name, alias)
    return cast("Alias", state_at(context, name, alias, moment).state)


def state_at(context: Context, name: str, alias: str, moment: datetime) -> LedgerEntry:
    """See `Repository.state_at`.

    One request where the current state held already; else about log17 of the ledger's length
    in steps, of at most 16 requests each.
    """
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InputTypeError(f"{moment!r} is not a moment", hint="pass an aware datetime")
    if not is_time(moment.isoformat()):
        raise InvalidInputError(f"{moment} can't be told in UTC", hint="years 1 to 9999, in UTC")
    held = read_held(context, name, alias)
    now = context.store.now()
    if moment > now + _AHEAD:
        raise InvalidInputError(
            f"{moment_words(moment)} is still to come: it is {moment_words(now)}",
            hint=f"leave the time out for what {name}@{alias} is now",
        )
    current = entry_of(held) if held else None
    if current and current.at_datetime <= moment:
        return current
    newest = ledger.newest_position(context, name, alias)
    found, next_ = _search(context, name, alias, newest, moment)
    if found is None:
        raise _before(name, alias, next_ or current, moment)
    if found.state is None:
        raise _deleted(found, moment)
    return found


def _search(
    context: Context, name: str, alias: str, newest: int, moment: datetime
) -> tuple[LedgerEntry | None, LedgerEntry | None]:
    """The entry of the moment, and the one after it."""
    low, high = 0, newest + 1
    read: dict[int, LedgerEntry] = {}
    wanted = list(range(max(1, high - AT_ONCE), high))  # most ask for what was lately
    while wanted:
        read |= _read(context, name, alias, wanted)
        past = {position: read[position].at_datetime <= moment for position in wanted}
        low, high = narrowed(low, high, past)
        wanted = spread(low, high, AT_ONCE)
    return read.get(low), read.get(high)


def narrowed(low: int, high: int, past: Mapping[int, bool]) -> tuple[int, int]:
    """The span between the newest position that is past, and the next one that was looked at.

    `low` is past and `high` is not, neither being among those that were looked at. Pure.
    """
    low = max([low, *(position for position, is_past in past.items() if is_past)])
    return low, min([high, *(position for position in past if position > low)])


def spread(low: int, high: int, count: int) -> list[int]:
    """At most `count` positions between two, evenly; none where the two are neighbours. Pure."""
    count = min(count, high - low - 1)
    return [low + (high - low) * step // (count + 1) for step in range(1, count + 1)]


def _read(context: Context, name: str, alias: str, positions: list[int]) -> dict[int, LedgerEntry]:
    keys = [layout.ledger_key(name, alias, position) for position in positions]
    with Step(context.store) as step:
        raws = [step.add_optional(partial(context.read, key)) for key in keys]
    uri = partial(ledger.version_uri, context, name)
    found = {}
    for position, key, raw in zip(positions, keys, raws, strict=True):
        entry = decode_entry(key, raw.result[1], uri) if raw.result else None
        if entry is None or (entry.name, entry.alias, entry.position) != (name, alias, position):
            what = "says that it is another entry" if entry else "is missing"
            raise LedgerBrokenError(
                f"{key!r} {what}", hint=f"versioned verify --ledger {name}@{alias}"
            )
        found[position] = entry
    return found


def _before(
    name: str, alias: str, first: LedgerEntry | None, moment: datetime
) -> AliasNotFoundError:
    if first is None:
        return AliasNotFoundError(
            f"artifact {name!r} has no alias {alias!r}", hint=f"see versioned alias ls {name}"
        )
    since = moment_words(first.at_datetime)
    return AliasNotFoundError(
        f"there was no {name}@{alias} at {moment_words(moment)}: its history begins at {since}",
        hint=f"versioned history {name}@{alias} shows all of it",
    )


def _deleted(entry: LedgerEntry, moment: datetime) -> AliasNotFoundError:
    by = f" by {entry.by}" if entry.by else ""
    return AliasNotFoundError(
        f"there was no {entry.name}@{entry.alias} at {moment_words(moment)}: "
        f"it was deleted at {moment_words(entry.at_datetime)}{by}",
        hint=f"versioned history {entry.name}@{entry.alias} shows all of it",
    )

"""The ledger of an alias: superseded states, one create-only object each, linked by hash.

Entries are appended before the state they record is overwritten, so a crash loses nothing; all
who supersede the same state write the same bytes to the same key, so a repeat is harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from versioned import layout
from versioned.alias_records import HeldAlias
from versioned.context import Context, new_identity, stamp
from versioned.errors import ConflictError, ContaminatedError
from versioned.ledger_records import (
    decode_entry,
    digest,
    encode_delete_entry,
    encode_put_entry,
)
from versioned.models import Cause, LedgerEntry
from versioned.steps import Step
from versioned.stores.base import ListedObject


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a ledger ends: its newest position and the SHA-256 of that entry's body."""

    position: int = 0
    previous: str = ""


def newest_position(context: Context, name: str, alias: str) -> int:
    """0 for an empty ledger. One request."""
    listed = _listed(context, name, alias, limit=1)
    return layout.position_of_ledger_key(listed[0].key) if listed else 0


def _listed(
    context: Context, name: str, alias: str, *, limit: int | None = None
) -> list[ListedObject]:
    folder = layout.ledger_folder(name, alias)
    listed = context.listed(folder, limit=limit)
    for line in listed:
        if "/" in line.key.removeprefix(folder):
            raise ContaminatedError(
                f"{line.key!r} is not a ledger entry", hint="move the foreign object away"
            )
    return listed


def read_tip(context: Context, name: str, alias: str, position: int) -> Tip:
    """The end of a ledger whose newest position is known. At most one request."""
    return _read_tip_entry(context, name, alias, position)[0]


def _read_tip_entry(
    context: Context, name: str, alias: str, position: int
) -> tuple[Tip, LedgerEntry | None]:
    """The end of a ledger, and its last entry."""
    if position == 0:
        return Tip(), None
    key = layout.ledger_key(name, alias, position)
    raw = context.read(key)[1]
    return Tip(position, digest(raw)), decode_entry(key, raw, str)


def append_superseded(context: Context, held: HeldAlias, position: int) -> Tip:
    """Record a state that is about to be overwritten; `position` is the ledger's newest.

    One request where nothing unusual happened since that state was written. Raises
    ConflictError where the ledger moved on meanwhile.
    """
    name, alias = held.alias.name, held.alias.alias
    event = held.event
    if event and event.position >= position:
        tip = Tip(event.position, event.previous)  # also where entries behind it were removed
    else:
        tip, newest = _read_tip_entry(context, name, alias, position)
        if _is_recorded(context, held, newest):
            return tip
    body = encode_put_entry(held, tip.position + 1, tip.previous)
    key = layout.ledger_key(name, alias, tip.position + 1)
    if not context.create_once(key, body) and context.read(key)[1] != body:
        raise ConflictError(
            f"the ledger of {name}@{alias} moved on at position {tip.position + 1}",
            hint="look again, and repeat",
        )
    return Tip(tip.position + 1, digest(body))


def _is_recorded(context: Context, held: HeldAlias, newest: LedgerEntry | None) -> bool:
    """Whether a state is recorded already, by somebody who then did not replace it.

    Only late words of a deletion may stand before or behind its entry. Raises ConflictError
    where another state does: then this one was superseded since it was read.
    """
    if newest is None or held.event is None:
        return newest is not None and newest.identity == held.identity
    name, alias, newest_position = newest.name, newest.alias, newest.position or 0
    for position in range(held.event.position + 1, newest_position + 1):
        entry = _read_tip_entry(context, name, alias, position)[1]
        if entry and entry.action == "put":
            if entry.identity == held.identity:
                return True
            raise ConflictError(f"{name}@{alias} moved on", hint="look again, and repeat")
    return False


def append_deletion(
    context: Context,
    name: str,
    alias: str,
    tip: Tip,
    *,
    by: str | None,
    message: str | None,
    cause: Cause | None = None,
) -> None:
    """Record that an alias is gone. Takes the next free position."""
    while True:
        body = encode_delete_entry(
            name,
            alias,
            position=tip.position + 1,
            previous=tip.previous,
            at=stamp(context.store.now()),
            by=by,
            message=message,
            identity=new_identity(),
            cause=cause,
        )
        if context.create_once(layout.ledger_key(name, alias, tip.position + 1), body):
            return
        tip = read_tip(context, name, alias, tip.position + 1)


def read_entries(
    context: Context, name: str, alias: str, *, limit: int | None = None
) -> list[LedgerEntry]:
    """Recorded entries, the newest first. One LIST, then one GET each, all at once."""
    listed = _listed(context, name, alias, limit=limit)
    with Step(context.store) as step:
        raws = [step.add_optional(partial(context.read, line.key)) for line in listed]
    uri = partial(version_uri, context, name)
    found = [(line.key, raw.result) for line, raw in zip(listed, raws, strict=True)]
    return [decode_entry(key, raw[1], uri) for key, raw in found if raw is not None]


def version_uri(context: Context, name: str, version: str) -> str:
    """The address of a version, there or not."""
    return context.store.uri(layout.version_key(name, version, context.suffix))

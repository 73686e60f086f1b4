"""What moving and deleting an alias share: recording, writing under compare-and-set, conflicts."""

from __future__ import annotations

from versioned import layout, ledger
from versioned.alias_records import Event, HeldAlias, encode_alias, event_attributes
from versioned.aliases import read_held
from versioned.context import LEASE, Context
from versioned.errors import (
    AliasConflictError,
    ConflictError,
    OutcomeUnknownError,
    PreconditionFailedError,
)
from versioned.models import Alias
from versioned.stores.base import ObjectInfo
from versioned.targets import target_words


def check_not_deleting(name: str, alias: str, held: HeldAlias | None) -> None:
    """A store without conditional deletes may still get the DELETE of whoever marked it."""
    if held and held.event and held.event.deleting:
        age = (held.served - held.modified).total_seconds()
        if age < LEASE:
            raise AliasConflictError(
                f"alias {name}@{alias} is being deleted since {age:.0f} seconds",
                expected=None,
                found=held.alias,
                hint=f"repeat when it is gone; after {LEASE:.0f} seconds versioned doctor mends it",
            )


def record_superseded(
    context: Context, name: str, alias: str, held: HeldAlias | None, position: int
) -> ledger.Tip:
    if held is None:
        return ledger.read_tip(context, name, alias, position)
    try:
        return ledger.append_superseded(context, held, position)
    except ConflictError:
        raise alias_conflict(name, alias, held.alias, find_state(context, name, alias)) from None


def write_state(context: Context, after: Alias, event: Event, before: Alias | None) -> ObjectInfo:
    """Replace the state that was seen, and no other. Raises AliasConflictError."""
    key = layout.alias_key(after.name, after.alias)
    try:
        return context.write(
            key,
            encode_alias(after),
            attributes=event_attributes(event),
            if_absent=before is None,
            if_match=before.revision if before else None,
        )
    except PreconditionFailedError as error:
        found = find_state(context, after.name, after.alias)
        raise alias_conflict(after.name, after.alias, before, found) from error
    except OutcomeUnknownError:
        written = read_held(context, after.name, after.alias)
        if written is None or written.identity != event.identity:
            raise
        return context.store.head(key)


def find_state(context: Context, name: str, alias: str) -> Alias | None:
    held = read_held(context, name, alias)
    return held.alias if held else None


def alias_conflict(
    name: str, alias: str, expected: Alias | str | None, found: Alias | None
) -> AliasConflictError:
    return AliasConflictError(
        f"alias {name}@{alias} was expected to be {_describe(expected)}, "
        f"but it is {_describe(found)}",
        expected=expected if isinstance(expected, Alias) else None,
        found=found,
        hint="look at its history, then repeat with what you now expect",
    )


def _describe(state: Alias | str | None) -> str:
    if state is None:
        return "absent"
    if isinstance(state, str):
        return state
    return f"version {target_words(state)} ({state.update_at})"

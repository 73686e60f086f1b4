"""Deleting an alias; its ledger stays. `docs/design/aliases.md`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from versioned import layout, ledger
from versioned.alias_changes import (
    alias_conflict,
    check_not_deleting,
    find_state,
    record_superseded,
    write_state,
)
from versioned.alias_records import Event, HeldAlias
from versioned.aliases import read_held
from versioned.context import LEASE, Context, check_text, new_identity, stamp
from versioned.errors import PreconditionFailedError
from versioned.models import Alias, Cause
from versioned.ranks import read_ranks, refuse_rank
from versioned.steps import Step
from versioned.targets import Expectation


def delete_alias(
    context: Context,
    name: str,
    alias: str,
    *,
    expect: Expectation | None = None,
    message: str | None = None,
    by: str | None = None,
    cause: Cause | None = None,
    marked_is_dead: bool = False,
) -> bool:
    """Whether there was an alias to delete. The ledger keeps its last state and the deletion.

    Where the store can't delete under a condition, the alias is first marked by
    compare-and-set, so that no other writer moves it while the DELETE is under way.
    """
    layout.alias_key(name, alias)
    check_text("message", message)
    check_text("by", by)
    started = context.monotonic()
    with Step(context.store) as step:
        looked = step.add(lambda: read_held(context, name, alias))
        position = step.add(lambda: ledger.newest_position(context, name, alias))
        ranks = step.add(lambda: read_ranks(context))
        capabilities = step.add(context.capabilities)
    held = looked.result
    if expect and not expect.holds_for(held.alias if held else None):
        raise alias_conflict(name, alias, expect.state, held.alias if held else None)
    if held is None:
        return False
    if cause is None and not marked_is_dead:
        refuse_rank(name, alias, ranks.result)
    tip = record_superseded(context, name, alias, held, position.result)
    if not capabilities.result.conditional_delete:
        if not marked_is_dead:
            check_not_deleting(name, alias, held)
        held = replace(held, alias=_mark(context, held, tip))
        if context.monotonic() - started > LEASE / 2:
            raise alias_conflict(name, alias, held.alias, find_state(context, name, alias))
    _delete(context, held.alias)
    ledger.append_deletion(
        context, name, alias, tip, by=by or context.actor, message=message, cause=cause
    )
    context.on_change(name)
    return True


def _delete(context: Context, state: Alias) -> None:
    """Remove the file of this very state. Raises AliasConflictError."""
    name, alias = state.name, state.alias
    try:
        context.store.delete(layout.alias_key(name, alias), if_match=state.revision)
    except PreconditionFailedError as error:
        found = find_state(context, name, alias)
        raise alias_conflict(name, alias, state, found) from error


def _mark(context: Context, held: HeldAlias, tip: ledger.Tip) -> Alias:
    """The same state, marked; the other package still reads it as it was."""
    later = max(context.store.now(), held.alias.update_datetime + timedelta(microseconds=1))
    event = Event(
        identity=new_identity(),
        position=tip.position,
        previous=tip.previous,
        deleting=True,
        split=held.alias.split,
    )
    after = replace(held.alias, update_at=stamp(later))
    return replace(after, revision=write_state(context, after, event, held.alias).etag)

"""What people do to a rollout: pause, resume, abort, promote."""

from __future__ import annotations

from contextlib import suppress

from versioned.context import Context, check_text
from versioned.errors import RolloutConflictError
from versioned.rollout_states import Place, Rollout
from versioned.rollouts.decisions import ends_at_once
from versioned.rollouts.moving import (
    Seen,
    apply_move,
    changed,
    check_message,
    follow,
    look,
    store_rollout,
    succeed,
    supersede,
)
from versioned.rollouts.ticking import no_rollout


def pause(
    context: Context, name: str, alias: str, *, message: str | None, by: str | None
) -> Rollout:
    """See `Rollouts.pause`."""
    seen = _under_way(context, name, alias, message, by)
    if seen.rollout.status != "running":
        raise _conflict(seen.rollout, f"is {seen.rollout.status}")
    after = changed(
        context, seen.rollout, what="paused", reason=message or "", by=by, status="paused"
    )
    return store_rollout(context, seen.stored, after).rollout


def resume(
    context: Context, name: str, alias: str, *, message: str | None, by: str | None
) -> Rollout:
    """See `Rollouts.resume`."""
    seen = _under_way(context, name, alias, message, by)
    rollout = seen.rollout
    waits = rollout.current.hold is None
    if rollout.status == "running" and (rollout.released or not waits):
        raise _conflict(rollout, "is running, and waits for nobody")
    after = changed(
        context,
        rollout,
        what="resumed",
        reason=message or "",
        by=by,
        status="running",
        released=waits,
    )
    return store_rollout(context, seen.stored, after).rollout


def abort(
    context: Context, name: str, alias: str, *, message: str | None, by: str | None
) -> Rollout:
    """See `Rollouts.abort`."""
    _check(message, by)
    seen = _aborted(context, name, alias, message, by)
    if follow(context, seen.rollout, seen.held, by) is not Place.APPLIED:
        raise _conflict(seen.rollout, "is over, but somebody else moved the alias meanwhile")
    return seen.rollout


def _aborted(context: Context, name: str, alias: str, message: str | None, by: str | None) -> Seen:
    """The rollout as it goes back, however many ticks move it on meanwhile."""
    while True:
        seen = _look(context, name, alias)
        if seen.rollout.goes_back and seen.place is Place.BEHIND:
            return seen  # what a crash left
        _check_under_way(context, seen, by)
        after = changed(
            context, seen.rollout, what="aborted", reason=message or "", by=by, status="aborted"
        )
        with suppress(RolloutConflictError):
            return Seen(store_rollout(context, seen.stored, after), seen.held)


def promote(
    context: Context, name: str, alias: str, *, full: bool, message: str | None, by: str | None
) -> Rollout:
    """See `Rollouts.promote`."""
    seen = _under_way(context, name, alias, message, by)
    if seen.place is Place.BEHIND:
        apply_move(context, seen, by)
        seen = _under_way(context, name, alias, message, by)
    rollout = seen.rollout
    if rollout.at_last:
        return succeed(context, seen.stored, by).rollout
    after = changed(
        context,
        rollout,
        what="promoted",
        reason=message or "",
        by=by,
        step=len(rollout.steps) - 1 if full else rollout.step + 1,
    )
    stored = apply_move(context, Seen(store_rollout(context, seen.stored, after), seen.held), by)
    if not stored.rollout.active:
        raise _conflict(
            stored.rollout, f"has {stored.rollout.status}: {stored.rollout.log[-1].reason}"
        )
    if full or ends_at_once(stored.rollout):
        stored = succeed(context, stored, by)
    return stored.rollout


def _check(message: str | None, by: str | None) -> None:
    check_message(message)
    check_text("by", by)


def _look(context: Context, name: str, alias: str) -> Seen:
    seen = look(context, name, alias)
    if seen is None:
        raise no_rollout(name, alias)
    return seen


def _under_way(
    context: Context, name: str, alias: str, message: str | None, by: str | None
) -> Seen:
    """A rollout that can be steered. Raises RolloutNotFoundError, RolloutConflictError."""
    _check(message, by)
    seen = _look(context, name, alias)
    _check_under_way(context, seen, by)
    return seen


def _check_under_way(context: Context, seen: Seen, by: str | None) -> None:
    rollout = seen.rollout
    if rollout.active and seen.place is Place.ELSEWHERE:
        rollout = supersede(context, seen.stored, by).rollout
    if not rollout.active:
        reason = rollout.log[-1].reason
        raise _conflict(rollout, f"ended: {rollout.status}" + (f", {reason}" if reason else ""))


def _conflict(rollout: Rollout, found: str) -> RolloutConflictError:
    return RolloutConflictError(
        f"the rollout of {rollout.name}@{rollout.alias} to {rollout.new_version} {found}",
        hint=f"see versioned rollout status {rollout.name} {rollout.alias}",
    )

"""Moving a rollout on, and making its alias follow: `docs/formats/rollouts.md` has the argument.

The rollout is replaced first, under compare-and-set; then its alias is, under compare-and-set
on the state that was seen. Whoever comes next finishes what a crash between the two left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from versioned import layout
from versioned.alias_records import HeldAlias
from versioned.alias_writing import put_alias
from versioned.aliases import read_held
from versioned.context import Context, check_text, new_identity, stamp
from versioned.documents import dump_header
from versioned.errors import (
    AliasConflictError,
    ArtifactNotFoundError,
    ContentMismatchError,
    InvalidInputError,
    OutcomeUnknownError,
    PreconditionFailedError,
    RolloutConflictError,
)
from versioned.models import Cause
from versioned.rollout_codec import encode_rollout
from versioned.rollout_records import StoredRollout, read_rollout
from versioned.rollout_states import Place, Rollout, Status, place_of, with_log
from versioned.steps import Step
from versioned.targets import Expectation

_MAX_MESSAGE = 2000
_LEDGER_BYTES = 600
"""What a message may take of the room that the event of an alias has."""

_EMPTY = len(dump_header({"": ""}))
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """A rollout and its alias, the alias read after the rollout."""

    stored: StoredRollout
    held: HeldAlias | None

    @property
    def rollout(self) -> Rollout:
        return self.stored.rollout

    @property
    def place(self) -> Place:
        return place_of(self.rollout, self.held)

    @property
    def held_for(self) -> float:
        """Seconds since the alias was written, by the store's clock; below 0 where it jumped."""
        if self.held is None:
            return 0.0
        return (self.held.served - self.held.modified).total_seconds()


def look(context: Context, name: str, alias: str) -> Seen | None:
    """`None` where there never was a rollout. Two steps. Raises ContaminatedError."""
    with Step(context.store) as step:
        stored = step.add(lambda: read_rollout(context, name, alias))
        step.add(context.capabilities)
    if stored.result is None:
        return None
    return Seen(stored.result, read_held(context, name, alias))


def check_message(message: str | None) -> None:
    """Raises InputTypeError, InvalidInputError."""
    check_text("message", message)
    if message and len(message) > _MAX_MESSAGE:
        raise InvalidInputError(
            f"the message has {len(message)} characters",
            hint=f"at most {_MAX_MESSAGE}; say it shorter, or put a link",
        )


def changed(
    context: Context,
    rollout: Rollout,
    *,
    what: str,
    reason: str = "",
    by: str | None,
    status: Status | None = None,
    step: int | None = None,
    released: bool = False,
) -> Rollout:
    """The rollout after something happened. A step, and going back, are moves of the alias."""
    line_by = by or context.actor
    after = replace(
        rollout,
        status=status or rollout.status,
        step=rollout.step if step is None else step,
        released=released,
        log=with_log(rollout, stamp(context.store.now()), line_by, what, reason),
    )
    moves = step is not None or after.goes_back
    return replace(after, serial=rollout.serial + 1) if moves else after


def store_rollout(context: Context, before: StoredRollout | None, after: Rollout) -> StoredRollout:
    """Replace the rollout that was seen, and no other. Raises RolloutConflictError."""
    name, alias = after.name, after.alias
    after = replace(after, write=new_identity())
    try:
        info = context.write(
            layout.rollout_key(name, alias),
            encode_rollout(after),
            if_absent=before is None,
            if_match=before.etag if before else None,
        )
    except PreconditionFailedError as error:
        raise RolloutConflictError(
            f"the rollout of {name}@{alias} was moved on by somebody else",
            hint=f"see versioned rollout status {name} {alias}",
        ) from error
    except OutcomeUnknownError:
        found = read_rollout(context, name, alias)
        if found is None or found.rollout.write != after.write:
            raise
        return found
    return StoredRollout(after, info.etag)


def follow(context: Context, rollout: Rollout, held: HeldAlias | None, by: str | None) -> Place:
    """Make the alias what the rollout means, unless somebody else moved it.

    `held` is the alias as it was read last; whenever it turns out to have changed it is read
    again. Raises ArtifactNotFoundError, DeletionInProgressError, AliasConflictError.
    """
    for attempt in range(_ATTEMPTS):
        place = place_of(rollout, held)
        if place is not Place.BEHIND or held is None:
            return place
        try:
            put_alias(
                context,
                rollout.name,
                rollout.alias,
                rollout.target,
                expect=Expectation(revision=held.alias.revision),
                message=ledger_message(rollout),
                by=by,
                restores=rollout.base if rollout.goes_back else None,
                cause=Cause(
                    "rollout",
                    overrides=() if rollout.goes_back else rollout.overrides,
                    rollout=rollout.identity,
                    serial=rollout.serial,
                ),
                meant={rollout.new_version: rollout.new_sha256},
            )
        except ArtifactNotFoundError as error:
            if rollout.goes_back:
                raise _no_way_back(rollout, error) from error
            raise
        except AliasConflictError:
            if attempt == _ATTEMPTS - 1:
                raise
            held = read_held(context, rollout.name, rollout.alias)
        else:
            return Place.APPLIED
    return place_of(rollout, held)


def _no_way_back(rollout: Rollout, error: ArtifactNotFoundError) -> ArtifactNotFoundError:
    ref = f"{rollout.name}@{rollout.alias}"
    return ArtifactNotFoundError(
        f"the rollout of {ref} can't go back: {error.message}",
        hint=f"point {ref} at a version that is there: versioned alias put, "
        "for a rank versioned promote",
    )


def apply_move(context: Context, seen: Seen, by: str | None) -> StoredRollout:
    """Make the alias follow, and end the rollout where that can't be.

    A rollout under way ends as superseded where somebody else moved the alias, and as failed
    where its version is gone, or has other bytes. Raises DeletionInProgressError, AliasConflictError,
    RolloutConflictError.
    """
    try:
        place = follow(context, seen.rollout, seen.held, by)
    except (ArtifactNotFoundError, ContentMismatchError) as error:
        if not seen.rollout.active:
            raise
        return end_as_failed(context, seen.stored, error.message, by)
    if place is Place.ELSEWHERE and seen.rollout.active:
        return supersede(context, seen.stored, by)
    return seen.stored


def end_as_failed(
    context: Context, stored: StoredRollout, reason: str, by: str | None
) -> StoredRollout:
    """All traffic back to the stable version. Raises RolloutConflictError."""
    after = changed(context, stored.rollout, what="failed", reason=reason, by=by, status="failed")
    failed = store_rollout(context, stored, after)
    follow(context, failed.rollout, read_held(context, after.name, after.alias), by)
    return failed


def supersede(context: Context, stored: StoredRollout, by: str | None) -> StoredRollout:
    """End a rollout whose alias somebody else moved. Raises RolloutConflictError."""
    rollout = stored.rollout
    reason = f"{rollout.name}@{rollout.alias} was moved by somebody else and is left alone"
    after = changed(context, rollout, what="superseded", reason=reason, by=by, status="superseded")
    return store_rollout(context, stored, after)


def ledger_message(rollout: Rollout) -> str:
    """What the ledger of the alias says of a move, short enough for its event. Pure."""
    last = rollout.log[-1] if rollout.log else None
    if rollout.goes_back and last:
        text = f"rollout {last.what}" + (f": {last.reason}" if last.reason else "")
    else:
        steps = f"rollout, step {rollout.step + 1} of {len(rollout.steps)}"
        text = f"{steps}: {rollout.message}" if rollout.message else steps
    return _fitting(text)


def _fitting(text: str) -> str:
    size = 0
    for position, character in enumerate(text):
        size += len(dump_header({"": character})) - _EMPTY
        if size > _LEDGER_BYTES:
            return f"{text[:position]}..."
    return text


def succeed(context: Context, stored: StoredRollout, by: str | None) -> StoredRollout:
    """End a rollout whose alias made its last move, unless somebody else just did.

    Raises RolloutConflictError.
    """
    before = stored.rollout
    after = changed(context, before, what="succeeded", by=by, status="succeeded")
    try:
        return store_rollout(context, stored, after)
    except RolloutConflictError:
        found = read_rollout(context, before.name, before.alias)
        ended = found and (found.rollout.identity, found.rollout.status)
        if found is None or ended != (before.identity, "succeeded"):
            raise
        return found

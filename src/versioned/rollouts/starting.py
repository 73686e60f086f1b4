"""Starting a rollout."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from versioned import layout, naming
from versioned.alias_records import HeldAlias
from versioned.aliases import read_held
from versioned.context import Context, check_text, new_identity, stamp
from versioned.errors import (
    AliasNotFoundError,
    InputTypeError,
    InvalidInputError,
    RolloutConflictError,
    StoreError,
    VersionedError,
)
from versioned.pipelines.admission import admit
from versioned.rollout_codec import encode_rollout
from versioned.rollout_records import StoredRollout
from versioned.rollout_states import ON_FAILURE, LogLine, OnFailure, Place, RampStep, Rollout
from versioned.rollouts.decisions import ends_at_once
from versioned.rollouts.moving import (
    check_message,
    end_as_failed,
    follow,
    look,
    store_rollout,
    succeed,
    supersede,
)
from versioned.rollouts.strategies import parse_strategy
from versioned.steps import Step
from versioned.targets import target_words
from versioned.versions import head_version, sha256_of

MAX_CHECKS = 20


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: checked when it is made.

    Raises InvalidStrategyError, InvalidVersionError, InvalidNameError, InputTypeError,
    InvalidInputError.
    """

    name: str
    alias: str
    version: int | str
    strategy: str
    checks: Sequence[str] = ()
    on_failure: OnFailure = "rollback"
    force: bool = False
    message: str | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        layout.rollout_key(self.name, self.alias)
        parse_strategy(self.strategy)
        if self.number == naming.LATEST_VERSION:
            raise InvalidInputError(
                f"a rollout to {naming.LATEST_VERSION}, which may change under way",
                hint=f"versioned publish {self.name}, then name the number",
            )
        self._check_checks()
        if self.on_failure not in ON_FAILURE:
            raise InvalidInputError(
                f"on failure can't be {self.on_failure!r}", hint=f"use {' or '.join(ON_FAILURE)}"
            )
        check_message(self.message)
        check_text("by", self.by)

    def _check_checks(self) -> None:
        if isinstance(self.checks, str):
            raise InputTypeError(f"checks can't be {self.checks!r}", hint="pass a list of names")
        for check in self.checks:
            naming.validate_word("a check", check)
        if len(set(self.checks)) != len(self.checks) or len(self.checks) > MAX_CHECKS:
            raise InvalidInputError(
                f"a check is named twice, or there are more than {MAX_CHECKS}: "
                f"{', '.join(self.checks)}",
                hint="name each once",
            )

    @property
    def number(self) -> str:
        return layout.normalize_version(self.version)

    @property
    def steps(self) -> tuple[RampStep, ...]:
        return parse_strategy(self.strategy)


def start(context: Context, order: Order) -> Rollout:
    """Begin, and make the first step. See `Rollouts.start`."""
    before, held = _cleared(context, order)
    rollout = _planned(context, order, held)
    if before:
        _keep(context, before.rollout)
    return _first_move(context, store_rollout(context, before, rollout), held, order.by)


def _cleared(context: Context, order: Order) -> tuple[StoredRollout | None, HeldAlias]:
    """The rollout to replace, which has ended, and the alias as it is then."""
    name, alias = order.name, order.alias
    seen = look(context, name, alias)
    before, held = (seen.stored, seen.held) if seen else (None, read_held(context, name, alias))
    if seen and seen.rollout.active:
        if seen.place is not Place.ELSEWHERE:
            raise RolloutConflictError(
                f"a rollout of {name}@{alias} to {seen.rollout.new_version} is "
                f"{seen.rollout.status}",
                hint=f"versioned rollout status {name} {alias}, or rollout abort {name} {alias}",
            )
        before = supersede(context, seen.stored, order.by)
    elif seen and seen.place is Place.BEHIND:
        follow(context, seen.rollout, seen.held, order.by)
        held = read_held(context, name, alias)
    if held is None:
        raise AliasNotFoundError(
            f"artifact {name!r} has no alias {alias!r}",
            hint=f"it needs a version to go back to: versioned alias put {name}@{alias} 1, or for a "
            f"rank versioned promote {name} {alias}",
        )
    return before, held


def _stable(order: Order, held: HeldAlias) -> str:
    """The version that has all the traffic. Raises InvalidInputError, RolloutConflictError."""
    found, ref = held.alias, f"{order.name}@{order.alias}"
    if found.is_split or found.version == naming.LATEST_VERSION:
        raise RolloutConflictError(
            f"{ref} points at {target_words(found)}, which is no place to go back to",
            hint=f"first send all traffic to one number: versioned rollback {ref} --to 1",
        )
    if found.version == order.number:
        raise InvalidInputError(
            f"{ref} points at {found.version} already", hint="roll out another version"
        )
    return found.version


def _planned(context: Context, order: Order, held: HeldAlias) -> Rollout:
    """The rollout as it begins. Raises ArtifactNotFoundError, GateRefusedError."""
    stable = _stable(order, held)
    with Step(context.store) as step:
        sides = [
            step.add(partial(head_version, context, order.name, version))
            for version in (stable, order.number)
        ]
    overrides = admit(
        context, order.name, order.alias, order.number, force=order.force, message=order.message
    )
    started, by = stamp(context.store.now()), order.by or context.actor
    return Rollout(
        name=order.name,
        alias=order.alias,
        identity=new_identity(),
        strategy=order.strategy,
        stable_version=stable,
        stable_sha256=sha256_of(sides[0].result),
        new_version=order.number,
        new_sha256=sha256_of(sides[1].result),
        steps=order.steps,
        base=held.identity,
        started=started,
        write="",
        checks=tuple(order.checks),
        on_failure=order.on_failure,
        overrides=overrides,
        by=by,
        message=order.message,
        log=(LogLine(started, by, "started", order.message or ""),),
    )


def _keep(context: Context, ended: Rollout) -> None:
    """Once: a rollout that ended never changes."""
    key = layout.ended_rollout_key(ended.name, ended.alias, ended.identity)
    context.create_once(key, encode_rollout(ended))


def _first_move(
    context: Context, stored: StoredRollout, held: HeldAlias, by: str | None
) -> Rollout:
    """Make the first step, or end as failed where that can't be.

    After a StoreError nothing is ended: whoever ticks next makes the step.
    """
    rollout, ref = stored.rollout, f"{stored.rollout.name}@{stored.rollout.alias}"
    try:
        if follow(context, rollout, held, by) is Place.ELSEWHERE:
            raise RolloutConflictError(
                f"{ref} was moved by somebody else meanwhile, the rollout was not begun",
                hint=f"look at versioned history {ref}, then start again",
            )
    except VersionedError as error:
        if not isinstance(error, StoreError):
            with suppress(RolloutConflictError):
                end_as_failed(context, stored, error.message, by)
        raise
    if ends_at_once(rollout):
        return succeed(context, stored, by).rollout
    return rollout

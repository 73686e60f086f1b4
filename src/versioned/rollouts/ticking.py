"""Moving rollouts on by one step, if their time and their checks allow it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

from versioned.checks.base import Check, CheckRun, Subject
from versioned.checks.running import run_checks
from versioned.context import Context
from versioned.errors import (
    RolloutConflictError,
    RolloutNotFoundError,
    VersionedError,
)
from versioned.rollout_records import StoredRollout, rollout_aliases
from versioned.rollout_states import Place, Rollout, Status
from versioned.rollouts.decisions import Decision, Next, decide, ends_at_once
from versioned.rollouts.moving import (
    Seen,
    apply_move,
    changed,
    end_as_failed,
    look,
    store_rollout,
    succeed,
    supersede,
)
from versioned.steps import Step

Action = Literal[
    "moved", "held", "succeeded", "failed", "frozen", "superseded", "overtaken", "ended", "error"
]

_ACTIONS: dict[Status, Action] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "superseded": "superseded",
}


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick did, and why.

    `moved`, `succeeded`, `failed` (went back), `frozen` and `superseded` (somebody else moved the
    alias) changed something; `held`, `ended` (it had ended before) and `overtaken` (somebody else
    moved it on meanwhile) did not; `error` has what kept it from being ticked.
    """

    name: str
    alias: str
    action: Action
    reason: str
    rollout: Rollout | None = None
    checks: tuple[CheckRun, ...] = ()
    error: VersionedError | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "name": self.name,
            "alias": self.alias,
            "action": self.action,
            "reason": self.reason,
            "rollout": self.rollout and self.rollout.to_dict(),
            "checks": [{**asdict(run), "outcome": run.outcome.value} for run in self.checks],
            "error": self.error and self.error.code,
        }


def tick(
    context: Context, name: str, alias: str, checks: Mapping[str, Check], *, by: str | None
) -> Tick:
    """See `Rollouts.tick`."""
    seen = look(context, name, alias)
    if seen is None:
        raise no_rollout(name, alias)
    try:
        return _Ticker(context, seen, by).tick(checks)
    except RolloutConflictError as error:
        return Tick(name, alias, "overtaken", error.message, seen.rollout)


def tick_all(
    context: Context,
    names: list[str],
    checks: Mapping[str, Check],
    *,
    by: str | None,
) -> Iterator[Tick]:
    """Tick every rollout of these artifacts; one that fails does not stop the others. Those
    that had ended before are left out. One step to find them all."""
    with Step(context.store) as step:
        listed = [step.add(partial(_aliases_or_error, context, name)) for name in names]
    for name, aliases in zip(names, listed, strict=True):
        if isinstance(aliases.result, VersionedError):
            error = aliases.result
            yield Tick(name, "", "error", error.message, error=error)
            continue
        for alias in aliases.result:
            try:
                found = tick(context, name, alias, checks, by=by)
            except VersionedError as error:
                found = Tick(name, alias, "error", error.message, error=error)
            if found.action != "ended":
                yield found


def _aliases_or_error(context: Context, name: str) -> list[str] | VersionedError:
    try:
        return rollout_aliases(context, name)
    except VersionedError as error:
        return error


def status_words(rollout: Rollout) -> str:
    """The status, who brought it about and why: `paused by ann: lunch`. Pure."""
    lines = [line for line in rollout.log if line.what == rollout.status]
    by = f" by {lines[-1].by}" if lines and lines[-1].by else ""
    reason = f": {lines[-1].reason}" if lines and lines[-1].reason else ""
    return f"{rollout.status}{by}{reason}"


def no_rollout(name: str, alias: str | None = None) -> RolloutNotFoundError:
    return RolloutNotFoundError(
        f"there is no rollout of {name}" + (f"@{alias}" if alias else ""),
        hint=f"versioned rollout start {name} {alias or 'ALIAS'} VERSION --strategy canary:10%:5m",
    )


@dataclass(frozen=True, slots=True)
class _Ticker:
    context: Context
    seen: Seen
    by: str | None

    def tick(self, checks: Mapping[str, Check]) -> Tick:
        rollout, place = self.seen.rollout, self.seen.place
        if place is Place.AHEAD:
            return self._did("overtaken", "somebody else moved it on meanwhile", self.seen.stored)
        if place is Place.BEHIND:
            return self._apply(self.seen, "the move that was begun is made")
        if not rollout.active:
            return self._did("ended", status_words(rollout), self.seen.stored)
        if place is Place.ELSEWHERE:
            return self._state(supersede(self.context, self.seen.stored, self.by))
        if rollout.status != "running":
            return self._did("held", status_words(rollout), self.seen.stored)
        return self._go_on(rollout, checks)

    def _go_on(self, rollout: Rollout, checks: Mapping[str, Check]) -> Tick:
        """What time and checks say of a running rollout whose alias is where it should be."""
        subject = Subject(
            rollout.name,
            rollout.alias,
            rollout.new_version,
            rollout.new_sha256,
            rollout.basis_points,
        )
        runs = run_checks(rollout.checks, checks, subject)
        decision = decide(rollout, runs, self.seen.held_for)
        if decision.next is Next.HOLD:
            return self._did("held", decision.reason, self.seen.stored, runs)
        if decision.next is Next.FAIL:
            return self._fail(decision, runs)
        if decision.next is Next.END:
            return self._did(
                "succeeded", decision.reason, succeed(self.context, self.seen.stored, self.by), runs
            )
        after = changed(
            self.context,
            rollout,
            what="moved",
            reason=decision.reason,
            by=self.by,
            step=rollout.step + 1,
        )
        stored = store_rollout(self.context, self.seen.stored, after)
        return self._apply(Seen(stored, self.seen.held), decision.reason, runs)

    def _fail(self, decision: Decision, runs: tuple[CheckRun, ...]) -> Tick:
        seen = self.seen
        if seen.rollout.on_failure == "rollback":
            stored = end_as_failed(self.context, seen.stored, decision.reason, self.by)
            return self._did("failed", decision.reason, stored, runs)
        frozen = changed(
            self.context,
            seen.rollout,
            what="frozen",
            reason=decision.reason,
            by=self.by,
            status="frozen",
        )
        return self._did(
            "frozen", decision.reason, store_rollout(self.context, seen.stored, frozen), runs
        )

    def _apply(self, seen: Seen, reason: str, runs: tuple[CheckRun, ...] = ()) -> Tick:
        """Make the alias follow; say what became of the rollout by that."""
        stored = apply_move(self.context, seen, self.by)
        after = stored.rollout
        if after.active and ends_at_once(after):
            stored = succeed(self.context, stored, self.by)
        return self._state(stored, reason, runs)

    def _state(
        self, stored: StoredRollout, reason: str = "", runs: tuple[CheckRun, ...] = ()
    ) -> Tick:
        status = stored.rollout.status
        if status in {"failed", "superseded"}:
            reason = stored.rollout.log[-1].reason
        return self._did(_ACTIONS.get(status, "moved"), reason, stored, runs)

    def _did(
        self,
        action: Action,
        reason: str,
        stored: StoredRollout,
        runs: tuple[CheckRun, ...] = (),
    ) -> Tick:
        rollout = stored.rollout
        return Tick(rollout.name, rollout.alias, action, reason, rollout, runs)

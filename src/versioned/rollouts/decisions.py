"""What a rollout does next. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from math import ceil

from versioned.checks.base import CheckRun, Outcome
from versioned.rollout_states import Rollout
from versioned.rollouts.strategies import duration_words
from versioned.targets import percent

_MINUTE = 60
_ROUGHLY = 2 * _MINUTE
"""From here on minutes are told, not seconds."""


class Next(Enum):
    """What a tick is to do with a rollout that is running."""

    FAIL = "fail"
    HOLD = "hold"
    MOVE = "move"
    END = "end"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next, and why."""

    next: Next
    reason: str


def decide(rollout: Rollout, runs: Iterable[CheckRun], held_for: float) -> Decision:
    """What to do with a running rollout whose alias is where it should be.

    `held_for` is how many seconds ago the alias moved to this step, by the store's clock. A
    failed check outweighs one that says nothing, and that outweighs the time.
    """
    found = tuple(runs)
    for outcome, then in ((Outcome.FAIL, Next.FAIL), (Outcome.INCONCLUSIVE, Next.HOLD)):
        reasons = [run.words for run in found if run.outcome is outcome]
        if reasons:
            return Decision(then, "; ".join(reasons))
    waiting = waits_for(rollout, held_for)
    if waiting:
        return Decision(Next.HOLD, waiting)
    if rollout.at_last:
        return Decision(Next.END, "all steps are done")
    following = rollout.steps[rollout.step + 1]
    return Decision(Next.MOVE, f"on to {percent(following.basis_points)}")


def waits_for(rollout: Rollout, held_for: float) -> str:
    """What time or whom the current step waits for; empty where it does not."""
    hold = rollout.current.hold
    if rollout.released:
        return ""
    if hold is None:
        return "waits for resume"
    if hold and held_for < 0:
        return "the store's clock is behind the last move"
    if held_for < hold:
        left = hold - held_for
        unit = _MINUTE if left > _ROUGHLY else 1
        return f"{duration_words(ceil(left / unit) * unit)} to go of {duration_words(hold)}"
    return ""


def ends_at_once(rollout: Rollout) -> bool:
    """Whether the last step, once made, leaves nothing to wait for."""
    return rollout.at_last and rollout.current.hold == 0 and not rollout.checks

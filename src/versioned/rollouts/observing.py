"""How a rollout and its alias stand, without changing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from versioned.context import Context
from versioned.rollout_states import Place, Rollout
from versioned.rollouts.decisions import waits_for
from versioned.rollouts.moving import Seen, look
from versioned.rollouts.ticking import status_words


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """A rollout, where its alias stands, and what it waits for, in a sentence."""

    rollout: Rollout
    place: Place
    waiting: str

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {**self.rollout.to_dict(), "place": self.place.value, "waiting": self.waiting}


def observe(context: Context, name: str, alias: str) -> RolloutStatus | None:
    """Two steps. Raises ContaminatedError."""
    seen = look(context, name, alias)
    return None if seen is None else RolloutStatus(seen.rollout, seen.place, _waiting(seen))


def _waiting(seen: Seen) -> str:
    rollout = seen.rollout
    if seen.place is Place.BEHIND:
        return "a move was begun; a tick makes it"
    if rollout.active and seen.place is Place.ELSEWHERE:
        return "somebody else moved the alias; a tick ends the rollout"
    if rollout.status != "running":
        return status_words(rollout)
    return waits_for(rollout, seen.held_for) or "for a tick"

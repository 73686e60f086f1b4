"""All rollouts at once. One that can't be read hides no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from versioned.context import Context
from versioned.errors import ContaminatedError
from versioned.rollout_records import rollout_aliases
from versioned.rollout_states import Place, Rollout
from versioned.rollouts.observing import observe
from versioned.steps import Step


@dataclass(frozen=True, slots=True)
class ListedRollout:
    """A rollout in a list, with what `RolloutStatus` says of it; or, where it or its alias
    can't be read, the `fault`, a sentence. `alias` is empty where the fault is of the artifact.
    """

    name: str
    alias: str
    rollout: Rollout | None = None
    place: Place | None = None
    waiting: str = ""
    fault: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON: those of the rollout beside the others."""
        return {
            "name": self.name,
            "alias": self.alias,
            **(self.rollout.to_dict() if self.rollout else {}),
            "place": self.place.value if self.place else None,
            "waiting": self.waiting,
            "fault": self.fault,
        }


def list_all(context: Context, names: Sequence[str]) -> list[ListedRollout]:
    """The rollouts of these artifacts, in order. Three steps."""
    with Step(context.store) as step:
        listed = [step.add(partial(_aliases, context, name)) for name in names]
    with Step(context.store) as step:
        found = [
            step.add(partial(_observed, context, name, alias))
            for name, aliases in zip(names, listed, strict=True)
            if not isinstance(aliases.result, ContaminatedError)
            for alias in aliases.result
        ]
    rows = [one.result for one in found if one.result is not None]
    rows += [
        ListedRollout(name, "", fault=aliases.result.message)
        for name, aliases in zip(names, listed, strict=True)
        if isinstance(aliases.result, ContaminatedError)
    ]
    return sorted(rows, key=lambda row: (row.name, row.alias))


def _aliases(context: Context, name: str) -> list[str] | ContaminatedError:
    try:
        return rollout_aliases(context, name)
    except ContaminatedError as error:
        return error


def _observed(context: Context, name: str, alias: str) -> ListedRollout | None:
    try:
        found = observe(context, name, alias)
    except ContaminatedError as error:
        return ListedRollout(name, alias, fault=error.message)
    if found is None:
        return None
    return ListedRollout(name, alias, found.rollout, found.place, found.waiting)

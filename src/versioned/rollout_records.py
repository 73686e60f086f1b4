"""Reading rollouts: one, all of an artifact, and the versions that they need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from versioned import layout, naming
from versioned.alias_records import HeldAlias
from versioned.aliases import read_held
from versioned.context import Context
from versioned.errors import ContaminatedError, InvalidNameError
from versioned.rollout_codec import decode_rollout
from versioned.rollout_states import Place, Rollout, kept_by, place_of
from versioned.steps import Step, or_none


@dataclass(frozen=True, slots=True)
class StoredRollout:
    """A rollout with the ETag under which it can be replaced."""

    rollout: Rollout
    etag: str


def read_rollout(context: Context, name: str, alias: str) -> StoredRollout | None:
    """The rollout that is under way, or was last; one request. Raises ContaminatedError."""
    key = layout.rollout_key(name, alias)
    found = or_none(lambda: context.read(key))
    if found is None:
        return None
    info, raw = found
    return StoredRollout(decode_rollout(name, alias, key, raw), info.etag)


def running_rollout(context: Context, name: str, alias: str) -> Rollout | None:
    """The rollout that is moving an alias: running, paused or frozen, and not overtaken by
    somebody else's move. One request, two where there is one. Raises ContaminatedError."""
    stored = read_rollout(context, name, alias)
    if stored is None or not stored.rollout.active:
        return None
    held = read_held(context, name, alias)
    return None if place_of(stored.rollout, held) is Place.ELSEWHERE else stored.rollout


def rollout_aliases(context: Context, name: str) -> list[str]:
    """The aliases of an artifact that ever had a rollout, sorted. One LIST.

    Raises ContaminatedError.
    """
    folder = layout.rollouts_folder(name)
    keys = (line.key for line in context.listed(folder))
    aliases = [layout.alias_of_key(key) for key in keys if "/" not in key[len(folder) :]]
    for alias in aliases:
        try:
            naming.validate_alias_name(alias)
        except InvalidNameError as error:
            raise ContaminatedError(
                f"{folder}{alias}.json is not a rollout: {error.message}",
                hint="move the foreign object away",
            ) from error
    return aliases


def list_rollouts(context: Context, name: str) -> list[Rollout]:
    """The rollouts of an artifact, under way or the last of their alias. Two steps.

    Raises ContaminatedError.
    """
    aliases = rollout_aliases(context, name)
    with Step(context.store) as step:
        found = [step.add(partial(read_rollout, context, name, alias)) for alias in aliases]
    return [stored.result.rollout for stored in found if stored.result is not None]


def rollout_references(
    context: Context, name: str, aliases: Iterable[HeldAlias]
) -> dict[str, frozenset[str]]:
    """The versions that the rollouts of an artifact need, by `rollout of ALIAS`.

    `aliases` must have been read before this is called: a rollout is written before its alias
    moves, so whoever sees the alias moved sees the rollout.
    """
    held = {one.alias.alias: one for one in aliases}
    kept = {
        f"rollout of {rollout.alias}": kept_by(rollout, held.get(rollout.alias))
        for rollout in list_rollouts(context, name)
    }
    return {user: versions for user, versions in kept.items() if versions}

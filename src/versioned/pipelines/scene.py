"""What lies around a rank, and which version may go into it. The choice is pure."""

from __future__ import annotations

from dataclasses import dataclass

from versioned import layout, naming
from versioned.alias_records import HeldAlias
from versioned.aliases import read_held
from versioned.context import Context
from versioned.errors import (
    AliasConflictError,
    ArtifactNotFoundError,
    InvalidVersionError,
    RankEmptyError,
)
from versioned.models import Alias
from versioned.pipelines.policy import Policy
from versioned.rollout_records import running_rollout
from versioned.rollout_states import Rollout
from versioned.steps import Step
from versioned.targets import target_words
from versioned.versions import newest_number


@dataclass(frozen=True, slots=True)
class Scene:
    """A rank of an artifact and the one before it, as they were seen in one step.

    `newest` is the highest number, where the rank is the first; `rollout` is under way in it.
    """

    policy: Policy
    name: str
    rank: str
    before: str | None
    source: HeldAlias | None
    target: HeldAlias | None
    newest: int = 0
    rollout: Rollout | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A version that is to go into a rank; `sha256` where the rank before says which bytes it
    holds, `out_of_order` where it is not what that rank holds."""

    version: str
    sha256: str | None = None
    out_of_order: str | None = None


def look(context: Context, policy: Policy, name: str, rank: str) -> Scene:
    """One step. Raises InvalidRankError, ContaminatedError."""
    before = policy.before(rank)
    with Step(context.store) as step:
        target = step.add(lambda: read_held(context, name, rank))
        rollout = step.add(lambda: running_rollout(context, name, rank))
        source = step.add(lambda: read_held(context, name, before) if before else None)
        newest = step.add(lambda: 0 if before else newest_number(context, name))
    return Scene(
        policy=policy,
        name=name,
        rank=rank,
        before=before,
        source=source.result,
        target=target.result,
        newest=newest.result,
        rollout=rollout.result,
    )


def is_there(held: HeldAlias | None, version: str, sha256: str) -> bool:
    """Whether a rank sends all traffic to a version with these bytes."""
    alias = held.alias if held else None
    return (
        alias is not None
        and not alias.is_split
        and (alias.version, alias.sha256) == (version, sha256)
    )


def published(version: int | str) -> str:
    """A number; LATEST is never promoted. Raises InvalidVersionError."""
    number = layout.normalize_version(version)
    if number == naming.LATEST_VERSION:
        raise InvalidVersionError(
            f"{naming.LATEST_VERSION} can't go into a rank, it changes",
            hint="publish it and promote the number: versioned publish",
        )
    return number


def choose(scene: Scene, version: int | str | None) -> Choice:
    """What goes into the rank: what the rank before holds, into the first rank the newest
    number, or the version that is named. Pure.

    Raises ArtifactNotFoundError, RankEmptyError, AliasConflictError where the rank before is
    split, InvalidVersionError.
    """
    number = None if version is None else published(version)
    if scene.before is None:
        return Choice(number or _newest(scene))
    held = scene.source.alias if scene.source else None
    if held and not held.is_split and number in {None, held.version}:
        return Choice(published(held.version), held.sha256)
    if number:
        return Choice(number, out_of_order=_disorder(scene.before, number, held))
    if held is None:
        raise RankEmptyError(
            f"nothing of {scene.name} is in {scene.before}",
            hint=f"promote it there first: versioned promote {scene.name} {scene.before}",
        )
    raise AliasConflictError(
        f"{scene.name}@{scene.before} is split, {target_words(held)}: nothing is promoted from it",
        expected=None,
        found=held,
        hint="wait until one version has all of its traffic, or roll it back",
    )


def _newest(scene: Scene) -> str:
    if not scene.newest:
        raise ArtifactNotFoundError(
            f"{scene.name!r} has no published version",
            hint=f"versioned put {scene.name} FILE --publish",
        )
    return str(scene.newest)


def _disorder(before: str, number: str, held: Alias | None) -> str:
    has = f"holds {target_words(held)}" if held else "is empty"
    return f"{before} {has}, not {number}; promote it there first"

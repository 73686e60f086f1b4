"""What sits in each rank of each artifact, since when, by whom, and what waits for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from versioned import layout, naming
from versioned.alias_records import HeldAlias
from versioned.aliases import read_held
from versioned.context import Context
from versioned.errors import ArtifactNotFoundError, ContaminatedError
from versioned.models import Alias
from versioned.pipelines.evidence import Question, gather_evidence
from versioned.pipelines.gates import Candidate, unmet
from versioned.pipelines.policies import artifact_names, read_policy
from versioned.pipelines.policy import Policy
from versioned.pipelines.scene import Choice, Scene, choose, is_there
from versioned.rollout_records import StoredRollout, read_rollout
from versioned.rollout_states import Place, Rollout, place_of
from versioned.steps import Step
from versioned.stores.base import ObjectInfo
from versioned.versions import newest_number, sha256_of

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version that a rank could get next, and the gates that it does not meet: a sentence
    each, by its name. Without any it can be promoted now."""

    version: str
    sha256: str
    unmet: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {"version": self.version, "sha256": self.sha256, "unmet": self.unmet}


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A rank of an artifact: what it holds (`None` for nothing), and what waits for it.

    `rollout` is the version that a rollout is bringing into it. `fault` is a sentence: what of
    this rank can't be read; `alias` is then `None` where that is the alias. `waiting` is `None`
    where it has what the rank before has, where that is empty, split or can't be read, while a
    rollout is under way, and where there is a fault.
    """

    name: str
    rank: str
    alias: Alias | None
    waiting: Waiting | None = None
    rollout: str | None = None
    fault: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "name": self.name,
            "rank": self.rank,
            "alias": self.alias.to_dict() if self.alias else None,
            "waiting": self.waiting.to_dict() if self.waiting else None,
            "rollout": self.rollout,
            "fault": self.fault,
        }


_Place = tuple[str, str]
"""An artifact and a rank."""


def board(context: Context, name: str | None) -> list[BoardRow]:
    """Six steps for all artifacts at once; see `Pipeline.board`."""
    if name is not None:
        naming.validate_artifact_name(name)
    with Step(context.store) as step:
        asked = step.add(lambda: read_policy(context))
        names = step.add(lambda: artifact_names(context) if name is None else [name])
    policy = asked.result
    faults: dict[_Place, str] = {}
    scenes = _scenes(context, policy, names.result, faults)
    if name and policy.ranks and not faults and not any(s.target or s.newest for s in scenes):
        raise ArtifactNotFoundError(
            f"{name!r} has no published version, and nothing in a rank",
            hint="versioned ls shows what there is",
        )
    waiting = _waiting(context, scenes, faults)
    return [
        BoardRow(
            scene.name,
            scene.rank,
            scene.target.alias if scene.target else None,
            waiting.get((scene.name, scene.rank)),
            scene.rollout.new_version if scene.rollout else None,
            faults.get((scene.name, scene.rank)),
        )
        for scene in scenes
    ]


def _scenes(
    context: Context, policy: Policy, names: Sequence[str], faults: dict[_Place, str]
) -> list[Scene]:
    """Each rank of each artifact, in order; what can't be read is added to `faults`. One step.

    A rollout is read beside its alias, not before it: that saves a step. An alias that moved
    twice in between hides its rollout, or shows one that has ended, until the board is read
    again; nothing is decided by that, and a promotion looks for itself.
    """
    places = [(name, rank) for name in names for rank in policy.ranks]
    with Step(context.store) as step:
        newest = {one: step.add(_readable(newest_number, context, one)) for one in names}
        held = {place: step.add(_readable(read_held, context, *place)) for place in places}
        rollouts = {place: step.add(_readable(read_rollout, context, *place)) for place in places}
    scenes: list[Scene] = []
    for name, rank in places:
        before = policy.before(rank)
        target, stored = held[name, rank].result, rollouts[name, rank].result
        number = 0 if before else newest[name].result
        fault = next(
            (r for r in (target, stored, number) if isinstance(r, ContaminatedError)), None
        )
        if fault:
            faults[name, rank] = fault.message
        source = _sound(held[name, before].result) if before else None
        rollout = _under_way(_sound(stored), _sound(target))
        newest_one = _sound(number) or 0
        scenes.append(
            Scene(policy, name, rank, before, source, _sound(target), newest_one, rollout)
        )
    return scenes


def _readable(
    read: Callable[P, T], *of: P.args, **by: P.kwargs
) -> Callable[[], T | ContaminatedError]:
    """The same request, whose fault is a result."""

    def call() -> T | ContaminatedError:
        try:
            return read(*of, **by)
        except ContaminatedError as error:
            return error

    return call


def _sound(found: T | ContaminatedError) -> T | None:
    return None if isinstance(found, ContaminatedError) else found


def _under_way(stored: StoredRollout | None, held: HeldAlias | None) -> Rollout | None:
    if stored is None or not stored.rollout.active:
        return None
    return None if place_of(stored.rollout, held) is Place.ELSEWHERE else stored.rollout


def _waiting(
    context: Context, scenes: Sequence[Scene], faults: dict[_Place, str]
) -> dict[_Place, Waiting]:
    """What waits, by artifact and rank; a version that can't be read is added to `faults`.
    Three steps."""
    open_ones = [s for s in scenes if (s.name, s.rank) not in faults and _can_move(s)]
    choices = [(scene, choose(scene, None)) for scene in open_ones]
    with Step(context.store) as step:
        heads = [step.add_optional(partial(_head, context, s.name, c.version)) for s, c in choices]
    found: dict[_Place, Waiting] = {}
    questions: list[Question] = []
    for (scene, choice), head in zip(choices, heads, strict=True):
        sha256 = _readable(sha256_of, head.result)() if head.result else None
        if isinstance(sha256, ContaminatedError):
            faults[scene.name, scene.rank] = sha256.message
        elif sha256 is None or choice.sha256 not in {None, sha256}:
            found[scene.name, scene.rank] = _broken(choice)
        elif not is_there(scene.target, choice.version, sha256):
            candidate = Candidate(scene.name, scene.rank, choice.version, sha256, scene.before)
            gate = scene.policy.gate(scene.rank)
            questions.append(Question(candidate, gate, scene.source))
    for question, evidence in zip(questions, gather_evidence(context, questions), strict=True):
        one = question.candidate
        missing = unmet(question.gate, one, evidence)
        found[one.name, one.rank] = Waiting(one.version, one.sha256, missing)
    return found


def _head(context: Context, name: str, version: str) -> ObjectInfo:
    return context.store.head(layout.version_key(name, version, context.suffix))


def _can_move(scene: Scene) -> bool:
    """Whether there is something to go into the rank, and no rollout moves it."""
    if scene.rollout:
        return False
    if scene.before is None:
        return scene.newest > 0
    held = scene.source.alias if scene.source else None
    return held is not None and not held.is_split and held.version != naming.LATEST_VERSION


def _broken(choice: Choice) -> Waiting:
    sentence = f"version {choice.version} is gone, or has other bytes than were meant"
    return Waiting(choice.version, choice.sha256 or "", {"bytes": sentence})

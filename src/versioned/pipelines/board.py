"""What sits in each rank of each artifact, since when, by whom, and what waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from versioned import layout, naming
from versioned.aliases import read_held
from versioned.context import Context
from versioned.errors import ArtifactNotFoundError
from versioned.models import Alias
from versioned.pipelines.evidence import Question, gather_evidence
from versioned.pipelines.gates import Candidate, unmet
from versioned.pipelines.policies import artifact_names, read_policy
from versioned.pipelines.policy import Policy
from versioned.pipelines.scene import Choice, Scene, choose, is_there
from versioned.steps import Step
from versioned.stores.base import ObjectInfo
from versioned.versions import newest_number, sha256_of


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
    """A rank of an artifact: what it holds (`None` for nothing), and what waits for it
    (`None` where it has what the rank before has, or where that is empty or split)."""

    name: str
    rank: str
    alias: Alias | None
    waiting: Waiting | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "name": self.name,
            "rank": self.rank,
            "alias": self.alias.to_dict() if self.alias else None,
            "waiting": self.waiting.to_dict() if self.waiting else None,
        }


def board(context: Context, name: str | None) -> list[BoardRow]:
    """Six steps for all artifacts at once; see `Pipeline.board`."""
    if name is not None:
        naming.validate_artifact_name(name)
    with Step(context.store) as step:
        asked = step.add(lambda: read_policy(context))
        names = step.add(lambda: artifact_names(context) if name is None else [name])
    policy = asked.result
    scenes = _scenes(context, policy, names.result)
    if name and policy.ranks and not any(scene.target or scene.newest for scene in scenes):
        raise ArtifactNotFoundError(
            f"{name!r} has no published version, and nothing in a rank",
            hint="versioned ls shows what there is",
        )
    waiting = _waiting(context, scenes)
    return [
        BoardRow(
            scene.name,
            scene.rank,
            scene.target.alias if scene.target else None,
            waiting.get((scene.name, scene.rank)),
        )
        for scene in scenes
    ]


def _scenes(context: Context, policy: Policy, names: Sequence[str]) -> list[Scene]:
    """Each rank of each artifact, in order. One step."""
    with Step(context.store) as step:
        newest = {name: step.add(partial(newest_number, context, name)) for name in names}
        held = {
            (name, rank): step.add(partial(read_held, context, name, rank))
            for name in names
            for rank in policy.ranks
        }
    return [
        Scene(
            policy=policy,
            name=name,
            rank=rank,
            before=before,
            source=held[name, before].result if before else None,
            target=held[name, rank].result,
            newest=0 if before else newest[name].result,
        )
        for name in names
        for rank in policy.ranks
        for before in [policy.before(rank)]
    ]


def _waiting(context: Context, scenes: Sequence[Scene]) -> dict[tuple[str, str], Waiting]:
    """What waits, by artifact and rank. Three steps."""
    choices = [(scene, choose(scene, None)) for scene in scenes if _has_source(scene)]
    with Step(context.store) as step:
        heads = [step.add_optional(partial(_head, context, s.name, c.version)) for s, c in choices]
    found: dict[tuple[str, str], Waiting] = {}
    questions: list[Question] = []
    for (scene, choice), head in zip(choices, heads, strict=True):
        sha256 = sha256_of(head.result) if head.result else None
        if sha256 is None or choice.sha256 not in {None, sha256}:
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


def _has_source(scene: Scene) -> bool:
    if scene.before is None:
        return scene.newest > 0
    held = scene.source.alias if scene.source else None
    return held is not None and not held.is_split and held.version != naming.LATEST_VERSION


def _broken(choice: Choice) -> Waiting:
    sentence = f"version {choice.version} is gone, or has other bytes than were meant"
    return Waiting(choice.version, choice.sha256 or "", {"bytes": sentence})

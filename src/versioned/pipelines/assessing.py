"""Whether a version may go into a rank: its bytes pinned, its gates looked at."""

from __future__ import annotations

from collections.abc import Mapping

from versioned.context import Context
from versioned.errors import ContentMismatchError, GateRefusedError, InvalidInputError
from versioned.pipelines.evidence import Question, gather_evidence
from versioned.pipelines.fields import check_note
from versioned.pipelines.gates import Candidate, unmet
from versioned.pipelines.scene import Choice, Scene
from versioned.steps import Pending, Step
from versioned.versions import head_version, sha256_of


def pin(context: Context, scene: Scene, choice: Choice) -> Candidate:
    """The choice with its bytes: those that the rank before recorded, else those that the
    version has now, for which it takes one request. Raises ArtifactNotFoundError."""
    sha256 = choice.sha256 or sha256_of(head_version(context, scene.name, choice.version))
    return Candidate(
        name=scene.name,
        rank=scene.rank,
        version=choice.version,
        sha256=sha256,
        before=scene.before,
        out_of_order=choice.out_of_order,
    )


def assess(context: Context, scene: Scene, choice: Choice, candidate: Candidate) -> dict[str, str]:
    """The gates that a pinned choice does not meet, a sentence each. Two steps, fewer where no
    gate asks for evidence.

    Raises ArtifactNotFoundError, ContentMismatchError where the number does not have the bytes
    that the rank before recorded.
    """
    gate = scene.policy.gate(scene.rank)
    heads: list[Pending[str]] = []

    def head(step: Step) -> None:
        if choice.sha256:
            version = candidate.version
            heads.append(step.add(lambda: sha256_of(head_version(context, scene.name, version))))

    (evidence,) = gather_evidence(context, [Question(candidate, gate, scene.source)], head)
    for found in heads:
        check_bytes(candidate, found.result)
    return unmet(gate, candidate, evidence)


def check_bytes(candidate: Candidate, sha256: str) -> None:
    """Raises ContentMismatchError unless these are the bytes of the candidate."""
    if sha256 != candidate.sha256:
        raise ContentMismatchError(
            f"version {candidate.version} of {candidate.name!r} has the sha256 {sha256[:12]}, and "
            f"{candidate.sha256[:12]} is meant: another tool deleted it and used the number again",
            hint=f"see versioned ls {candidate.name}, and start with what is there now",
        )


def check_force(message: str | None, *, force: bool) -> None:
    """Raises InvalidInputError where gates are to be overridden without a reason."""
    check_note("message", message)
    if force and not (message or "").strip():
        raise InvalidInputError(
            "to override gates takes a reason", hint="say it with --message, in Python message="
        )


def overridden(candidate: Candidate, missing: Mapping[str, str], *, force: bool) -> tuple[str, ...]:
    """The gates that a forced move overrides. Raises GateRefusedError where it is not forced."""
    if missing and not force:
        raise GateRefusedError(
            f"{candidate.name}@{candidate.version} may not go to {candidate.rank}, not met: "
            + ", ".join(missing),
            unmet=missing,
            hint="nothing was moved; --force -m REASON overrides it, and the ledger keeps that",
        )
    return tuple(missing)

"""Putting one version into a rank, with exactly the bytes that are meant."""

from __future__ import annotations

from versioned.alias_records import HeldAlias
from versioned.alias_writing import put_alias
from versioned.context import Context
from versioned.models import Alias, Cause
from versioned.pipelines.gates import Candidate
from versioned.targets import ABSENT, Expectation, Target


def seen(held: HeldAlias | None) -> Expectation | None:
    """That a rank still is what it was when it was looked at."""
    return Expectation.of(held.alias if held else ABSENT)


def move(
    context: Context,
    candidate: Candidate,
    held: HeldAlias | None,
    cause: Cause,
    *,
    message: str | None,
    by: str | None,
    restores: str | None = None,
) -> Alias:
    """One compare-and-set on the state that was seen, all traffic to the candidate.

    Raises ContentMismatchError where the number has other bytes by now, else as `put_alias`.
    """
    return put_alias(
        context,
        candidate.name,
        candidate.rank,
        Target(candidate.version),
        expect=seen(held),
        message=message,
        by=by,
        restores=restores,
        cause=cause,
        meant={candidate.version: candidate.sha256},
    )

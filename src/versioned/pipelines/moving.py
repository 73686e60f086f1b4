"""Putting one version into a rank, with exactly the bytes that are meant."""

from __future__ import annotations

from versioned.alias_deletion import delete_alias
from versioned.alias_records import HeldAlias
from versioned.alias_writing import put_alias
from versioned.context import Context
from versioned.errors import ContentMismatchError
from versioned.models import Alias, Cause
from versioned.pipelines.assessing import check_bytes
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

    Where another tool used the number again in the very moment, so that other bytes were
    recorded, the move is taken back. Raises ContentMismatchError, else as `put_alias`.
    """
    after = put_alias(
        context,
        candidate.name,
        candidate.rank,
        Target(candidate.version),
        expect=seen(held),
        message=message,
        by=by,
        restores=restores,
        cause=cause,
    )
    try:
        check_bytes(candidate, after.sha256 or "")
    except ContentMismatchError as error:
        _take_back(context, after, held, error.message)
        raise
    return after


def _take_back(context: Context, after: Alias, held: HeldAlias | None, reason: str) -> None:
    expect = Expectation(revision=after.revision)
    if held is None:
        delete_alias(
            context,
            after.name,
            after.alias,
            expect=expect,
            message=reason,
            cause=Cause("rollback"),
        )
        return
    put_alias(
        context,
        after.name,
        after.alias,
        Target.of_alias(held.alias),
        expect=expect,
        message=reason,
        restores=held.identity,
        cause=Cause("rollback"),
    )

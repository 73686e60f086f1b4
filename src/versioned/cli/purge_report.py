"""What a purge would do or did, for all modes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from versioned.cli.output import Block
from versioned.cli.tables import Column, Table
from versioned.cli.words import age_words, count_words, ref, size_words
from versioned.deletion import RetentionResult
from versioned.models import Alias, Artifact
from versioned.retention import RetentionDecision, RetentionPlan

_COLUMNS = (
    Column("VERSION"),
    Column("PLAN"),
    Column("SIZE", right=True, drop=2),
    Column("AGE", right=True, drop=1),
    Column("REASON", shrink=12),
)


def document(
    plans: Sequence[RetentionPlan], results: Sequence[RetentionResult], *, applied: bool
) -> dict[str, Any]:
    """The plans, and what became of them."""
    return {
        "plans": [plan.to_dict() for plan in plans],
        "applied": applied,
        "results": [
            {
                "name": result.plan.name,
                "deleted": [one.to_dict() for one in result.deleted],
                "spared": [asdict(spared) for spared in result.spared],
            }
            for result in results
        ],
    }


def refs(
    plans: Sequence[RetentionPlan], results: Sequence[RetentionResult], *, applied: bool
) -> list[str]:
    """What was deleted, or would be."""
    gone = [r.deleted for r in results] if applied else [p.removed for p in plans]
    return [ref(one.name, one.version) for artifacts in gone for one in artifacts]


def blocks(
    plans: Sequence[RetentionPlan],
    results: Sequence[RetentionResult],
    *,
    applied: bool,
    every: bool,
) -> list[Block]:
    """The plan as a table, what goes first; what is kept as a summary unless `every`."""
    decided = [(plan, decision) for plan in plans for decision in plan.decisions]
    many = len(plans) > 1
    removed = [_row(p, d, named=many) for p, d in decided if not d.keep]
    kept = [_row(p, d, named=many) for p, d in decided if d.keep]
    shown = [*removed, *kept] if every else removed
    blocks: list[Block] = [Table(_COLUMNS, shown)] if shown else []
    blocks.append(_total([one for plan in plans for one in plan.removed], len(kept)))
    if not every:
        blocks += _summary([d for _, d in decided if d.keep])
    if applied and removed:
        blocks += _applied(results)
    return blocks


def whole(
    name: str, versions: Sequence[Artifact], aliases: Sequence[Alias], *, applied: bool
) -> list[Block]:
    """What the end of a whole artifact takes with it."""
    words = f"deleted {name}" if applied else f"to delete: {name}"
    size = size_words(sum(one.size for one in versions))
    rows = [(ref(name, alias.alias), alias.version) for alias in aliases]
    blocks: list[Block] = [Table((Column("ALIAS"), Column("POINTS AT")), rows)] if rows else []
    blocks.append(
        f"{words}: {count_words(len(versions), 'version')} ({size}), "
        f"{count_words(len(aliases), 'alias')}, its history and its numbers"
    )
    return blocks


def _row(plan: RetentionPlan, decision: RetentionDecision, *, named: bool) -> tuple[str, ...]:
    one = decision.artifact
    age = age_words(one.update_datetime, plan.at)
    words = "keep" if decision.keep else "remove"
    version = ref(one.name, one.version) if named else one.version
    return version, words, size_words(one.size), age, decision.reason


def _total(removed: Sequence[Artifact], kept: int) -> str:
    size = size_words(sum(one.size for one in removed))
    going = f"remove {count_words(len(removed), 'version')} ({size})" if removed else "remove none"
    return f"{going}, keep {kept}"


def _summary(kept: Sequence[RetentionDecision]) -> list[Block]:
    return [
        f"  keep {count}: {reason}" for reason, count in Counter(d.reason for d in kept).items()
    ]


def _applied(results: Sequence[RetentionResult]) -> list[Block]:
    deleted = [one for result in results for one in result.deleted]
    size = size_words(sum(one.size for one in deleted))
    blocks: list[Block] = [f"deleted {count_words(len(deleted), 'version')} ({size})"]
    blocks += [
        f"  spared {ref(spared.artifact.name, spared.artifact.version)}: {spared.reason}"
        for result in results
        for spared in result.spared
    ]
    return blocks

"""What pruning images would do or did, for all modes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from versioned.cli.images_uses import sources_blocks
from versioned.cli.images_words import bytes_words, short_digest, tag_words
from versioned.cli.output import Block
from versioned.cli.tables import Column, Table
from versioned.cli.words import count_words, size_words
from versioned.images.lifecycle import LifecyclePreview
from versioned.images.removal import Removal
from versioned.images.retention import ImageDecision, ImagePlan, Rule
from versioned.images.sources.base import References

NameOf = Callable[[str], str]
"""From the path of a repository to the project's name for it."""

_KEPT = {
    Rule.REFERENCED: "in use",
    Rule.REFERENCES_UNKNOWN: "may be in use",
    Rule.CHILD: "an index that stays needs it",
    Rule.REFERRER: "about an image that stays",
    Rule.SUBJECT: "something that stays is about it",
    Rule.TAGGED: "tagged",
    Rule.TAG_PATTERN: "a tag is to be kept",
    Rule.NEWEST: "among the newest",
    Rule.YOUNG: "too young",
    Rule.AGE_UNKNOWN: "of no known age",
    Rule.UNTAGGED_KEPT: "untagged images stay",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The plans, what they stand on, and what became of them: `results` are `None` where nothing
    was to be done. `previews` are ECR's own, by repository, where they were asked for."""

    plans: Sequence[ImagePlan]
    references: References
    results: Sequence[Removal] | None
    previews: Mapping[str, Sequence[LifecyclePreview]] | None = None

    @property
    def decided(self) -> Iterator[tuple[ImagePlan, ImageDecision]]:
        """Every decision with its plan."""
        return ((plan, decision) for plan in self.plans for decision in plan.decisions)

    def preview_words(self, plan: ImagePlan, digest: str) -> str:
        """What ECR would do with an image; empty where it would do nothing."""
        found = (self.previews or {}).get(plan.repository, ())
        matching = (one for one in found if one.digest == digest)
        return next((f"{one.action}, rule {one.rule_priority}" for one in matching), "")


def document(outcome: Outcome) -> dict[str, Any]:
    """The plans, and what became of them."""
    results = [one.to_dict() for one in outcome.results or ()]
    return {
        "plans": [plan.to_dict() for plan in outcome.plans],
        "sources": [one.to_dict() for one in outcome.references.reports],
        "lifecycle": None
        if outcome.previews is None
        else {path: [one.to_dict() for one in found] for path, found in outcome.previews.items()},
        "applied": outcome.results is not None,
        "results": [{"repository": one.pop("plan")["repository"], **one} for one in results],
    }


def images(outcome: Outcome, name_of: NameOf) -> list[str]:
    """What was deleted, or would be, as commands take it."""
    gone = (
        [(plan.repository, plan.removed) for plan in outcome.plans]
        if outcome.results is None
        else [(one.plan.repository, one.deleted) for one in outcome.results]
    )
    return [f"{name_of(path)}@{image.digest}" for path, found in gone for image in found]


def blocks(outcome: Outcome, name_of: NameOf, *, every: bool) -> list[Block]:
    """The plan as a table, what goes first; what is kept as a summary unless `every`."""
    removed = [(p, d) for p, d in outcome.decided if not d.keep]
    kept = [(p, d) for p, d in outcome.decided if d.keep]
    also = [(p, d) for p, d in kept if every or outcome.preview_words(p, d.image.digest)]
    found: list[Block] = []
    if removed or also:
        found.append(_table(outcome, [*removed, *also], name_of))
    size = size_words(sum(plan.removed_bytes for plan in outcome.plans))
    going = f"remove {count_words(len(removed), 'image')} ({size})" if removed else "remove none"
    found.append(f"{going}, keep {len(kept):,}")
    if not every:
        found += kept_lines(outcome.plans, "keep")
    found += _incomplete(outcome.plans, name_of)
    found += sources_blocks(outcome.references.reports)
    if outcome.results is not None and removed:
        found += _applied(outcome.results, name_of)
    return found


def kept_lines(plans: Sequence[ImagePlan], word: str) -> list[str]:
    """How many images stay, by rule; each line begins with the word."""
    counts = Counter(d.rule for plan in plans for d in plan.decisions if d.keep)
    return [f"  {word} {count:,}: {_KEPT[rule]}" for rule, count in counts.items()]


def of_unknown_age(plans: Sequence[ImagePlan]) -> int:
    """How many images stay only because nobody knows how old they are."""
    return sum(d.rule is Rule.AGE_UNKNOWN for plan in plans for d in plan.decisions)


def _table(
    outcome: Outcome, decided: Sequence[tuple[ImagePlan, ImageDecision]], name_of: NameOf
) -> Table:
    columns = (
        (Column("NAME"), len(outcome.plans) > 1),
        (Column("DIGEST"), True),
        (Column("TAGS", shrink=8, drop=1), any(d.image.tags for _, d in decided)),
        (Column("PLAN"), any(d.keep for _, d in decided)),
        (Column("SIZE", right=True, drop=2), True),
        (Column("ECR WOULD"), outcome.previews is not None),
        (Column("RULE", drop=3), True),
        (Column("REASON", shrink=12), True),
    )
    rows = [
        (
            name_of(plan.repository),
            short_digest(one.image.digest),
            ", ".join(map(tag_words, one.image.tags)),
            "keep" if one.keep else "remove",
            bytes_words(one.image.size or None),
            outcome.preview_words(plan, one.image.digest) or "keep",
            one.rule.value,
            one.reason,
        )
        for plan, one in decided
    ]
    shown = [place for place, (_, wanted) in enumerate(columns) if wanted]
    return Table(
        [columns[place][0] for place in shown], [[row[place] for place in shown] for row in rows]
    )


def _incomplete(plans: Sequence[ImagePlan], name_of: NameOf) -> list[Block]:
    """Indexes that can't be pulled whole, which no plan of ours made so."""
    return [
        f"  {name_of(plan.repository)}: the index {short_digest(index)} lacks "
        f"{count_words(len(children), 'image')}, and did before"
        for plan in plans
        for index, children in plan.missing_children.items()
    ]


def _applied(results: Sequence[Removal], name_of: NameOf) -> list[Block]:
    count = sum(len(result.deleted) for result in results)
    size = size_words(sum(result.bytes_freed for result in results))
    found: list[Block] = [f"deleted {count_words(count, 'image')} ({size})"]
    for result in results:
        name = name_of(result.plan.repository)
        found += [
            f"  spared {name}@{short_digest(spared.image.digest)}: {spared.reason}"
            for spared in result.spared
        ]
        found += [
            f"  not deleted {name}@{short_digest(failure.identity)}: {failure.reason}"
            for failure in result.failures
        ]
    return found

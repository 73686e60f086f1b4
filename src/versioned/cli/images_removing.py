"""`versioned images prune` and `cleanup`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from versioned.cli import images_report
from versioned.cli.arguments import DURATION, yes_option
from versioned.cli.exits import NeedsYesError
from versioned.cli.images_options import ImagesCommand, ImagesSession, pass_images
from versioned.cli.images_report import Outcome
from versioned.cli.images_uses import check_deleted
from versioned.cli.words import count_words
from versioned.errors import NotFoundError, VersionedError
from versioned.images.registry import Deletion
from versioned.images.retention import (
    DAY,
    DEFAULT_UNTAGGED_OLDER_THAN_SECS,
    ImagePlan,
    ImageRetention,
    Rule,
)

if TYPE_CHECKING:
    from versioned.images.lifecycle import LifecyclePreview
    from versioned.images.removal import Removal

_all_decisions_option = click.option(
    "--all-decisions", is_flag=True, help="Show every image that is kept, too."
)
_dry_run_option = click.option(
    "--dry-run", "--plan-only", "dry_run", is_flag=True, help="Only show the plan."
)


@dataclass(frozen=True, slots=True)
class Request:
    """What both commands ask for."""

    name: str | None
    rules: ImageRetention
    all_decisions: bool
    dry_run: bool
    yes: bool
    lifecycle: bool = False

    def check(self) -> None:
        """Raises UsageError for what can't be meant together."""
        if self.dry_run and self.yes:
            raise click.UsageError("--dry-run and --yes exclude each other.")


@click.command(
    "prune",
    cls=ImagesCommand,
    looks_at_uses=True,
    example="""
    versioned images prune app --files deploy/
    versioned images prune --keep-last 20 --older-than 90d --keep-tag 'v*' --yes
    versioned images prune app --remove-tag 'pr-*' --lifecycle
    """,
)
@click.argument("name", required=False)
@click.option(
    "--untagged-older-than",
    metavar="AGE",
    type=DURATION,
    help=f"Untagged images go then.  [default: {DEFAULT_UNTAGGED_OLDER_THAN_SECS // DAY}d]",
)
@click.option("--keep-untagged", is_flag=True, help="Untagged images stay.")
@click.option(
    "--keep-last", metavar="N", type=click.IntRange(min=0), help="Tagged ones go but the newest N."
)
@click.option(
    "--older-than", "older_than_secs", metavar="AGE", type=DURATION, help="Tagged ones go then."
)
@click.option(
    "--remove-tag",
    "remove_tags",
    metavar="PATTERN",
    multiple=True,
    help="Tagged ones go only if all their tags match, as in 'pr-*'; repeat it.",
)
@click.option(
    "--keep-tag",
    "keep_tags",
    metavar="PATTERN",
    multiple=True,
    help="Tags that keep their image, as in 'v*'; repeat it.",
)
@click.option(
    "--by-created",
    "go_by",
    flag_value="created",
    default="pushed",
    help="The age is what the image itself says.",
)
@click.option("--lifecycle", is_flag=True, help="Show what ECR would do, too, by its own preview.")
@_all_decisions_option
@_dry_run_option
@yes_option
@pass_images
def prune(
    ours: ImagesSession,
    /,
    *,
    name: str | None,
    untagged_older_than: float | None,
    keep_untagged: bool,
    lifecycle: bool,
    all_decisions: bool,
    dry_run: bool,
    yes: bool,
    **rules: Any,  # noqa: ANN401 - ImageRetention has them
) -> None:
    """Delete old images, but none that is in use.

    Of one repository, or of all. Untagged images go by their age. Tagged ones stay, unless
    --keep-last, --older-than or --remove-tag asks for some: then one goes to which all of these
    apply. The plan is shown first: every image with the rule and the reason. What is in use
    stays, with all that it consists of and its signatures; where a source of references did not
    answer, nothing goes.
    """
    if keep_untagged and untagged_older_than is not None:
        raise click.UsageError("--keep-untagged and --untagged-older-than exclude each other.")
    default = DEFAULT_UNTAGGED_OLDER_THAN_SECS
    age = default if untagged_older_than is None else untagged_older_than
    retention = ImageRetention(untagged_older_than_secs=None if keep_untagged else age, **rules)
    _run(ours, Request(name, retention, all_decisions, dry_run, yes, lifecycle))


@click.command(
    "cleanup",
    cls=ImagesCommand,
    looks_at_uses=True,
    example="""
    versioned images cleanup app
    versioned images cleanup --all --yes
    """,
)
@click.argument("name", required=False)
@click.option("--all", "everywhere", is_flag=True, help="Of all repositories of the project.")
@_all_decisions_option
@_dry_run_option
@yes_option
@pass_images
def cleanup(
    ours: ImagesSession,
    /,
    *,
    name: str | None,
    everywhere: bool,
    all_decisions: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete all untagged images that nothing needs.

    What is in use stays, what a tagged image consists of, and what was pushed in the last hour, as
    far as the registry tells; where a source of references did not answer, nothing goes.
    """
    if (name is None) != everywhere:
        raise click.UsageError("Say which repository: NAME, or --all.")
    _run(ours, Request(name, ImageRetention.cleanup(), all_decisions, dry_run, yes))


def _run(ours: ImagesSession, request: Request) -> None:
    request.check()
    if request.lifecycle:
        _ = ours.images.ecr  # before anything takes long
    references = ours.references()
    plans = ours.images.plan(references, request.rules, name=request.name)
    previews = {one.repository: _preview(ours, one) for one in plans} if request.lifecycle else None
    results, failure = _apply(ours, plans) if request.yes else ([], None)
    outcome = Outcome(plans, references, results if request.yes else None, previews)
    ours.out.answer(
        images_report.document(outcome),
        quiet=images_report.images(outcome, ours.name_of),
        people=images_report.blocks(outcome, ours.name_of, every=request.all_decisions),
    )
    count = images_report.of_unknown_age(plans)
    if count and request.rules.go_by == "pushed":
        ours.out.note(
            f"the registry does not know how old {count_words(count, 'image')} may be: "
            "--by-created goes by what they say themselves"
        )
    if failure:
        raise failure
    check_deleted([_deletion(one) for one in results])
    held = [d for one in plans for d in one.decisions if d.rule is Rule.REFERENCES_UNKNOWN]
    if held:
        raise references.unknown(f"{count_words(len(held), 'image')} would go, but may be in use")
    if references.unanswered:
        raise references.unknown("nothing would go; but what is in use is not known")
    if any(one.removed for one in plans) and not request.yes and not request.dry_run:
        raise NeedsYesError


def _preview(ours: ImagesSession, plan: ImagePlan) -> Sequence[LifecyclePreview]:
    try:
        return ours.images.ecr.preview_lifecycle(plan.repository)
    except NotFoundError as error:
        ours.out.warn(error.message)
        return ()


def _apply(
    ours: ImagesSession, plans: Sequence[ImagePlan]
) -> tuple[list[Removal], VersionedError | None]:
    """Apply all plans; one that fails does not keep the others from being applied."""
    results: list[Removal] = []
    failure: VersionedError | None = None
    for plan in plans:
        try:
            results.append(ours.images.apply(plan, skip=ours.skip))
        except VersionedError as error:
            failure = failure or error
    return results, failure


def _deletion(result: Removal) -> Deletion:
    return Deletion(
        result.plan.repository,
        tuple(one.digest for one in result.deleted),
        tuple(tag for one in result.deleted for tag in one.tags),
        result.failures,
    )

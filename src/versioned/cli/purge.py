"""`versioned purge`: retention over one artifact or many, and the end of a whole one."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import click

from versioned.cli import purge_report
from versioned.cli.arguments import DURATION, NAME, message_option, yes_option
from versioned.cli.exits import NeedsYesError
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.deletion import RetentionResult
from versioned.errors import ArtifactNotFoundError, VersionedError
from versioned.repository import Repository
from versioned.retention import DEFAULT_KEEP_LAST_N, DEFAULT_OLDER_THAN_SECS, RetentionPlan


@dataclass(frozen=True, slots=True)
class Request:
    """What the options ask for."""

    name: str | None
    match: str | None
    keep_last: int | None
    older_than: float | None
    everything: bool
    dry_run: bool
    message: str | None
    yes: bool

    def check(self) -> None:
        """Raises UsageError for what can't be meant together."""
        if (self.name is None) == (self.match is None):
            raise click.UsageError("Say which artifacts: NAME, or --match PATTERN ('*' for all).")
        if self.everything and (self.match or (self.keep_last, self.older_than) != (None, None)):
            raise click.UsageError("--everything takes a NAME and no rule of retention.")
        if self.dry_run and self.yes:
            raise click.UsageError("--dry-run and --yes exclude each other.")


@command(
    "purge",
    example="""
    versioned purge app --keep-last 5 --older-than 30d
    versioned purge --match 'nightly-*' --yes
    versioned purge app --everything --yes
    """,
)
@click.argument("name", type=NAME, required=False)
@click.option("--match", metavar="PATTERN", help="All artifacts with such names, as in 'app-*'.")
@click.option(
    "--keep-last",
    metavar="N",
    type=click.IntRange(min=0),
    help=f"Keep the newest N.  [default: {DEFAULT_KEEP_LAST_N}]",
)
@click.option(
    "--older-than", metavar="AGE", type=DURATION, help="Keep what is younger.  [default: 90d]"
)
@click.option("--everything", is_flag=True, help="The whole artifact, with aliases and history.")
@click.option("--all-decisions", is_flag=True, help="Show every version that is kept, too.")
@click.option("--dry-run", "--plan-only", "dry_run", is_flag=True, help="Only show the plan.")
@message_option
@yes_option
@click.pass_obj
def purge(session: Session, /, *, all_decisions: bool, **options: Any) -> None:  # noqa: ANN401 - Request has them
    """Delete old versions, but none that an alias uses.

    The plan is shown first: every version with the reason why it goes or stays. LATEST, the
    newest versions, young ones and those that an alias refers to stay.
    """
    request = Request(**options)
    request.check()
    repository = session.repository()
    if request.everything:
        _purge_whole(session, repository, request)
        return
    plans = [
        plan for name in _names(repository, request) if (plan := _plan(repository, name, request))
    ]
    results, failure = _apply(repository, plans, request) if request.yes else ([], None)
    session.out.answer(
        purge_report.document(plans, results, applied=request.yes),
        quiet=purge_report.refs(plans, results, applied=request.yes),
        people=purge_report.blocks(plans, results, applied=request.yes, every=all_decisions),
    )
    if failure:
        raise failure
    if any(plan.removed for plan in plans) and not request.yes and not request.dry_run:
        raise NeedsYesError


def _names(repository: Repository, request: Request) -> list[str]:
    if request.name is not None:
        return [request.name]
    pattern = request.match or ""
    found = [name for name in repository.list_artifact_names() if fnmatchcase(name, pattern)]
    if not found:
        raise ArtifactNotFoundError(
            f"no artifact matches {pattern!r}", hint="versioned ls shows which there are"
        )
    return found


def _plan(repository: Repository, name: str, request: Request) -> RetentionPlan | None:
    """`None` for an artifact that matches and has no versions left."""
    keep = DEFAULT_KEEP_LAST_N if request.keep_last is None else request.keep_last
    age = DEFAULT_OLDER_THAN_SECS if request.older_than is None else request.older_than
    try:
        return repository.plan_retention(name, keep, age)
    except ArtifactNotFoundError:
        if request.match is None:
            raise
        return None


def _apply(
    repository: Repository, plans: list[RetentionPlan], request: Request
) -> tuple[list[RetentionResult], VersionedError | None]:
    """Apply all plans; one that fails does not keep the others from being applied."""
    results: list[RetentionResult] = []
    failure: VersionedError | None = None
    for plan in plans:
        try:
            results.append(repository.apply_retention(plan, message=request.message))
        except VersionedError as error:
            failure = failure or error
    return results, failure


def _purge_whole(session: Session, repository: Repository, request: Request) -> None:
    name = request.name or ""
    if name not in repository.list_artifact_names():
        raise ArtifactNotFoundError(
            f"there is no artifact {name!r}", hint="versioned ls shows which there are"
        )
    try:
        versions = repository.list_artifact_versions(name)
    except ArtifactNotFoundError:  # only its numbers and its history are left
        versions = []
    aliases = repository.list_aliases(name)
    if request.yes:
        repository.purge_artifact(name)
    session.out.answer(
        {
            "name": name,
            "versions": [one.to_dict() for one in versions],
            "aliases": [alias.to_dict() for alias in aliases],
            "applied": request.yes,
        },
        quiet=[name],
        people=purge_report.whole(name, versions, aliases, applied=request.yes),
    )
    if not request.yes and not request.dry_run:
        raise NeedsYesError

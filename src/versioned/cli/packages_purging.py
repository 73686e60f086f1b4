"""`versioned packages purge`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import click

from versioned.cli.arguments import DURATION, message_option, yes_option
from versioned.cli.exits import NeedsYesError
from versioned.cli.output import Block
from versioned.cli.packages_arguments import AREA, Area
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_words import set_words
from versioned.cli.tables import Column, Table
from versioned.cli.words import age_words, count_words, size_words
from versioned.errors import InvalidInputError
from versioned.packages.removal import PackageRemoval
from versioned.packages.retention import PackagePlan, PackageRetention, PlannedSet

_DAY = 86400
_DEFAULTS = PackageRetention()


@click.command(
    "purge",
    cls=PackagesCommand,
    example="""
    versioned packages purge AbcDev --keep-sets 3 --older-than 14d
    versioned packages purge AbcDev/pypi/pyabc --keep-versions 10 --yes
    """,
)
@click.argument("area", metavar="REPOSITORY[/FORMAT/PACKAGE]", type=AREA)
@click.option(
    "--keep-sets",
    metavar="N",
    type=click.IntRange(min=0),
    default=_DEFAULTS.keep_sets,
    help=f"Keep the newest N sets of each version.  [default: {_DEFAULTS.keep_sets}]",
)
@click.option(
    "--keep-versions",
    metavar="N",
    type=click.IntRange(min=1),
    help="Keep the newest N versions of each package.  [default: all]",
)
@click.option(
    "--older-than",
    metavar="AGE",
    type=DURATION,
    default=_DEFAULTS.older_than_days * _DAY,
    help=f"Keep what is younger.  [default: {_DEFAULTS.older_than_days:g}d]",
)
@click.option("--all-decisions", is_flag=True, help="Show every set that is kept, too.")
@click.option("--dry-run", "--plan-only", "dry_run", is_flag=True, help="Only show the plan.")
@message_option
@yes_option
@pass_packages
def purge(
    ours: PackagesSession,
    /,
    *,
    area: Area,
    keep_sets: int,
    keep_versions: int | None,
    older_than: float,
    all_decisions: bool,
    dry_run: bool,
    message: str | None,
    yes: bool,
) -> None:
    """Delete old asset sets and versions.

    None that is active or young. The plan is shown first: every set with the reason why it goes or stays. Of each version its
    active set stays; a version goes whole only by --keep-versions. What changed since the plan
    was made is spared.
    """
    if dry_run and yes:
        raise click.UsageError("--dry-run and --yes exclude each other.")
    if area.kind is not None and area.package is None:
        raise InvalidInputError(
            f"{area} is neither a repository nor a package",
            hint=f"{area.repository}, or {area}/PACKAGE",
        )
    rules = PackageRetention(keep_sets, keep_versions, older_than / _DAY)
    plan = ours.packages.plan_retention(area.repository, rules, package=area.package)
    removal = ours.packages.apply_retention(plan, message=message) if yes else None
    gone = plan.removed if removal is None else removal.removed
    ours.out.answer(
        {
            "plan": plan.to_dict(),
            "applied": yes,
            "result": removal and removal.to_dict(),
        },
        quiet=[_reference(plan, one) for one in gone],
        people=_blocks(plan, removal, every=all_decisions),
    )
    if plan.removed and not yes and not dry_run:
        raise NeedsYesError


def _reference(plan: PackagePlan, one: PlannedSet) -> str:
    """`AbcDev/pypi/pyabc@1.0.0 23`."""
    where = f"{plan.repository}/{one.package.format}/{one.package}@{one.version}"
    return f"{where} {one.asset_set or ''}".rstrip()


def _blocks(plan: PackagePlan, removal: PackageRemoval | None, *, every: bool) -> list[Block]:
    """The plan as a table, what goes first; what is kept as a summary unless `every`."""
    kept = [one for one in plan.sets if not one.removed]
    shown = [*plan.removed, *(kept if every else ())]
    blocks: list[Block] = [_table(plan, shown)] if shown else []
    size = size_words(sum(one.size for one in plan.removed))
    count = count_words(len(plan.removed), "set")
    going = f"remove {count} ({size})" if plan.removed else "remove none"
    blocks.append(f"{going}, keep {len(kept):,}")
    if not every:
        counts = Counter(one.reason for one in kept)
        blocks += [f"  keep {number:,}: {reason}" for reason, number in counts.items()]
    if removal is not None and plan.removed:
        gone = count_words(len(removal.removed), "set")
        blocks.append(f"deleted {gone} ({size_words(removal.freed)})")
        blocks += [
            f"  spared {_reference(plan, one)}: the version has changed" for one in removal.spared
        ]
    return blocks


def _table(plan: PackagePlan, shown: list[PlannedSet]) -> Table:
    columns = (
        Column("PACKAGE", shrink=16),
        Column("VERSION"),
        Column("SET"),
        Column("PLAN"),
        Column("ASSETS", right=True, drop=3),
        Column("SIZE", right=True, drop=2),
        Column("AGE", right=True, drop=4),
        Column("REASON", shrink=20),
    )
    rows = [
        (
            f"{one.package.format}/{one.package}",
            one.version,
            set_words(one.asset_set),
            "remove" if one.removed else "keep",
            str(len(one.assets)),
            size_words(one.size),
            age_words(max(datetime.fromisoformat(a.uploaded_at) for a in one.assets), plan.at)
            if one.assets
            else "",
            one.reason,
        )
        for one in shown
    ]
    return Table(columns, rows)

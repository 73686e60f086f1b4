"""`versioned images orphans`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioned.cli.arguments import DURATION
from versioned.cli.images_options import ImagesCommand, ImagesSession, pass_images
from versioned.cli.images_report import kept_lines, of_unknown_age
from versioned.cli.images_uses import sources_table
from versioned.cli.images_words import short_digest
from versioned.cli.output import Block
from versioned.cli.tables import Column, Table, filled
from versioned.cli.words import age_words, count_words
from versioned.images.retention import DAY

if TYPE_CHECKING:
    from versioned.images.orphans import OrphanReport

_COLUMNS = (
    Column("IMAGE"),
    Column("DIGEST", drop=1),
    Column("PUSHED", right=True, drop=2),
)


@click.command(
    "orphans",
    cls=ImagesCommand,
    looks_at_uses=True,
    example="""
    versioned images orphans --files deploy/
    versioned images orphans app --older-than 90d
    """,
)
@click.argument("name", required=False)
@click.option(
    "--older-than",
    metavar="AGE",
    type=DURATION,
    default="30d",
    help="Tags older than that.  [default: 30d]",
)
@pass_images
def orphans(ours: ImagesSession, /, *, name: str | None, older_than: float) -> None:
    """List tags that nothing refers to. Deletes nothing.

    Of one repository, or of all. The table below tells what each source of references said; where
    one did not answer, nothing counts as an orphan, and the command ends with 10.
    """
    references = ours.references()
    found = ours.images.orphans(references, name=name, threshold_days=older_than / DAY)
    ours.out.answer(
        found.to_dict(),
        quiet=[f"{ours.name_of(one.repository)}:{one.tag}" for one in found.orphans],
        people=_blocks(ours, found),
    )
    if count := of_unknown_age(found.plans):
        ours.out.note(
            f"the registry does not know how old {count_words(count, 'image')} may be: "
            "--older-than 0 leaves the age aside"
        )
    if not found.are_known:
        raise references.unknown("which images are orphans is not known")


def _blocks(ours: ImagesSession, found: OrphanReport) -> list[Block]:
    rows = [
        (
            f"{ours.name_of(one.repository)}:{one.tag}",
            short_digest(one.digest),
            age_words(one.pushed_at, found.at) if one.pushed_at else "",
        )
        for one in found.orphans
    ]
    blocks: list[Block] = [filled(Table(_COLUMNS, rows))] if rows else []
    if found.are_known:
        looked_at = sum(len(plan.decisions) for plan in found.plans)
        blocks.append(f"{count_words(len(rows), 'orphan')} among {count_words(looked_at, 'image')}")
        blocks += kept_lines(found.plans, "besides")
    return [*blocks, sources_table(found.reports)]

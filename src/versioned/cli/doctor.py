"""`versioned doctor`."""

from __future__ import annotations

import click

from versioned.cli.arguments import DURATION, NAME
from versioned.cli.exits import UnmendedError
from versioned.cli.framework import command
from versioned.cli.output import Block
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import count_words
from versioned.context import LEASE, UPLOAD_LEASE
from versioned.doctor import Finding


@command("doctor", example="versioned doctor --mend")
@click.argument("name", type=NAME, required=False)
@click.option("--mend", is_flag=True, help="Mend what can be mended.")
@click.option(
    "--older-than",
    metavar="AGE",
    type=DURATION,
    default=LEASE,
    help=f"Leave alone what is younger.  [default: {LEASE / 60:g}m]",
)
@click.option(
    "--uploads-older-than",
    metavar="AGE",
    type=DURATION,
    default=UPLOAD_LEASE,
    help=f"The same for unfinished transfers.  [default: {UPLOAD_LEASE / 3600:g}h]",
)
@click.pass_obj
def doctor(
    session: Session,
    /,
    *,
    name: str | None,
    mend: bool,
    older_than: float,
    uploads_older_than: float,
) -> None:
    """Find what crashes left behind, and mend it.

    In one artifact or in all, and safe while others write. Ends with 9 if something is found and not mended; an index that is out of date is none, as the next listing mends it.
    """
    findings = session.repository().doctor(
        name, mend=mend, older_than=older_than, uploads_older_than=uploads_older_than
    )
    columns = (
        Column("ARTIFACT"),
        Column("FINDING"),
        Column("STATE", drop=1),
        Column("WHAT", shrink=24),
    )
    rows = [(f.artifact or "", f.code, _state(f), f.message) for f in findings]
    table: list[Block] = [Table(columns, rows)] if rows else []
    open_ones = [f for f in findings if not f.mended]
    found = f"{count_words(len(findings), 'finding')}, {len(findings) - len(open_ones)} mended"
    session.out.answer(
        [f.to_dict() for f in findings],
        quiet=[f.code for f in open_ones],
        people=[*table, found if findings else "all is well"],
    )
    serious = [f for f in open_ones if f.code not in _HARMLESS]
    if serious:
        raise UnmendedError(
            f"{count_words(len(serious), 'finding')} not mended", hint=_hint(serious, mend=mend)
        )


_HARMLESS = {"stale-index"}
"""Findings that every publish or deletion causes, and the next listing mends by itself."""


def _state(finding: Finding) -> str:
    if finding.mended:
        return "mended"
    return "can be mended" if finding.mendable else "needs you"


def _hint(findings: list[Finding], *, mend: bool) -> str:
    if not mend and any(f.mendable for f in findings):
        return "versioned doctor --mend"
    return "versioned doctor --json names the objects"

"""`versioned approvals`."""

from __future__ import annotations

import click

from versioned.cli.arguments import REF
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import time_words
from versioned.pipelines.pipeline import Pipeline
from versioned.references import Reference


@command("approvals", example="versioned approvals app@12 production")
@click.argument("reference", metavar="REF", type=REF)
@click.argument("rank", required=False)
@click.pass_obj
def approvals(session: Session, /, *, reference: Reference, rank: str | None) -> None:
    """List who approved the bytes of a version.

    The newest word of each person comes first, and is the one that counts.
    """
    found = Pipeline(session.repository()).approvals(str(reference), rank)
    columns = (
        Column("RANK"),
        Column("PERSON"),
        Column("SAID"),
        Column("WHEN", drop=2),
        Column("MESSAGE", drop=1, shrink=16),
    )
    rows = [(a.rank, a.person, a.word, time_words(a.at), a.message or "") for a in found]
    empty = f"nobody approved it: versioned approve {reference} RANK"
    session.out.answer(
        [a.to_dict() for a in found],
        quiet=[f"{a.rank} {a.person} {a.word}" for a in found],
        people=[Table(columns, rows, empty)],
    )

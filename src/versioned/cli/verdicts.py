"""`versioned verdicts`."""

from __future__ import annotations

import click

from versioned.cli.arguments import REF
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import time_words
from versioned.pipelines.pipeline import Pipeline
from versioned.references import Reference


@command("verdicts", example="versioned verdicts app@12")
@click.argument("reference", metavar="REF", type=REF)
@click.argument("check", required=False)
@click.pass_obj
def verdicts(session: Session, /, *, reference: Reference, check: str | None) -> None:
    """List the verdicts for the bytes of a version.

    The newest of each check comes first, and is the one that counts.
    """
    found = Pipeline(session.repository()).verdicts(str(reference), check)
    columns = (
        Column("CHECK"),
        Column("OUTCOME"),
        Column("WHEN", drop=3),
        Column("BY", drop=2, shrink=8),
        Column("URL", shrink=16),
        Column("MESSAGE", drop=1, shrink=16),
    )
    rows = [
        (v.check, v.outcome, time_words(v.at), v.by or "", v.url or "", v.message or "")
        for v in found
    ]
    empty = f"no verdicts: versioned verdict {reference} CHECK --pass records one"
    session.out.answer(
        [v.to_dict() for v in found],
        quiet=[f"{v.check} {v.outcome}" for v in found],
        people=[Table(columns, rows, empty)],
    )

"""`versioned history`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from versioned.cli.arguments import ALIAS_REF
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import age_words, cause_words, time_words
from versioned.errors import AliasNotFoundError
from versioned.models import LedgerEntry
from versioned.references import Reference
from versioned.targets import target_words


@command("history", example="versioned history app@prod --limit 5")
@click.argument("reference", metavar="NAME@ALIAS", type=ALIAS_REF)
@click.option("--limit", type=click.IntRange(min=1), help="So many entries at most.")
@click.pass_obj
def history(session: Session, /, *, reference: Reference, limit: int | None) -> None:
    """Show what happened to an alias, newest first.

    What was no plain write says how it was made: promote, demote, rollback or rollout, and which
    gates were overridden.
    """
    entries = session.repository().history(reference.name, reference.alias or "", limit=limit)
    if not entries:
        raise AliasNotFoundError(
            f"{reference} has no history",
            hint=f"versioned alias ls {reference.name} shows what has",
        )
    columns = [
        Column("POINTED AT"),
        Column("WHEN", drop=3),
        Column("AGE", right=True, drop=1),
        Column("BY", drop=2, shrink=8),
        Column("MESSAGE", shrink=16),
    ]
    rows = [_row(entry) for entry in entries]
    if any(entry.cause for entry in entries):  # most aliases know plain writes only
        columns.insert(1, Column("HOW", shrink=12))
        for entry, row in zip(entries, rows, strict=True):
            row.insert(1, cause_words(entry.cause) if entry.cause else "")
    session.out.answer(
        [entry.to_dict() for entry in entries],
        quiet=[_target(entry) for entry in entries],
        people=[Table(columns, rows)],
    )


def _row(entry: LedgerEntry) -> list[str]:
    age = age_words(datetime.fromisoformat(entry.at), datetime.now(UTC))
    return [_target(entry), time_words(entry.at), age, entry.by or "", entry.message or ""]


def _target(entry: LedgerEntry) -> str:
    return target_words(entry.state) if entry.state else "deleted"

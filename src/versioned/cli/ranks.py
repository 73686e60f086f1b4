"""`versioned ranks`."""

from __future__ import annotations

import click

from versioned.cli.arguments import NAME
from versioned.cli.framework import command
from versioned.cli.output import Block
from versioned.cli.session import Session
from versioned.cli.tables import Column, Fields, Table
from versioned.cli.words import age_of
from versioned.errors import ContaminatedError
from versioned.pipelines.board import BoardRow
from versioned.pipelines.pipeline import Pipeline
from versioned.targets import target_words


@command("ranks", example="versioned ranks app")
@click.argument("name", type=NAME, required=False)
@click.pass_obj
def ranks(session: Session, /, *, name: str | None) -> None:
    """Show what sits in each rank, and what waits for it.

    Also since when, and by whom; for one artifact what each gate is waiting for. What is
    damaged hides nothing else; the command ends with 5 then.
    """
    rows = Pipeline(session.repository()).board(name)
    columns = (
        Column("ARTIFACT"),
        Column("RANK"),
        Column("HOLDS"),
        Column("AGE", right=True, drop=2),
        Column("BY", drop=1, shrink=8),
        Column("WAITING", shrink=16),
    )
    empty = "nothing to show: versioned pipeline show tells which ranks there are"
    people: list[Block] = [Table(columns, [_cells(row) for row in rows], empty)]
    missing = _missing(rows) if name else []
    if missing:
        people += ["", Fields(missing)]
    session.out.answer(
        [row.to_dict() for row in rows],
        quiet=[f"{row.name}@{row.rank} {_holds(row) or '-'}" for row in rows],
        people=people,
    )
    _end(rows)


def _end(rows: list[BoardRow]) -> None:
    """Raises ContaminatedError with the first fault; all rows were shown before."""
    for row in rows:
        if row.fault:
            raise ContaminatedError(
                f"{row.name}@{row.rank}: {row.fault}",
                hint="restore what it names; versioned doctor --mend sets a damaged alias aside",
            )


def _cells(row: BoardRow) -> tuple[str, ...]:
    age = age_of(row.alias) if row.alias else ""
    by = (row.alias.by if row.alias else None) or ""
    return (row.name, row.rank, _holds(row), age, by, _waiting(row))


def _holds(row: BoardRow) -> str:
    if row.alias:
        return target_words(row.alias)
    return "damaged" if row.fault else ""


def _waiting(row: BoardRow) -> str:
    if row.fault:
        return row.fault
    if row.rollout:
        return f"rollout of {row.rollout} under way"
    if row.waiting is None:
        return ""
    return f"{row.waiting.version}: {', '.join(row.waiting.unmet) or 'ready'}"


def _missing(rows: list[BoardRow]) -> list[tuple[str, str]]:
    return [
        (f"{row.rank} {gate}", sentence)
        for row in rows
        if row.waiting
        for gate, sentence in row.waiting.unmet.items()
    ]

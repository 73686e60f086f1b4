"""`versioned rollout status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioned.cli.arguments import NAME
from versioned.cli.framework import command
from versioned.cli.output import Block
from versioned.cli.rollout import ALIAS
from versioned.cli.rollout_words import rollout_words, step_words
from versioned.cli.session import Session
from versioned.cli.tables import Column, Fields, Table
from versioned.cli.words import ref, time_words
from versioned.errors import ContaminatedError

if TYPE_CHECKING:
    from versioned.rollouts.listing import ListedRollout
    from versioned.rollouts.observing import RolloutStatus


@command("status", example="versioned rollout status app prod")
@click.argument("name", type=NAME, required=False)
@click.argument("alias", type=ALIAS, required=False)
@click.pass_obj
def status(session: Session, /, *, name: str | None, alias: str | None) -> None:
    """Show a rollout, under way or the last one, and what it waits for: one, or all.

    One that is damaged hides no other; the command ends with 5 then.
    """
    from versioned.rollouts.rollouts import Rollouts  # noqa: PLC0415 - `--help` needs no core

    rollouts = Rollouts(session.repository())
    if name is not None and alias is not None:
        one = rollouts.status(name, alias)
        session.out.answer(one.to_dict(), quiet=[one.rollout.status], people=_details(one))
        return
    found = rollouts.list_rollouts(name)
    session.out.answer(
        [each.to_dict() for each in found],
        quiet=[_ref(each) for each in found],
        people=[_table(found)],
    )
    _end(found)


def _end(found: list[ListedRollout]) -> None:
    """Raises ContaminatedError with the first fault; all rows were shown before."""
    for row in found:
        if row.fault:
            raise ContaminatedError(f"{_ref(row)}: {row.fault}", hint=_remedy(row))


def _remedy(row: ListedRollout) -> str:
    if row.alias:
        return f"versioned rollout status {row.name} {row.alias} says what to do"
    return "move the foreign object away"


def _ref(row: ListedRollout) -> str:
    return ref(row.name, row.alias) if row.alias else row.name


def _table(found: list[ListedRollout]) -> Table:
    columns = (
        Column("ALIAS"),
        Column("TO"),
        Column("STATUS"),
        Column("STEP", drop=1),
        Column("WAITS", drop=2, shrink=16),
    )
    return Table(columns, [_cells(each) for each in found], "there are no rollouts")


def _cells(row: ListedRollout) -> tuple[str, ...]:
    rollout = row.rollout
    if rollout is None:
        return (_ref(row), "", "damaged", "", row.fault or "")
    step = step_words(rollout) if rollout.active else ""
    return (_ref(row), rollout.new_version, rollout.status, step, row.waiting)


def _details(found: RolloutStatus) -> list[Block]:
    rollout = found.rollout
    pairs = [
        ("from", rollout.stable_version),
        ("strategy", rollout.strategy),
        ("checks", ", ".join(rollout.checks) or "none"),
        ("on failure", rollout.on_failure),
        ("now", found.waiting),
    ]
    columns = (
        Column("WHEN"),
        Column("WHAT"),
        Column("BY", drop=1, shrink=8),
        Column("WHY", shrink=16),
    )
    rows = [(time_words(line.at), line.what, line.by or "", line.reason) for line in rollout.log]
    return [rollout_words(rollout), Fields(pairs), Table(columns, rows)]

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

if TYPE_CHECKING:
    from versioned.rollouts.observing import RolloutStatus


@command("status", example="versioned rollout status app prod")
@click.argument("name", type=NAME, required=False)
@click.argument("alias", type=ALIAS, required=False)
@click.pass_obj
def status(session: Session, /, *, name: str | None, alias: str | None) -> None:
    """Show a rollout, under way or the last one, and what it waits for: one, or all."""
    from versioned.rollouts.rollouts import Rollouts  # noqa: PLC0415 - `--help` needs no core

    rollouts = Rollouts(session.repository())
    if name is not None and alias is not None:
        one = rollouts.status(name, alias)
        session.out.answer(one.to_dict(), quiet=[one.rollout.status], people=_details(one))
        return
    found = rollouts.list_rollouts(name)
    session.out.answer(
        [each.to_dict() for each in found],
        quiet=[ref(each.rollout.name, each.rollout.alias) for each in found],
        people=[_table(found)],
    )


def _table(found: list[RolloutStatus]) -> Table:
    columns = (
        Column("ALIAS"),
        Column("TO"),
        Column("STATUS"),
        Column("STEP", drop=1),
        Column("WAITS", drop=2, shrink=16),
    )
    rows = [
        (
            ref(each.rollout.name, each.rollout.alias),
            each.rollout.new_version,
            each.rollout.status,
            step_words(each.rollout) if each.rollout.active else "",
            each.waiting,
        )
        for each in found
    ]
    return Table(columns, rows, "there are no rollouts")


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

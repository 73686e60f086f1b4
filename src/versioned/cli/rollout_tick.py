"""`versioned rollout tick`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from versioned.cli import config
from versioned.cli.arguments import NAME, PAIR, as_dict
from versioned.cli.exits import Exit
from versioned.cli.framework import command
from versioned.cli.rollout import ALIAS
from versioned.cli.session import Session
from versioned.cli.words import ref
from versioned.targets import percent

if TYPE_CHECKING:
    from versioned.checks.base import Check
    from versioned.repository import Repository
    from versioned.rollouts.ticking import Tick


@command(
    "tick",
    example="""
    versioned rollout tick app prod
    versioned rollout tick app prod --check smoke='command:./smoke.sh --fast'
    """,
)
@click.argument("name", type=NAME, required=False)
@click.argument("alias", type=ALIAS, required=False)
@click.option(
    "--check",
    "checks",
    type=PAIR,
    multiple=True,
    metavar="NAME=SPEC",
    help="What a check is: command:..., https://..., alarm:NAME?region=..., verdict:CHECK. "
    "Else [checks] in .versioned.toml says it.",
)
@click.pass_obj
def tick(
    session: Session,
    /,
    *,
    name: str | None,
    alias: str | None,
    checks: tuple[tuple[str, str], ...],
) -> None:
    """Run the checks, and move a rollout on by at most one step: one, or all.

    For cron or CI: ticks at once, or late, do no harm. Ends with 11 where a rollout was rolled
    back or frozen by this tick.
    """
    from versioned.rollouts.rollouts import Rollouts  # noqa: PLC0415 - `--help` needs no core

    repository = session.repository()
    defined = _defined(session, repository, as_dict("--check", checks))
    rollouts = Rollouts(repository)
    if name is not None and alias is not None:
        one = rollouts.tick(name, alias, checks=defined)
        session.out.answer(one.to_dict(), quiet=[one.action], people=[_words(one)])
        ticks = [one]
    else:
        ticks = list(rollouts.tick_all(name, checks=defined))
        session.out.answer(
            [found.to_dict() for found in ticks],
            quiet=[f"{_ref(found)} {found.action}" for found in ticks],
            people=[_words(found) for found in ticks],
        )
        if not ticks:
            session.out.note("no rollout is under way")
    _end(session, ticks)


def _defined(session: Session, repository: Repository, given: dict[str, str]) -> dict[str, Check]:
    """The checks of the nearest config file, and those of the command line."""
    from versioned.checks.definitions import Surroundings, define_checks  # noqa: PLC0415

    directory, table = config.table("checks", session.environ, session.cwd)
    context = repository.context
    of_file = define_checks(table, Surroundings(context, directory, session.environ))
    of_line = define_checks(given, Surroundings(context, session.cwd, session.environ))
    return {**of_file, **of_line}


def _ref(tick: Tick) -> str:
    return ref(tick.name, tick.alias) if tick.alias else tick.name


def _words(tick: Tick) -> str:
    back = ""
    if tick.rollout and tick.action == "failed":
        back = f", all traffic back to {tick.rollout.stable_version}"
    elif tick.rollout and tick.action == "frozen":
        back = f", left at {percent(tick.rollout.basis_points)}"
    return f"{_ref(tick)}: {tick.action}{back}: {tick.reason}"


def _end(session: Session, ticks: Sequence[Tick]) -> None:
    """Tell what the checks found, and end with the code that says how it went."""
    for found in ticks:
        for run in found.checks:
            session.out.note(f"{_ref(found)}: {run.name}: {run.outcome.value}: {run.reason}")
    errors = [found.error for found in ticks if found.error is not None]
    if any(found.action in {"failed", "frozen"} for found in ticks):
        click.get_current_context().exit(Exit.ROLLED_BACK)
    if errors:
        raise errors[0]

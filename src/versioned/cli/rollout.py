"""`versioned rollout start`, `pause`, `resume`, `abort` and `promote`."""

from __future__ import annotations

import click

from versioned.cli import config
from versioned.cli.arguments import NAME, VERSION, Parsed, message_option
from versioned.cli.framework import Command, Group
from versioned.cli.promote import show_unmet
from versioned.cli.rollout_words import rollout_words
from versioned.cli.session import Session
from versioned.errors import GateRefusedError
from versioned.naming import validate_alias_name
from versioned.rollout_states import ON_FAILURE, OnFailure, Rollout


def _alias(text: str) -> str:
    validate_alias_name(text)
    return text


ALIAS = Parsed("alias", _alias)

name_argument = click.argument("name", type=NAME)
alias_argument = click.argument("alias", type=ALIAS)


@click.group(
    "rollout",
    cls=Group,
    lazy={
        "tick": "versioned.cli.rollout_tick:tick",
        "status": "versioned.cli.rollout_status:status",
    },
)
def rollout() -> None:
    """Move an alias to another version in steps, while checks pass."""


def answer(session: Session, found: Rollout) -> None:
    """What became of a rollout."""
    session.out.answer(found.to_dict(), quiet=[found.status], people=[rollout_words(found)])


@rollout.command(
    "start",
    cls=Command,
    example="""
    versioned rollout start app prod 13 --strategy canary:10%:5m
    versioned rollout start app prod 13 --strategy steps:5%:10m,50%:pause --check smoke
    """,
)
@name_argument
@alias_argument
@click.argument("version", type=VERSION)
@click.option(
    "--strategy",
    required=True,
    metavar="STRATEGY",
    help="canary:10%:5m, linear:10%:1m, all-at-once or steps:5%:10m,50%:pause,100%:30m.",
)
@click.option(
    "--check", "checks", multiple=True, metavar="NAME", help="A check that has to pass; repeatable."
)
@click.option(
    "--on-failure",
    type=click.Choice(ON_FAILURE),
    default="rollback",
    show_default=True,
    help="What a failed check does.",
)
@click.option("--force", is_flag=True, help="Past the gates of a rank, with a reason: -m.")
@message_option
@click.pass_obj
def start(
    session: Session,
    /,
    *,
    name: str,
    alias: str,
    version: str,
    strategy: str,
    checks: tuple[str, ...],
    on_failure: OnFailure,
    force: bool,
    message: str | None,
) -> None:
    """Begin, and make the first step; `rollout tick` makes the others.

    The alias must send all traffic to one version, the one to go back to.
    """
    from versioned.rollouts.rollouts import Rollouts  # noqa: PLC0415 - `--help` needs no core

    try:
        found = Rollouts(session.repository()).start(
            name,
            alias,
            version,
            strategy=strategy,
            checks=checks,
            on_failure=on_failure,
            force=force,
            message=message,
        )
    except GateRefusedError as error:
        show_unmet(session, error)
        raise
    answer(session, found)
    _warn_of_unknown(session, checks)
    if found.active:
        session.out.note(f"versioned rollout tick {name} {alias} moves it on")


def _warn_of_unknown(session: Session, checks: tuple[str, ...]) -> None:
    """A check that nobody defines holds a rollout for ever."""
    _, defined = config.table("checks", session.environ, session.cwd)
    missing = [check for check in checks if check not in defined]
    if missing:
        session.out.warn(
            f"{', '.join(missing)} is not in [checks] of a {config.FILE_NAME} here: the machine "
            "that ticks has to define it, else the rollout holds"
        )


@rollout.command("pause", cls=Command, example="versioned rollout pause app prod -m 'lunch'")
@name_argument
@alias_argument
@message_option
@click.pass_obj
def pause(session: Session, /, *, name: str, alias: str, message: str | None) -> None:
    """Stay at the weights of now, until `resume`. No checks are run."""
    from versioned.rollouts.rollouts import Rollouts  # noqa: PLC0415

    answer(session, Rollouts(session.repository()).pause(name, alias, message=message))


@rollout.command("resume", cls=Command, example="versioned rollout resume app prod")
@name_argument
@alias_argument
@message_option
@click.pass_obj
def resume(session: Session, /, *, name: str, alias: str, message: str | None) -> None:
    """Go on: after `pause`, after a freeze, or from a step that waits for this."""
    from versioned.rollouts.rollouts import Rollouts  # noqa: PLC0415

    answer(session, Rollouts(session.repository()).resume(name, alias, message=message))


@rollout.command("abort", cls=Command, example="versioned rollout abort app prod -m 'errors'")
@name_argument
@alias_argument
@message_option
@click.pass_obj
def abort(session: Session, /, *, name: str, alias: str, message: str | None) -> None:
    """Send all traffic back to the version before, and end the rollout."""
    from versioned.rollouts.rollouts import Rollouts  # noqa: PLC0415

    answer(session, Rollouts(session.repository()).abort(name, alias, message=message))


@rollout.command("promote", cls=Command, example="versioned rollout promote app prod --full")
@name_argument
@alias_argument
@click.option("--full", is_flag=True, help="Send all traffic to the new version, and end it.")
@message_option
@click.pass_obj
def promote(session: Session, /, *, name: str, alias: str, full: bool, message: str | None) -> None:
    """Make the next step now, whatever its checks and its time."""
    from versioned.rollouts.rollouts import Rollouts  # noqa: PLC0415

    found = Rollouts(session.repository()).promote(name, alias, full=full, message=message)
    answer(session, found)

"""`versioned demo`."""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from versioned.cli.framework import command
from versioned.cli.output import Mode
from versioned.cli.session import Session
from versioned.errors import InvalidInputError


@command("demo", example="versioned demo --keep /tmp/demo")
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Play in this new directory, and leave it there.",
)
@click.option(
    "--pause",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=0.0,
    help="Wait before each command, on a terminal.",
)
@click.pass_obj
def demo(session: Session, /, *, keep: Path | None, pause: float) -> None:
    """Play the whole story on a local repository.

    Versions, aliases, a canary, rollback, purge, damage: every command is really run, on real
    files, in a temporary directory.
    """
    if session.out.mode is not Mode.PEOPLE:
        raise click.UsageError("The demo is for people: leave --json and --quiet out.")
    if keep is None:
        with TemporaryDirectory(prefix="versioned-demo-") as directory:
            _play(session, Path(directory), pause)
        return
    if keep.exists() and any(keep.iterdir()):
        raise InvalidInputError(f"{str(keep)!r} is not empty", hint="name a new directory")
    keep.mkdir(parents=True, exist_ok=True)
    _play(session, keep, pause)
    session.out.note(f"everything is still in {keep}")


def _play(session: Session, directory: Path, pause: float) -> None:
    from versioned.cli.demo_stage import Stage  # noqa: PLC0415 - only for the demo
    from versioned.cli.demo_story import play  # noqa: PLC0415

    with chdir(directory):
        play(Stage(session, pause))

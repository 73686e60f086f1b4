"""`versioned demote`."""

from __future__ import annotations

import click

from versioned.cli.arguments import NAME, VERSION, message_option
from versioned.cli.framework import command
from versioned.cli.image_tags import note_image_tag
from versioned.cli.session import Session
from versioned.pipelines.pipeline import Pipeline
from versioned.targets import target_words


@command("demote", example="versioned demote app production -m 'errors since 12:40'")
@click.argument("name", type=NAME)
@click.argument("rank")
@click.option("--to", metavar="VERSION", type=VERSION, help="This version, which it had before.")
@click.option("--empty", is_flag=True, help="Leave nothing in the rank.")
@message_option
@click.pass_obj
def demote(
    session: Session, /, *, name: str, rank: str, to: str | None, empty: bool, message: str | None
) -> None:
    """Take a rank back to what it held before.

    No gate is asked.
    """
    done = Pipeline(session.repository()).demote(name, rank, to=to, empty=empty, message=message)
    now = target_words(done.alias) if done.alias else "empty"
    session.out.answer(
        done.to_dict(),
        quiet=[done.alias.version] if done.alias else [],
        people=[
            f"{name}@{rank} is now {now}, was {target_words(done.was)}"
            if done.moved
            else f"{name}@{rank} is {now} already, nothing was changed"
        ],
    )
    if done.alias and done.moved:
        note_image_tag(session, name, rank)

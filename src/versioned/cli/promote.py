"""`versioned promote`."""

from __future__ import annotations

import click

from versioned.cli.arguments import REF, message_option
from versioned.cli.framework import command
from versioned.cli.image_tags import note_image_tag
from versioned.cli.session import Session
from versioned.cli.tables import Fields
from versioned.errors import GateRefusedError, InvalidReferenceError
from versioned.pipelines.pipeline import Pipeline
from versioned.pipelines.promotion import Promotion
from versioned.references import Reference
from versioned.targets import target_words


@command(
    "promote",
    example="""
    versioned promote app qa
    versioned promote app production --expect 12 -m 'signed off'
    """,
)
@click.argument("reference", metavar="NAME[@VERSION]", type=REF)
@click.argument("rank")
@click.option(
    "--expect", metavar="VERSION|SHA256", help="Only if this is what the rank before holds."
)
@click.option("--force", is_flag=True, help="Override gates; takes a reason with -m.")
@message_option
@click.pass_obj
def promote(
    session: Session,
    /,
    *,
    reference: Reference,
    rank: str,
    expect: str | None,
    force: bool,
    message: str | None,
) -> None:
    """Move exactly what the rank before holds into a rank.

    Into the first rank goes the newest version, or the one that is named.
    """
    if reference.alias is not None:
        raise InvalidReferenceError(
            f"{reference} names an alias", hint=f"versioned promote {reference.name} {rank}"
        )
    pipeline = Pipeline(session.repository())
    try:
        done = pipeline.promote(
            reference.name,
            rank,
            version=reference.version,
            expect=expect,
            force=force,
            message=message,
        )
    except GateRefusedError as error:
        show_unmet(session, error)
        raise
    session.out.answer(done.to_dict(), quiet=[done.alias.version], people=[_words(done)])
    if done.moved:
        note_image_tag(session, reference.name, rank)


def show_unmet(session: Session, error: GateRefusedError) -> None:
    """Each gate that is not met, with what to do next, as the answer."""
    session.out.answer(
        {"unmet": error.unmet}, quiet=error.unmet, people=[Fields(list(error.unmet.items()))]
    )


def _words(done: Promotion) -> str:
    ref = f"{done.alias.name}@{done.alias.alias}"
    if not done.moved:
        return f"{ref} is {target_words(done.alias)} already, nothing was changed"
    was = f", was {target_words(done.was)}" if done.was else ""
    over = f"; overridden: {', '.join(done.overrides)}" if done.overrides else ""
    return f"{ref} is now {target_words(done.alias)}{was}{over}"

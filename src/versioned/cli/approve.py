"""`versioned approve`."""

from __future__ import annotations

import click

from versioned.cli.arguments import REF, message_option
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.cli.words import SHORT_SHA
from versioned.pipelines.pipeline import Pipeline
from versioned.references import Reference


@command("approve", example="versioned approve app@12 production -m 'release notes read'")
@click.argument("reference", metavar="REF", type=REF)
@click.argument("rank")
@click.option("--revoke", is_flag=True, help="Take it back.")
@message_option
@click.pass_obj
def approve(
    session: Session,
    /,
    *,
    reference: Reference,
    rank: str,
    revoke: bool,
    message: str | None,
) -> None:
    """Approve the bytes of a version for a rank.

    Under your own name, VERSIONED_ACTOR; the newest word of each person counts.
    """
    found = Pipeline(session.repository()).approve(
        str(reference), rank, revoke=revoke, message=message
    )
    ref = f"{found.artifact}@{found.version} (sha256 {found.sha256[:SHORT_SHA]})"
    session.out.answer(
        found.to_dict(),
        quiet=[found.person],
        people=[f"{found.person} {found.word} {ref} for {rank}"],
    )

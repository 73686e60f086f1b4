"""`versioned rollback`."""

from __future__ import annotations

import click

from versioned.cli.alias import moved, state_before
from versioned.cli.arguments import ALIAS_REF, VERSION, message_option
from versioned.cli.framework import command
from versioned.cli.image_tags import note_image_tag
from versioned.cli.session import Session
from versioned.references import Reference


@command("rollback", example="versioned rollback app@prod -m 'errors since 12:40'")
@click.argument("reference", metavar="NAME@ALIAS", type=ALIAS_REF)
@click.option("--to", metavar="VERSION", type=VERSION, help="This version instead.")
@message_option
@click.pass_obj
def rollback(
    session: Session, /, *, reference: Reference, to: str | None, message: str | None
) -> None:
    """Move an alias back to what it was before.

    That is the newest earlier version that had all the traffic: during a canary the stable one.
    Again, and it goes one further back.
    """
    repository = session.repository()
    before = state_before(session, repository, reference)
    after = repository.rollback(reference.name, reference.alias or "", to=to, message=message)
    session.out.answer(
        after.to_dict(), quiet=[after.version], people=[moved(reference, before, after)]
    )
    note_image_tag(session, reference.name, reference.alias or "")

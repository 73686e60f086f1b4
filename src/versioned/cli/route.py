"""`versioned route`."""

from __future__ import annotations

import click

from versioned.cli.arguments import ALIAS_REF
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.references import Reference


@command("route", example="versioned route app@prod customer-42")
@click.argument("reference", metavar="NAME@ALIAS", type=ALIAS_REF)
@click.argument("key")
@click.pass_obj
def route(session: Session, /, *, reference: Reference, key: str) -> None:
    """Print the version that a key gets.

    It is the same on every machine, and changes only with the alias.
    """
    alias = session.repository().get_alias(reference.name, reference.alias or "")
    version = alias.route(key)
    session.out.answer(
        {"name": alias.name, "alias": alias.alias, "key": key, "version": version},
        quiet=[version],
        people=[version],
    )

"""`versioned route`."""

from __future__ import annotations

import click

from versioned.cli.arguments import PAST_ALIAS_REF
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.references import Reference
from versioned.routing import bucket
from versioned.targets import shares_of


@command("route", example="versioned route app@prod customer-42")
@click.argument("reference", metavar="NAME@ALIAS[@TIME]", type=PAST_ALIAS_REF)
@click.argument("key")
@click.pass_obj
def route(session: Session, /, *, reference: Reference, key: str) -> None:
    """Print the version that a key gets, or got at a time.

    It is the same on every machine, and changes only with the alias.
    """
    repository = session.repository()
    alias = repository.get_alias(reference.name, reference.alias or "", at=reference.at)
    version = alias.route(key)
    session.out.answer(
        {
            "name": alias.name,
            "alias": alias.alias,
            "key": key,
            "version": version,
            "bucket": bucket(alias.name, alias.alias, key),
            "shares": shares_of(alias),
        },
        quiet=[version],
        people=[version],
    )

"""`versioned alias put`, `split`, `ls` and `rm`."""

from __future__ import annotations

from dataclasses import replace

import click

from versioned.cli.arguments import (
    ALIAS_REF,
    NAME,
    VERSION,
    WEIGHT,
    as_dict,
    expect_option,
    message_option,
    yes_option,
)
from versioned.cli.exits import NeedsYesError
from versioned.cli.framework import Command, Group
from versioned.cli.output import Block, Mode
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import age_of, ref
from versioned.errors import AliasNotFoundError
from versioned.models import Alias
from versioned.references import Reference
from versioned.repository import Repository
from versioned.targets import ABSENT, Absent, Weight, target_words


@click.group("alias", cls=Group)
def alias() -> None:
    """Point names like app@prod at versions."""


def expectation(expect: str | None) -> str | Absent | None:
    """What `--expect` means to the core."""
    return ABSENT if expect == "none" else expect


def state_before(session: Session, repository: Repository, reference: Reference) -> Alias | None:
    """The alias that a ref names, for telling people what it was before a write."""
    if session.out.mode is not Mode.PEOPLE:
        return None
    try:
        return repository.get_alias(reference.name, reference.alias or "")
    except AliasNotFoundError:
        return None


def moved(reference: Reference, before: Alias | None, after: Alias) -> str:
    """What a write did to an alias, in a line."""
    was = f", was {target_words(before)}" if before else ""
    return f"{reference} is now {target_words(after)}{was}"


@alias.command(
    "put",
    cls=Command,
    example="""
    versioned alias put app@prod 12 -m 'tested in staging'
    versioned alias put app@prod 12 --canary 13 --weight 10
    """,
)
@click.argument("reference", metavar="NAME@ALIAS", type=ALIAS_REF)
@click.argument("version", type=VERSION)
@click.option("--canary", metavar="VERSION", type=VERSION, help="A second version, for a share.")
@click.option("--weight", metavar="PERCENT", type=int, help="The canary's share: 0 to 99.")
@expect_option
@message_option
@click.pass_obj
def put(
    session: Session,
    /,
    *,
    reference: Reference,
    version: str,
    canary: str | None,
    weight: int | None,
    expect: str | None,
    message: str | None,
) -> None:
    """Make an alias, or move it: to one version, or to two with a canary.

    Keys that a canary has got stay with it while its weight grows.
    """
    if (canary is None) != (weight is None):
        raise click.UsageError("--canary and --weight belong together.")
    repository = session.repository()
    before = state_before(session, repository, reference)
    after = repository.put_alias(
        reference.name,
        reference.alias or "",
        version,
        canary,
        weight,
        expect=expectation(expect),
        message=message,
    )
    session.out.answer(
        after.to_dict(), quiet=[after.version], people=[moved(reference, before, after)]
    )


@alias.command(
    "split",
    cls=Command,
    example="""
    versioned alias split app@prod 12=89.5 13=10 14=0.5 -m 'two candidates'
    versioned alias split app@prod 12=99.9 13=0.1 --expect 12
    """,
)
@click.argument("reference", metavar="NAME@ALIAS", type=ALIAS_REF)
@click.argument("weights", metavar="VERSION=PERCENT...", type=WEIGHT, nargs=-1, required=True)
@expect_option
@message_option
@click.pass_obj
def split(
    session: Session,
    /,
    *,
    reference: Reference,
    weights: tuple[tuple[str, str], ...],
    expect: str | None,
    message: str | None,
) -> None:
    """Split an alias among up to ten versions, in steps of 0.01 percent.

    The first is the primary version, the rest are canaries; together they make 100 percent.
    While no canary's weight shrinks, a key moves only towards the front of the canaries, never
    back.
    """
    repository = session.repository()
    shares = dict[int | str, Weight](as_dict("version", weights).items())
    before = state_before(session, repository, reference)
    after = repository.split_alias(
        reference.name,
        reference.alias or "",
        shares,
        expect=expectation(expect),
        message=message,
    )
    session.out.answer(
        after.to_dict(), quiet=[after.version], people=[moved(reference, before, after)]
    )
    if after.split:
        session.out.note(
            "programs that read the file alone, such as versioned 1.0.1, see "
            f"{target_words(replace(after, split=()))}"
        )


@alias.command("ls", cls=Command, example="versioned alias ls app")
@click.argument("name", type=NAME)
@click.pass_obj
def ls(session: Session, /, *, name: str) -> None:
    """List the aliases of an artifact."""
    found = session.repository().list_aliases(name)
    columns = (
        Column("ALIAS"),
        Column("POINTS AT"),
        Column("AGE", right=True, drop=2),
        Column("BY", drop=3, shrink=8),
        Column("MESSAGE", drop=1, shrink=16),
    )
    rows = [(a.alias, target_words(a), age_of(a), a.by or "", a.message or "") for a in found]
    session.out.answer(
        [a.to_dict() for a in found],
        quiet=[ref(name, a.alias) for a in found],
        people=[Table(columns, rows, f"{name} has no aliases: versioned alias put {name}@prod 1")],
    )


@alias.command("rm", cls=Command, example="versioned alias rm app@prod --yes")
@click.argument("reference", metavar="NAME@ALIAS", type=ALIAS_REF)
@expect_option
@message_option
@yes_option
@click.pass_obj
def rm(
    session: Session,
    /,
    *,
    reference: Reference,
    expect: str | None,
    message: str | None,
    yes: bool,
) -> None:
    """Delete an alias; its versions and its history stay."""
    repository = session.repository()
    found = repository.get_alias(reference.name, reference.alias or "")
    if yes:
        repository.delete_alias(
            found.name, found.alias, expect=expectation(expect) or found, message=message
        )
    words = "deleted" if yes else "to delete:"
    people: list[Block] = [f"{words} {reference}, which points at {target_words(found)}"]
    session.out.answer(
        {"alias": found.to_dict(), "applied": yes}, quiet=[str(reference)], people=people
    )
    if not yes:
        raise NeedsYesError

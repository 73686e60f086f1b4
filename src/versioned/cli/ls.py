"""`versioned ls`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import click

from versioned.cli.arguments import NAME
from versioned.cli.framework import command
from versioned.cli.output import Mode
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import SHORT_SHA, age_of, size_words
from versioned.errors import ContaminatedError
from versioned.models import Alias
from versioned.repository import Repository
from versioned.routing import BUCKETS
from versioned.targets import percent, shares_of

_AT_ONCE = 8


@command("ls", example="versioned ls app")
@click.argument("name", type=NAME, required=False)
@click.pass_obj
def ls(session: Session, /, *, name: str | None) -> None:
    """List all artifacts, or the versions of one.

    The aliases stand beside the versions that they point at.
    """
    repository = session.repository()
    if name:
        _versions(session, repository, name)
    else:
        _artifacts(session, repository)


def _versions(session: Session, repository: Repository, name: str) -> None:
    versions = repository.list_artifact_versions(name)
    aliases = repository.list_aliases(name) if session.out.mode is not Mode.QUIET else []
    users = _users(aliases)
    rows = [
        (
            one.version,
            ", ".join(users.get(one.version, ())),
            size_words(one.size),
            age_of(one),
            one.sha256[:SHORT_SHA],
        )
        for one in versions
    ]
    columns = (
        Column("VERSION"),
        Column("ALIASES"),
        Column("SIZE", right=True, drop=2),
        Column("AGE", right=True, drop=1),
        Column("SHA256", drop=3),
    )
    session.out.answer(
        {
            "name": name,
            "versions": [one.to_dict() for one in versions],
            "aliases": [alias.to_dict() for alias in aliases],
        },
        quiet=[one.version for one in versions],
        people=[Table(columns, rows)],
    )


def _users(aliases: list[Alias]) -> dict[str, list[str]]:
    """The aliases of each version, with their share where it is not all of the traffic."""
    users: dict[str, list[str]] = {}
    for alias in aliases:
        for version, points in shares_of(alias):
            words = alias.alias if points == BUCKETS else f"{alias.alias} {percent(points)}"
            users.setdefault(version, []).append(words)
    return users


def _artifacts(session: Session, repository: Repository) -> None:
    names = repository.list_artifact_names()
    if session.out.mode is Mode.QUIET:  # one request, however many there are
        session.out.answer(None, quiet=names, people=())
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(partial(_overview, session, repository), names))
    columns = (Column("NAME"), Column("NEWEST", right=True), Column("ALIASES", shrink=12))
    rows = [
        (
            name,
            number or "",
            ", ".join(f"{a.alias}={'+'.join(v for v, _ in shares_of(a))}" for a in held),
        )
        for name, number, held in found
    ]
    session.out.answer(
        [
            {"name": name, "newest": number, "aliases": [a.alias for a in held]}
            for name, number, held in found
        ],
        quiet=names,
        people=[Table(columns, rows, "no artifacts yet: versioned put NAME FILE")],
    )


def _overview(
    session: Session, repository: Repository, name: str
) -> tuple[str, str | None, list[Alias]]:
    """An artifact with its newest version and its aliases. A damaged one hides no other."""
    try:
        number = repository.get_latest_published_artifact_version_number(name)
        return name, str(number) if number else None, repository.list_aliases(name)
    except ContaminatedError as error:
        session.out.warn(error.message)
        return name, None, []

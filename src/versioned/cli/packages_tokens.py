"""`versioned packages tokens`: who may do what through a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import click

from versioned.cli.arguments import DURATION
from versioned.cli.packages_options import PackagesGroup, PackagesSession, pass_packages
from versioned.cli.tables import Column, Table
from versioned.cli.words import age_words, count_words, time_words
from versioned.packages.tokens import Token, in_force, parse_scopes


@click.group("tokens", cls=PackagesGroup)
def tokens() -> None:
    """Tokens of a server: who may do what in which repository.

    Only a hash of each is stored. Whoever reaches the store itself needs none.
    """


@tokens.command(
    "create",
    example="""
    versioned packages tokens create ci --scope AbcDev:read,publish --expires 90d
    TOKEN=$(versioned packages tokens create laptop --scope '*:read' -q)
    """,
)
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    metavar="REPOSITORY:SCOPE,...",
    multiple=True,
    required=True,
    help="What it allows: read, publish, promote, admin; * is every repository; repeat it.",
)
@click.option("--expires", metavar="AGE", type=DURATION, help="When it ends.  [default: never]")
@pass_packages
def create(
    ours: PackagesSession, /, *, name: str, scopes: tuple[str, ...], expires: float | None
) -> None:
    """Make a token and print it, this once: it is stored nowhere.

    To promote takes read where it comes from and promote where it goes; admin is all of it, with
    statuses, yanks and removal.
    """
    made = ours.packages.create_token(name, parse_scopes(scopes), seconds=expires)
    ours.out.answer(
        {"secret": made.secret, **made.token.to_dict()},
        quiet=[made.secret],
        people=[made.secret],
    )
    ends = f"until {time_words(made.token.expires_at)}" if made.token.expires_at else "for ever"
    ours.out.note(
        f"token {made.token.identity} for {name}: {_scopes_words(made.token)}, {ends}; "
        "keep it, it is not shown again"
    )


@tokens.command("ls", example="versioned packages tokens ls")
@pass_packages
def ls(ours: PackagesSession, /) -> None:
    """List all tokens, the oldest first, also those that ended."""
    found = ours.packages.list_tokens()
    known = {one.identity: one for one in found}
    now = datetime.now(UTC)
    columns = (
        Column("TOKEN"),
        Column("NAME", shrink=8),
        Column("STATE"),
        Column("ALLOWS", shrink=16),
        Column("ENDS", drop=2),
        Column("AGE", right=True, drop=1),
        Column("BY", drop=3, shrink=8),
    )
    rows = [
        (
            one.identity,
            one.name,
            _state(one, known, now),
            _scopes_words(one),
            time_words(one.expires_at) if one.expires_at else "",
            age_words(datetime.fromisoformat(one.created_at), now),
            one.created_by or "",
        )
        for one in found
    ]
    empty = "no tokens: versioned packages tokens create NAME --scope AbcDev:read"
    ours.out.answer(
        [one.to_dict() for one in found],
        quiet=[one.identity for one in found],
        people=[Table(columns, rows, empty)],
    )


@tokens.command("revoke", example="versioned packages tokens revoke 0123456789abcdef")
@click.argument("identities", metavar="TOKEN...", nargs=-1, required=True)
@pass_packages
def revoke(ours: PackagesSession, /, *, identities: tuple[str, ...]) -> None:
    """End tokens now, and those that were made from them. Their records stay until prune."""
    ended = [ours.packages.revoke_token(one) for one in identities]
    ours.out.answer(
        [one.to_dict() for one in ended],
        quiet=[one.identity for one in ended],
        people=[f"token {one.identity} for {one.name} is revoked" for one in ended],
    )


@tokens.command("prune", example="versioned packages tokens prune")
@pass_packages
def prune(ours: PackagesSession, /) -> None:
    """Remove the records of tokens that expired or were revoked."""
    gone = ours.packages.prune_tokens()
    ours.out.answer(
        [one.to_dict() for one in gone],
        quiet=[one.identity for one in gone],
        people=[f"removed {count_words(len(gone), 'token')}"],
    )


def _state(token: Token, known: Mapping[str, Token], now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if not token.is_valid(now):
        return "expired"
    return "valid" if in_force(token, known.get, now) else "ended with its parent"


def _scopes_words(token: Token) -> str:
    return "; ".join(f"{where}:{','.join(held)}" for where, held in token.scopes.items())

"""`versioned diff`."""

from __future__ import annotations

import click

from versioned.cli.arguments import NAME
from versioned.cli.framework import command
from versioned.cli.output import Block
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import SHORT_SHA, size_words, time_words
from versioned.pipelines.comparison import Difference, Published, Side
from versioned.pipelines.pipeline import Pipeline
from versioned.targets import target_words


@command("diff", example="versioned diff app qa production")
@click.argument("name", type=NAME)
@click.argument("one", metavar="RANK")
@click.argument("other", metavar="RANK")
@click.pass_obj
def diff(session: Session, /, *, name: str, one: str, other: str) -> None:
    """Show how two ranks of an artifact differ.

    Also what was published in between. Any two aliases will do. Of a split one the primary version is compared.
    """
    found = Pipeline(session.repository()).diff(name, one, other)
    people: list[Block] = [_sides(found)]
    if found.same_bytes:
        people += ["", "both have the same bytes"]
    if found.between:
        people += ["", _between(found.between)]
    session.out.answer(
        found.to_dict(), quiet=[one.artifact.version for one in found.between], people=people
    )


def _sides(found: Difference) -> Table:
    one, other = found.one, found.other
    rows = [
        ("points at", *(target_words(side.alias) for side in (one, other))),
        *((label, *pair) for label, pair in _facts(one, other)),
        *(
            (f"metadata {key}", *(value or "" for value in pair))
            for key, pair in found.metadata_changes.items()
        ),
    ]
    columns = (
        Column(found.name),
        Column(one.alias.alias, shrink=12),
        Column(other.alias.alias, shrink=12),
    )
    return Table(columns, rows)


def _facts(one: Side, other: Side) -> list[tuple[str, tuple[str, str]]]:
    def both(label: str, first: str, second: str) -> tuple[str, tuple[str, str]]:
        return label, (first, second)

    a, b = one.published.artifact, other.published.artifact
    return [
        both("sha256", a.sha256[:SHORT_SHA], b.sha256[:SHORT_SHA]),
        both("size", size_words(a.size), size_words(b.size)),
        both("published", time_words(a.update_at), time_words(b.update_at)),
        both("moved", time_words(one.alias.update_at), time_words(other.alias.update_at)),
        both("by", one.alias.by or "", other.alias.by or ""),
    ]


def _between(numbers: tuple[Published, ...]) -> Table:
    columns = (
        Column("VERSION", right=True),
        Column("PUBLISHED"),
        Column("SIZE", right=True, drop=1),
        Column("METADATA", shrink=16),
    )
    rows = [
        (
            one.artifact.version,
            time_words(one.artifact.update_at),
            size_words(one.artifact.size),
            ", ".join(f"{key}={value}" for key, value in sorted(one.metadata.items())),
        )
        for one in numbers
    ]
    return Table(columns, rows)

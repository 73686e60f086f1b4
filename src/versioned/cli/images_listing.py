"""`versioned images tags`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import click

from versioned.cli.images_options import ImagesCommand, ImagesSession, pass_images
from versioned.cli.images_standing import Listed, listed
from versioned.cli.images_words import (
    bytes_words,
    has_pushed,
    image_age,
    short_digest,
    tag_words,
)
from versioned.cli.output import Mode
from versioned.cli.tables import Column, Table, filled
from versioned.cli.words import count_words
from versioned.errors import VersionedError
from versioned.images.recording import digest_of_alias
from versioned.ranks import read_ranks

_HIDDEN = {"untagged": "untagged image", "part": "index part", "attached": "attachment"}


@click.command(
    "tags",
    cls=ImagesCommand,
    example="""
    versioned images tags app
    versioned images tags app --all
    """,
)
@click.argument("name")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Untagged images, those of an index and signatures, too; JSON has them always.",
)
@pass_images
def tags(ours: ImagesSession, /, *, name: str, everything: bool) -> None:
    """List the tags of an image, each with what it names.

    Beside a tag that is a rank stands whether it names what the rank holds.
    """
    found = listed(ours.images.list_images(name))
    shown = [one for one in found if everything or one.standing == "tagged"]
    ranks = {} if ours.out.mode is Mode.QUIET else _ranks(ours, name)
    ours.out.answer(
        {
            "name": name,
            "images": [{**one.image.to_dict(), "standing": one.standing} for one in found],
            "ranks": ranks,
        },
        quiet=[
            f"{name}{tag and f':{tag}'}@{one.image.digest}"
            for one in shown
            for tag in one.image.tags or ("",)
        ],
        people=[_table(shown, ranks)],
    )
    tagged = {tag for one in found for tag in one.image.tags}
    for rank, held in ranks.items():
        if held and rank not in tagged:
            again = f"versioned images retag {name}@{rank} {rank}"
            ours.out.warn(f"{rank} holds {short_digest(held)}, and there is no such tag: {again}")
    counts = Counter(one.standing for one in found if not everything)
    hidden = [count_words(counts[key], noun) for key, noun in _HIDDEN.items() if counts[key]]
    if hidden:
        ours.out.note(f"not shown: {', '.join(hidden)}; --all shows them")


def _table(shown: Sequence[Listed], ranks: Mapping[str, str | None]) -> Table:
    now, pushed = datetime.now(UTC), has_pushed(one.image for one in shown)
    tagged = sorted(
        ((tag, one) for one in shown for tag in one.image.tags or ("",)),
        key=lambda pair: (pair[1].standing != "tagged", not pair[0], pair[0]),
    )
    rows = [
        (
            tag_words(tag),
            short_digest(one.image.digest),
            one.kind,
            bytes_words(one.size),
            image_age(one.image, now, mark=pushed),
            _rank_words(ranks, tag, one.image.digest),
        )
        for tag, one in tagged
    ]
    columns = (
        Column("TAG"),
        Column("DIGEST"),
        Column("KIND", shrink=8, drop=1),
        Column("SIZE", right=True, drop=3),
        Column("PUSHED" if pushed else "CREATED", right=True, drop=2),
        Column("RANK"),
    )
    width = len(columns) if ranks else len(columns) - 1
    return filled(Table(columns[:width], [row[:width] for row in rows], "no tags"))


def _rank_words(ranks: Mapping[str, str | None], tag: str, digest: str) -> str:
    if tag not in ranks:
        return ""
    held = ranks[tag]
    if held == digest:
        return "holds it"
    return f"holds {short_digest(held)}" if held else "empty"


def _ranks(ours: ImagesSession, name: str) -> dict[str, str | None]:
    """What each declared rank holds. What can't be looked up is warned about and left out."""
    if ours.repository is None or "/" in name:
        return {}
    try:
        ranks = read_ranks(ours.repository.context)
        held = {one.alias: one for one in ours.repository.list_aliases(name)} if ranks else {}
        return {
            rank: digest_of_alias(ours.repository, held[rank]) if rank in held else None
            for rank in ranks
        }
    except VersionedError as error:
        ours.out.warn(f"what ranks hold is not shown: {error.message}")
        return {}

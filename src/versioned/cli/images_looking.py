"""`versioned images describe` and `uri`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioned.cli.images_options import ImagesCommand, ImagesSession, pass_images
from versioned.cli.images_words import kind_words, moment_words, type_words
from versioned.cli.output import Block
from versioned.cli.tables import Column, Fields, Table
from versioned.cli.words import size_words

if TYPE_CHECKING:
    from versioned.images.administration import ImageDetails


@click.command(
    "describe",
    cls=ImagesCommand,
    example="""
    versioned images describe app:1.4
    versioned images describe app@prod -q
    """,
)
@click.argument("image")
@pass_images
def describe(ours: ImagesSession, /, *, image: str) -> None:
    """Show everything about one image: platforms, signatures, scan."""
    found = ours.images.describe(image)
    by_digest = found.image.by_digest(found.stored.digest)
    ours.out.answer(found.to_dict(), quiet=[by_digest], people=_blocks(found))


def _blocks(found: ImageDetails) -> list[Block]:
    stored = found.stored
    pairs = (
        ("image", str(found.image)),
        ("tags", ", ".join(stored.tags)),
        ("kind", f"{kind_words(stored)} ({stored.media_type})"),
        ("size", size_words(found.size)),
        ("pushed", moment_words(stored.pushed_at)),
        ("created", moment_words(stored.created_at)),
        ("pulled", moment_words(stored.pulled_at)),
        ("about", stored.subject or ""),
        ("scan", _scan_words(found)),
    )
    blocks: list[Block] = [Fields([(label, value) for label, value in pairs if value])]
    if found.children:
        rows = [(one.platform or "", one.digest) for one in found.children]
        blocks.append(Table((Column("PLATFORM"), Column("DIGEST")), rows))
    if found.referrers:
        rows = [
            (type_words(one.artifact_type or one.media_type), one.digest) for one in found.referrers
        ]
        blocks.append(Table((Column("ATTACHED", shrink=12), Column("DIGEST")), rows))
    return blocks


def _scan_words(found: ImageDetails) -> str:
    if found.findings is None:
        return ""
    counts = (f"{count} {severity.lower()}" for severity, count in found.findings.items())
    return ", ".join(counts) or "nothing found"


@click.command("uri", cls=ImagesCommand, example="versioned images uri app:1.4")
@click.argument("image")
@pass_images
def uri(ours: ImagesSession, /, *, image: str) -> None:
    """Print the whole name of an image, with its registry. No registry is asked.

    A name alone means its tag latest.
    """
    found = ours.images.uri(image)
    ours.out.answer({"image": image, "uri": found}, quiet=[found], people=[found])

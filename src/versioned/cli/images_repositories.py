"""`versioned images init` and `list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioned.cli.images_options import ImagesCommand, ImagesSession, pass_images
from versioned.cli.images_words import moment_words
from versioned.cli.tables import Column, Table, filled

if TYPE_CHECKING:
    from versioned.images.administration import Initialized


@click.command(
    "init",
    cls=ImagesCommand,
    example="""
    versioned images init app
    versioned images init app --no-retain
    """,
)
@click.argument("name")
@click.option(
    "--retain/--no-retain",
    default=None,
    help="Mark the repository to be kept, or take the mark away.  [default: as it is]",
)
@pass_images
def init(ours: ImagesSession, /, *, name: str, retain: bool | None) -> None:
    """Create the repository of an image, with its lifecycle policy.

    A repeat is harmless: it only sets again what was changed. Outside ECR the first push creates
    a repository, and there is nothing to set up.
    """
    done = ours.images.init(name, retain=retain)
    ours.out.answer(done.to_dict(), quiet=[done.repository], people=[_words(done)])
    if retain and not done.retained:
        ours.out.warn(f"{done.repository} is not marked to be kept: only ECR has such marks")


def _words(done: Initialized) -> str:
    if not done.has_policy:
        return f"{done.repository}: nothing to set up, the first push creates it"
    created = "created" if done.created else "was there already"
    kept = ", marked to be kept" if done.retained else ""
    return f"{done.repository}: {created}, default lifecycle policy set{kept}"


@click.command("list", cls=ImagesCommand, example="versioned images list")
@pass_images
def list_repositories(ours: ImagesSession, /) -> None:
    """List the repositories of the project's images."""
    found = ours.images.list_repositories()
    names = [ours.name_of(one.name) for one in found]
    rows = [
        (
            name,
            str(one.image_count),
            moment_words(one.created_at),
            (one.tag_mutability or "").lower().replace("_", " "),
        )
        for name, one in zip(names, found, strict=True)
    ]
    columns = (
        Column("NAME"),
        Column("IMAGES", right=True),
        Column("CREATED", drop=2),
        Column("TAGS", drop=1),
    )
    ours.out.answer(
        [
            {**one.to_dict(), "name": name, "repository": one.name}
            for name, one in zip(names, found, strict=True)
        ],
        quiet=names,
        people=[filled(Table(columns, rows, "no images yet: versioned images build CONTEXT NAME"))],
    )

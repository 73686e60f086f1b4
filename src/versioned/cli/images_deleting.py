"""`versioned images delete-tag` and `delete-repo`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from versioned.cli.arguments import yes_option
from versioned.cli.exits import NeedsYesError
from versioned.cli.images_options import ImagesCommand, ImagesSession, pass_images
from versioned.cli.images_uses import check_deleted, check_unused, force_words
from versioned.cli.images_words import bytes_words, short_digest
from versioned.cli.words import count_words, size_words
from versioned.images.errors import ImageNotFoundError, ImageRepositoryNotEmptyError

if TYPE_CHECKING:
    from versioned.images.registry import Deletion, StoredImage
    from versioned.images.sources.base import References


@click.command(
    "delete-tag",
    cls=ImagesCommand,
    looks_at_uses=True,
    example="""
    versioned images delete-tag app 1.4
    versioned images delete-tag app 1.4 --files deploy/ --yes
    """,
)
@click.argument("name")
@click.argument("tag")
@click.option("--force", is_flag=True, help="Even if something uses it, or may.")
@yes_option
@pass_images
def delete_tag(ours: ImagesSession, /, *, name: str, tag: str, force: bool, yes: bool) -> None:
    """Take a tag away. The image goes with its last tag.

    Refused where something uses it, or where a source of references did not answer. A rank's tag
    follows promotions and can't be deleted.
    """
    from versioned.images.promotion import refuse_rank_tag  # noqa: PLC0415 - heavy

    what = f"{ours.path_of(name)}:{tag}"
    refuse_rank_tag(ours.repository, name, tag)
    image = _tagged(ours, name, tag)
    others = [one for one in image.tags if one != tag]
    references = ours.references()
    users = _users_of_tag(ours, name, tag, image, references)
    if not force:
        check_unused(what, users, references)
    done = ours.images.delete_tag(name, tag) if yes else None
    ours.out.answer(
        {
            "image": what,
            "digest": image.digest,
            "goes": not others,
            "other_tags": others,
            "size": image.size,
            **_uses(users, references),
            "deleted": done.to_dict() if done else None,
            "applied": yes,
        },
        quiet=[f"{name}:{tag}"],
        people=[
            f"{_verb(done)} {what} ({_fate(image, others)})",
            *force_words(users, references),
        ],
    )
    _end(done)


def _tagged(ours: ImagesSession, name: str, tag: str) -> StoredImage:
    for one in ours.images.list_images(name):
        if tag in one.tags:
            return one
    raise ImageNotFoundError(
        f"{ours.path_of(name)} has no tag {tag!r}", hint=f"versioned images tags {name}"
    )


def _fate(image: StoredImage, others: Sequence[str]) -> str:
    """What becomes of an image with one tag less."""
    digest = short_digest(image.digest)
    if others:
        return f"{digest} stays as {', '.join(others)}"
    return ", ".join(filter(None, (digest, bytes_words(image.size or None), "goes with it")))


def _users_of_tag(
    ours: ImagesSession, name: str, tag: str, image: StoredImage, references: References
) -> Sequence[str]:
    """Who would miss it: while the image has other tags, only who names this one, or any."""
    if image.tags != (tag,):
        by_tag = (one for one in references.uses if one.tag in {tag, None} and not one.digest)
        references = replace(references, uses=tuple(by_tag))
    return ours.images.users(name, references).digests.get(image.digest, ())


@click.command(
    "delete-repo",
    cls=ImagesCommand,
    looks_at_uses=True,
    example="""
    versioned images delete-repo app
    versioned images delete-repo app --with-images --yes
    """,
)
@click.argument("name")
@click.option("--with-images", is_flag=True, help="Also if there are images in it.")
@click.option("--force", is_flag=True, help="With its images, even if something uses them, or may.")
@yes_option
@pass_images
def delete_repo(
    ours: ImagesSession, /, *, name: str, with_images: bool, force: bool, yes: bool
) -> None:
    """Delete a repository; with --with-images, with all its images.

    Refused where something uses one of them, or where a source of references did not answer. One
    that is marked to be kept stays in any case.
    """
    what = ours.path_of(name)
    images = ours.images.list_images(name)
    if images and not (with_images or force):
        raise ImageRepositoryNotEmptyError(
            f"there are {count_words(len(images), 'image')} in {what}",
            hint="add --with-images to delete them, too",
        )
    references = ours.references()
    users = _users_of_any(ours, name, images, references)
    if images and not force:
        check_unused(what, users, references)
    done = ours.images.delete_repository(name, force=bool(images)) if yes else None
    size = sum(one.size or 0 for one in images)
    ours.out.answer(
        {
            "repository": what,
            "images": [one.to_dict() for one in images],
            "size": size,
            **_uses(users, references),
            "deleted": done.to_dict() if done else None,
            "applied": yes,
        },
        quiet=[name],
        people=[
            f"{_verb(done)} {what}: {count_words(len(images), 'image')} ({size_words(size)})",
            *(force_words(users, references) if images else []),
        ],
    )
    if done and not done.failures and ours.images.config.registry:
        ours.out.note("the empty name may stay in the registry's list")
    _end(done)


def _users_of_any(
    ours: ImagesSession, name: str, images: Sequence[StoredImage], references: References
) -> Sequence[str]:
    found = ours.images.users(name, references)
    there = (*images, *found.unlisted)
    return sorted({user for one in there for user in found.digests.get(one.digest, ())})


def _uses(users: Sequence[str], references: References) -> dict[str, object]:
    return {
        "used_by": list(users),
        "sources": [one.to_dict() for one in references.reports],
    }


def _verb(done: Deletion | None) -> str:
    if done is None:
        return "to delete:"
    if done.failures:
        return "deleted in part:" if done.digests or done.tags else "not deleted:"
    return "deleted"


def _end(done: Deletion | None) -> None:
    """Raises NeedsYesError, IncompleteDeletionError."""
    if done is None:
        raise NeedsYesError
    check_deleted([done])

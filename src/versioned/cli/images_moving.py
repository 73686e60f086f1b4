"""`versioned images promote`, `retag`, `copy` and `record`: all by digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioned.cli.arguments import Parsed, message_option
from versioned.cli.images_options import ImagesCommand, ImagesSession, pass_images
from versioned.cli.images_words import short_digest
from versioned.cli.promote import show_unmet
from versioned.cli.words import count_words, ref, size_words
from versioned.errors import GateRefusedError
from versioned.images.reference import validate_digest
from versioned.ranks import read_ranks

if TYPE_CHECKING:
    from versioned.images.copying import CopyReport
    from versioned.images.promotion import ImagePromotion

_DIGEST = Parsed("digest", validate_digest)


@click.command(
    "promote",
    cls=ImagesCommand,
    example="""
    versioned images promote app:1.4 --to qa
    versioned images promote app --to production --expect sha256:9f2c...
    versioned images promote app:1.4 --to registry.example.com/team/app:1.4
    """,
)
@click.argument("image")
@click.option("--to", metavar="TARGET", required=True, help="A rank or tag, or an image elsewhere.")
@click.option(
    "--expect", metavar="DIGEST", type=_DIGEST, help="Only if this is the image, as it was tested."
)
@click.option("--force", is_flag=True, help="Override the gates of a rank; takes a reason with -m.")
@message_option
@pass_images
def promote(
    ours: ImagesSession,
    /,
    *,
    image: str,
    to: str,
    expect: str | None,
    force: bool,
    message: str | None,
) -> None:
    """Let a tag name exactly this image. Nothing is pulled or built again.

    A tag that is a rank takes what its gates let in; a name alone then means what the rank
    before holds. An image that is elsewhere is copied there first, with its signatures.
    """
    try:
        done = ours.images.promote(image, to, expect=expect, force=force, message=message)
    except GateRefusedError as error:
        show_unmet(ours.session, error)
        raise
    _show(ours, [done], done.to_dict())
    if done.promotion:
        return
    ranks = read_ranks(ours.repository.context) if ours.repository else ()
    if ours.repository is None:
        ours.out.note("no repository is named or found here: no tag counts as a rank")
    elif ranks:
        ours.out.note(
            f"{done.image.tag} is none of the ranks {', '.join(ranks)}: no gate was asked"
        )


@click.command(
    "retag",
    cls=ImagesCommand,
    example="versioned images retag app:1.4 stable latest",
)
@click.argument("image")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@click.option("--expect", metavar="DIGEST", type=_DIGEST, help="Only if each tag names this now.")
@pass_images
def retag(ours: ImagesSession, /, *, image: str, tags: tuple[str, ...], expect: str | None) -> None:
    """Let more tags of the same repository name an image.

    One after the other. A rank's tag is only brought back to what the rank holds.
    """
    done: list[ImagePromotion] = []
    try:
        for tag in tags:
            done.append(ours.images.retag(image, tag, expect=expect))  # noqa: PERF401 - may raise
    finally:
        if done:  # also those before one that failed
            _show(ours, done, [one.to_dict() for one in done])


@click.command(
    "copy",
    cls=ImagesCommand,
    example="versioned images copy app:1.4 registry.example.com/team/app:1.4",
)
@click.argument("image")
@click.argument("target")
@click.option(
    "--expect", metavar="DIGEST", type=_DIGEST, help="Only if the target's tag names this now."
)
@pass_images
def copy(ours: ImagesSession, /, *, image: str, target: str, expect: str | None) -> None:
    """Copy an image to another repository or registry, as it is.

    TARGET is repository:tag or registry/repository:tag; a word alone is a tag here.
    All platforms, signatures and other attachments go along; the digest stays the same.
    """
    done = ours.images.copy(image, target, expect=expect)
    _show(ours, [done], done.to_dict())


@click.command("record", cls=ImagesCommand, example="versioned images record app:1.4")
@click.argument("image")
@pass_images
def record(ours: ImagesSession, /, *, image: str) -> None:
    """Publish an image as a version of the artifact of its name.

    Verdicts, approvals and ranks can be about that version. A repeat gives the same one.
    """
    found = ours.images.record(image)
    version = ref(found.name, found.version)
    ours.out.answer(
        found.to_dict(), quiet=[version], people=[f"{version} is sha256:{found.sha256}"]
    )


def _show(ours: ImagesSession, done: list[ImagePromotion], document: object) -> None:
    ours.out.answer(
        document,
        quiet=[one.image for one in done],
        people=[line for one in done for line in _lines(one)],
    )


def _lines(done: ImagePromotion) -> list[str]:
    name = f"{done.image.registry}/{done.image.repository}:{done.image.tag}"
    alias = done.promotion.alias if done.promotion else None
    digest = short_digest(done.digest) + (f" ({ref(alias.name, alias.version)})" if alias else "")
    if not done.moved:
        return [f"{name} is {digest} already", *_copied(done.copied)]
    was = f", was {short_digest(done.was)}" if done.was else ""
    overrides = done.promotion.overrides if done.promotion else ()
    over = f"; overridden: {', '.join(overrides)}" if overrides else ""
    return [f"{name} is now {digest}{was}{over}", *_copied(done.copied)]


def _copied(copied: CopyReport) -> list[str]:
    """What was moved to get it there; nothing where it was there."""
    if not copied.manifests:
        return []
    parts = [
        f"{count_words(count, 'blob')} {how}"
        for count, how in (
            (copied.present, "there already"),
            (copied.mounted, "mounted"),
            (copied.uploaded, f"uploaded ({size_words(copied.uploaded_bytes)})"),
        )
        if count
    ]
    referrers = (
        f", {count_words(len(copied.referrers), 'attachment')} along" if copied.referrers else ""
    )
    lines = [
        f"  copied {count_words(len(copied.manifests), 'manifest')}: {', '.join(parts)}{referrers}"
    ]
    return lines + [
        f"  left as it is there: the tag {tag} with other content" for tag in copied.left
    ]

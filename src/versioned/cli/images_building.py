"""`versioned images build` and `push`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from versioned.cli.arguments import PAIR, as_dict
from versioned.cli.images_options import ImagesCommand, ImagesSession, pass_images
from versioned.cli.live import live
from versioned.cli.words import size_words

if TYPE_CHECKING:
    from versioned.images.building import PushedImage

_retain_option = click.option(
    "--retain", is_flag=True, default=None, help="Mark the repository to be kept (ECR)."
)


@click.command(
    "build",
    cls=ImagesCommand,
    example="""
    versioned images build . app
    versioned images build . app --tag 1.4 --platform linux/amd64,linux/arm64
    """,
)
@click.argument("context")
@click.argument("name")
@click.option("-t", "--tag", help="Instead of git's short hash; without git: latest.")
@click.option(
    "-f", "--file", "dockerfile", metavar="PATH", default="Dockerfile", help="In the context."
)
@click.option(
    "--build-arg", "pairs", metavar="KEY=VALUE", type=PAIR, multiple=True, help="Repeat it."
)
@click.option(
    "--platform",
    metavar="OS/ARCH,...",
    default="linux/amd64",
    help="Several make an index.  [default: linux/amd64]",
)
@_retain_option
@pass_images
def build(
    ours: ImagesSession,
    /,
    *,
    context: str,
    name: str,
    tag: str | None,
    dockerfile: str,
    pairs: Sequence[tuple[str, str]],
    platform: str,
    retain: bool | None,
) -> None:
    """Build an image with Docker, Finch or Podman, and push it.

    Its repository is made first, and a tag that can't be pushed is refused before the build.
    What the runtime writes is shown as it comes; --quiet and --json show its end on a failure.
    The digest is the registry's own word.
    """
    with live(ours.out) as output:
        pushed = ours.images.build(
            context,
            name,
            tag=tag,
            dockerfile=dockerfile,
            build_args=as_dict("--build-arg", pairs),
            platform=platform,
            retain=retain,
            output=output,
        )
    _show(ours, pushed)


@click.command("push", cls=ImagesCommand, example="versioned images push app app:dev --tag 1.4")
@click.argument("name")
@click.argument("local_image")
@click.option("-t", "--tag", required=True, help="What it is to be called.")
@_retain_option
@pass_images
def push(
    ours: ImagesSession, /, *, name: str, local_image: str, tag: str, retain: bool | None
) -> None:
    """Push an image that Docker, Finch or Podman has already."""
    with live(ours.out) as output:
        pushed = ours.images.push(name, tag, local_image, retain=retain, output=output)
    _show(ours, pushed)


def _show(ours: ImagesSession, pushed: PushedImage) -> None:
    whole = f"{pushed.image}@{pushed.digest}"
    platforms = ", ".join(pushed.platforms)
    about = f"{size_words(pushed.size)}{platforms and f', {platforms}'}"
    ours.out.answer(
        pushed.to_dict(),
        quiet=[pushed.image.by_digest(pushed.digest)],
        people=[f"pushed {whole} ({about}, {pushed.runtime})"],
    )

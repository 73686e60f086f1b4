"""What each image is in its repository: tagged, of an index, attached to another. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from versioned.cli.images_words import kind_words, short_digest
from versioned.images.graph import own_tags
from versioned.images.registry import StoredImage

_JOINING = {"part": "of", "attached": "about"}


@dataclass(frozen=True, slots=True)
class Listed:
    """An image with its standing: `tagged`, `untagged`, `part` of an index, or `attached` to
    another; `owner` is what it is part of or attached to, for people. `size` of an index is of its
    images together where the registry tells none."""

    image: StoredImage
    standing: str
    size: int | None
    owner: str = ""

    @property
    def kind(self) -> str:
        """What it is and what it belongs to, for people."""
        joining = _JOINING.get(self.standing)
        belongs = f" {joining} {self.owner}" if joining else ""
        return kind_words(self.image) + belongs


def listed(images: Sequence[StoredImage]) -> list[Listed]:
    """Each image of a repository with its standing."""
    names = {one.digest: next(iter(own_tags(one)), short_digest(one.digest)) for one in images}
    parts = {child: names[one.digest] for one in reversed(images) for child in one.children}
    sizes = {one.digest: one.size or 0 for one in images}
    return [
        Listed(
            one,
            standing,
            one.size or (sum(sizes.get(child, 0) for child in one.children) or one.size),
            owner,
        )
        for one in images
        for standing, owner in [_standing(one, parts, names)]
    ]


def _standing(
    image: StoredImage, parts: Mapping[str, str], names: Mapping[str, str]
) -> tuple[str, str]:
    if own_tags(image):
        return "tagged", ""
    if image.subject:
        return "attached", names.get(image.subject, short_digest(image.subject))
    if image.digest in parts:
        return "part", parts[image.digest]
    return "untagged", ""

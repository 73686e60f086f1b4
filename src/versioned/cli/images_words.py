"""Images in the words of people. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from versioned.cli.words import SHORT_SHA, age_words, size_words, time_words
from versioned.images.attachment_tag import AttachmentTag
from versioned.images.registry import StoredImage

_PLAIN = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_TIED = {"sig": "signature", "att": "attestation", "sbom": "SBOM"}


def short_digest(digest: str) -> str:
    """`sha256:` and the first digits, for people: no command takes it."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:SHORT_SHA]}"


def bytes_words(size: int | None) -> str:
    """As `size_words`; nothing where the registry doesn't say."""
    return "" if size is None else size_words(size)


def moment_words(moment: datetime | None) -> str:
    """`2026-03-01 17:05:09Z`; nothing for `None`."""
    return time_words(moment.isoformat()) if moment else ""


def has_pushed(images: Iterable[StoredImage]) -> bool:
    """Whether the registry of these keeps the time of a push."""
    return any(one.pushed_at for one in images)


def image_age(image: StoredImage, now: datetime, *, mark: bool) -> str:
    """How long ago it was pushed; where the registry doesn't say, made, by the image's own word,
    which is marked as such."""
    if image.pushed_at:
        return age_words(image.pushed_at, now)
    if image.created_at is None:
        return ""
    return f"{'created ' if mark else ''}{age_words(image.created_at, now)}"


def tag_words(tag: str) -> str:
    """The tag; one that ties by a digest with the start of that only."""
    found = AttachmentTag.parse(tag)
    if found is None:
        return tag
    return f"{tag[: len('sha256-') + SHORT_SHA]}...{found.kind or ''}"


def kind_words(image: StoredImage) -> str:
    """`image`, `index of 2`, `signature`, or the type of another artifact in short."""
    if image.children:
        return f"index of {len(image.children)}"
    if image.artifact_type and image.artifact_type not in _PLAIN:
        return type_words(image.artifact_type)
    kinds = [found.kind for tag in image.tags if (found := AttachmentTag.parse(tag))]
    return _TIED.get(kinds[0] or "", "attachment") if kinds else "image"


def type_words(media_type: str) -> str:
    """What is the same in all media types left out."""
    return re.sub(r"^application/(vnd\.)?|\+json$", "", media_type)

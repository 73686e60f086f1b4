"""Who uses each image of a repository, also of those that the registry does not list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from versioned.errors import NotFoundError
from versioned.images.reference import EcrHost
from versioned.images.registry import Registry, StoredImage
from versioned.images.sources.base import References, plain_host
from versioned.images.usage import ImageUsers, image_users, may_lie_in

_AT_ONCE = 8


def find_users(
    registry: Registry, repository: str, images: Sequence[StoredImage], references: References
) -> ImageUsers:
    """Who uses each of `images`, which is what the registry lists.

    An index that is used by its digest and that no tag leads to is not listed, outside of ECR:
    what it consists of is used, too. Each such digest that may lie here costs a request, and each
    child that is not listed another; one that is said to lie under another path costs nothing.
    Raises what `Registry.get_manifest` raises, but for what is not there.
    """
    is_listed_whole = EcrHost.parse(plain_host(registry.host)) is not None
    wanted = [] if is_listed_whole else _may_lie_in(registry.host, repository, references)
    unlisted = _unlisted(registry, repository, {image.digest for image in images}, wanted)
    return image_users(
        references, host=registry.host, repository=repository, images=images, unlisted=unlisted
    )


def _may_lie_in(host: str, repository: str, references: References) -> list[str]:
    """The digests in use that this repository may have."""
    pinned = [use for use in references.uses if use.digest]
    here = {
        use.digest
        for use in pinned
        if use.repository == repository or may_lie_in(use, host, repository)
    }
    elsewhere = {use.digest for use in pinned if use.repository} - here
    return [use.digest for use in pinned if use.digest and use.digest not in elsewhere]


def _unlisted(
    registry: Registry, repository: str, known: set[str], wanted: Iterable[str]
) -> list[StoredImage]:
    def look(digest: str) -> StoredImage | None:
        try:
            found = registry.get_manifest(repository, digest)
        except NotFoundError:
            return None
        children = tuple(child.digest for child in found.children)
        return StoredImage(
            digest, (), found.media_type, found.size, children=children, subject=found.subject
        )

    images: list[StoredImage] = []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="versioned-users") as pool:
        while new := [digest for digest in dict.fromkeys(wanted) if digest not in known]:
            known.update(new)
            found = [image for image in pool.map(look, new) if image is not None]
            images += found
            wanted = [child for image in found for child in image.children]
    return images

"""Who uses which image of a repository: what the sources said, held against what is there."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from versioned.errors import NotFoundError
from versioned.images.graph import ImageGraph
from versioned.images.reference import DOCKER_HUB, EcrHost
from versioned.images.registry import Registry, StoredImage
from versioned.images.sources.base import ImageUse, References, plain_host

_AT_ONCE = 8
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ImageUsers:
    """Who uses each image of a repository, sorted, by its digest; also of digests that are in use
    and not there. `doubt` says why others may be in use, too; empty where all is known.
    `unlisted` are images in use that are there, though no listing has them."""

    digests: Mapping[str, tuple[str, ...]]
    doubt: str = ""
    unlisted: tuple[StoredImage, ...] = ()

    @property
    def are_known(self) -> bool:
        """Whether an image that is not among them is unused."""
        return not self.doubt

    def words(self, digest: str) -> str:
        """Who uses an image, for people: three by name and how many more; empty for nobody."""
        users = self.digests.get(digest, ())
        more = f" and {len(users) - _SHOWN} more" if len(users) > _SHOWN else ""
        return f"{', '.join(users[:_SHOWN])}{more}"


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


def image_users(
    references: References,
    *,
    host: str,
    repository: str,
    images: Iterable[StoredImage],
    unlisted: Iterable[StoredImage] = (),
) -> ImageUsers:
    """Who uses each image of a repository: of those that are listed, and of others that are
    known to be there. Pure.

    A digest counts wherever it is said to lie. A tag, or a whole repository, counts where it is
    this one: in this registry, under the same path in any ECR, or without a registry, which a
    client may complete, also with a path. An index counts as used where a child is; and with
    whatever is used all that it needs: its children, its subject, its signatures and other
    referrers.
    """
    hidden = tuple(unlisted)
    graph = ImageGraph([*images, *hidden])
    tagged = {tag: image.digest for image in graph.images.values() for tag in image.tags}
    users: defaultdict[str, set[str]] = defaultdict(set)
    for use in references.uses:
        if use.digest:
            for digest in (use.digest, *graph.indexes_of(use.digest)):
                users[digest].add(use.user)
        if not may_lie_in(use, host, repository):
            continue
        if use.tag in tagged:
            for digest in (tagged[use.tag], *graph.indexes_of(tagged[use.tag])):
                users[digest].add(use.user)
        elif not (use.tag or use.digest):
            for digest in graph.images:
                users[digest].add(f"{use.user} (any tag)")
    _spread(graph, users)
    names = {digest: tuple(sorted(found)) for digest, found in users.items()}
    return ImageUsers(names, _doubt(references), hidden)


def _spread(graph: ImageGraph, users: defaultdict[str, set[str]]) -> None:
    pending = deque(users)
    while pending:
        digest = pending.popleft()
        for other, _ in graph.kin(digest):
            if other in graph.images and not users[digest] <= users[other]:
                users[other] |= users[digest]
                pending.append(other)


def _doubt(references: References) -> str:
    if references.are_known:
        return ""
    failed = sorted({report.source for report in references.unanswered})
    return f"{', '.join(failed)} did not answer" if failed else "no source of references answered"


def may_lie_in(use: ImageUse, host: str, repository: str) -> bool:
    """Whether it is a use of that repository: under its path in this registry or in any ECR, which
    may be a copy of it; or without a registry, which a client completes, maybe with a path."""
    if use.repository is None:
        return False
    home, there = plain_host(host), plain_host(use.registry or "")
    named, ours = _path(home, use.repository), _path(home, repository)
    if not there:
        return f"/{ours}".endswith(f"/{named}")
    return named == ours and (there == home or bool(EcrHost.parse(home) and EcrHost.parse(there)))


def _path(home: str, repository: str) -> str:
    return repository.removeprefix("library/") if home == DOCKER_HUB else repository

"""What belongs together in a repository: indexes and children, images and their referrers. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from versioned.images.attachment_tag import subject_by_tag
from versioned.images.registry import StoredImage


def own_tags(image: StoredImage) -> tuple[str, ...]:
    """The tags that people gave it: those left out that only tie a referrer to its subject."""
    if image.subject is None or image.subject == image.digest:
        return image.tags
    return tuple(tag for tag in image.tags if not _is_tying(tag, image))


def _is_tying(tag: str, image: StoredImage) -> bool:
    return bool(subject_by_tag(tag, digest=image.digest, media_type=image.media_type))


class Kinship(StrEnum):
    """What an image is to another one."""

    CHILD = "child"
    REFERRER = "referrer"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Tie:
    """Why an image stays: it is that to the image `of`, which stays."""

    kinship: Kinship
    of: str


class ImageGraph:
    """All images of one repository, and what each needs.

    An image that stays needs its children, its subject, and everything that is about it:
    signatures are nothing without it, and it may not be trusted without them.
    """

    def __init__(self, images: Iterable[StoredImage]) -> None:
        self.images = {image.digest: image for image in images}
        self._indexes: defaultdict[str, list[str]] = defaultdict(list)
        self._referrers: defaultdict[str, list[str]] = defaultdict(list)
        for image in self.images.values():
            for child in dict.fromkeys(image.children):
                self._indexes[child].append(image.digest)
            if image.subject is not None:
                self._referrers[image.subject].append(image.digest)

    def indexes_of(self, digest: str) -> set[str]:
        """Every index that has it as a child, or as the child of a child."""
        found: set[str] = set()
        pending = [digest]
        while pending:
            new = set(self._indexes.get(pending.pop(), ())) - found
            found |= new
            pending += new
        return found

    def kin(self, digest: str) -> Iterator[tuple[str, Kinship]]:
        """What an image needs itself, also what is not in the repository. `digest` may be of an
        image that is not there: then it has only referrers."""
        image = self.images.get(digest)
        for child in image.children if image else ():
            yield child, Kinship.CHILD
        for referrer in self._referrers.get(digest, ()):
            yield referrer, Kinship.REFERRER
        if image and image.subject is not None:
            yield image.subject, Kinship.SUBJECT

    def what_stays(self, roots: Iterable[str]) -> dict[str, Tie | None]:
        """The roots, and all that they need; each with the shortest reason, a root with none. What
        is not in the repository may be needed, and itself needs nothing, unless it is a root."""
        stays: dict[str, Tie | None] = dict.fromkeys(roots)
        pending = deque(stays)
        while pending:
            digest = pending.popleft()
            for other, kinship in self.kin(digest):
                if other in stays:
                    continue
                stays[other] = Tie(kinship, digest)
                if other in self.images:
                    pending.append(other)
        return stays

    def follows(self, image: StoredImage) -> bool:
        """Whether its fate is that of others: it has no name of its own, and is the child of an
        index or about an image that is there."""
        if own_tags(image):
            return False
        return image.digest in self._indexes or image.subject in self.images

    def missing_children(self) -> dict[str, tuple[str, ...]]:
        """The indexes that can't be pulled whole, each with the children that are not there."""
        missing = {
            digest: tuple(child for child in image.children if child not in self.images)
            for digest, image in self.images.items()
        }
        return {digest: children for digest, children in missing.items() if children}

    def removal_waves(self, digests: Collection[str]) -> list[list[str]]:
        """In which order they can go: an index before its children, a referrer before its
        subject. What is in one wave does not need each other; each wave keeps the order given."""
        depths: dict[str, int] = {}
        wanted = set(digests)
        for digest in digests:
            self._measure(digest, wanted, depths)
        waves: list[list[str]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
        for digest in dict.fromkeys(digests):
            waves[depths[digest]].append(digest)
        return [wave for wave in waves if wave]

    def _measure(self, start: str, wanted: Collection[str], depths: dict[str, int]) -> None:
        """How many others have to go one after the other before each. Digests make no circles,
        but tags that tie may: such a tie counts for nothing."""
        stack = [start]
        under_way: set[str] = set()
        while stack:
            digest = stack[-1]
            before = [
                other
                for other in (*self._indexes.get(digest, ()), *self._referrers.get(digest, ()))
                if other in wanted
            ]
            under_way.add(digest)
            unknown = [one for one in before if one not in depths and one not in under_way]
            if unknown and digest not in depths:
                stack.append(unknown[0])
                continue
            known = (depths[one] + 1 for one in before if one in depths)
            depths.setdefault(digest, max(known, default=0))
            stack.pop()

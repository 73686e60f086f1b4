"""Everything in a repository of any registry that can be seen from its tags."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from versioned.images.errors import InvalidImageError, RegistryError
from versioned.images.manifest import Manifest, digest_of
from versioned.images.reference import validate_digest
from versioned.images.registries.answers import Answer
from versioned.images.registries.oci_manifests import ask_manifest
from versioned.images.registries.oci_pages import list_tags
from versioned.images.registries.oci_referrers import ask_referrers
from versioned.images.registries.transport import AT_ONCE, Transport

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A manifest of a kind that is not understood: all that is known is what it seems to list and
    to be about."""

    digest: str
    media_type: str
    children: tuple[str, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen. `tags` has the digest of each tag; `dangling` are tags that name nothing that
    is there. `manifests` are by digest, also those that only an index or a referrer leads to."""

    tags: dict[str, str] = field(default_factory=dict)
    dangling: tuple[str, ...] = ()
    manifests: dict[str, Manifest] = field(default_factory=dict)
    foreign: dict[str, Foreign] = field(default_factory=dict)

    def tags_of(self, digest: str) -> tuple[str, ...]:
        """All tags that name it, sorted."""
        return tuple(sorted(tag for tag, found in self.tags.items() if found == digest))

    def holders_of(self, digest: str) -> list[str]:
        """The indexes that have it as a child."""
        return [
            *(
                index.digest
                for index in self.manifests.values()
                if any(child.digest == digest for child in index.children)
            ),
            *(one.digest for one in self.foreign.values() if digest in one.children),
        ]


def survey(transport: Transport, repository: str, *, referrers: bool) -> Survey:
    """A request for each tag and each child, eight at a time; with `referrers` one more for each
    manifest where the registry has that API. Raises ImageRepositoryNotFoundError."""
    return _Surveying(transport, repository, referrers=referrers).run()


def at_once(call: Callable[[A], B], things: Iterable[A]) -> list[B]:
    """The results in order, of eight calls at a time."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="versioned-registry") as pool:
        return list(pool.map(call, things))


class _Surveying:
    def __init__(self, transport: Transport, repository: str, *, referrers: bool) -> None:
        self._transport = transport
        self._repository = repository
        self._asks_referrers = referrers
        self._manifests: dict[str, Manifest] = {}
        self._foreign: dict[str, Foreign] = {}
        self._missing: set[str] = set()

    def run(self) -> Survey:
        listed = list_tags(self._transport, self._repository)
        found = dict(zip(listed, at_once(self._look, listed), strict=True))
        tags = {tag: one.digest for tag, one in found.items() if one is not None}
        new = [self._add(one) for one in found.values() if one is not None]
        while new := self._next([one for one in new if one is not None]):
            pass
        dangling = tuple(tag for tag in listed if tag not in tags)
        if dangling:
            now = set(list_tags(self._transport, self._repository))
            dangling = tuple(tag for tag in dangling if tag in now)  # others were deleted just now
        return Survey(tags, dangling, self._manifests, self._foreign)

    def _next(self, manifests: list[Manifest | Foreign]) -> list[Manifest | Foreign | None]:
        """What the last ones lead to, and nobody has seen yet."""
        leads = [digest for one in manifests for digest in _children(one)]
        leads += self._referrers_of(manifests)
        known = self._manifests.keys() | self._foreign.keys() | self._missing
        wanted = [digest for digest in dict.fromkeys(leads) if digest not in known]
        found = at_once(self._look, wanted)
        self._missing.update(
            digest for digest, one in zip(wanted, found, strict=True) if one is None
        )
        return [self._add(one) for one in found if one is not None]

    def _referrers_of(self, manifests: list[Manifest | Foreign]) -> list[str]:
        if not self._asks_referrers or not manifests:
            return []
        first, *others = manifests
        answered = ask_referrers(self._transport, self._repository, first.digest)
        if answered is None:
            self._asks_referrers = False  # their tags are among those that were listed
            return []
        asked = at_once(
            lambda one: ask_referrers(self._transport, self._repository, one.digest), others
        )
        return [one.digest for some in (answered, *asked) for one in some or ()]

    def _add(self, one: Manifest | Foreign) -> Manifest | Foreign | None:
        """It where it is new."""
        is_new = one.digest not in self._manifests.keys() | self._foreign.keys()
        if isinstance(one, Foreign):
            self._foreign[one.digest] = one
        else:
            self._manifests[one.digest] = one
        return one if is_new else None

    def _look(self, reference: str) -> Manifest | Foreign | None:
        answer = ask_manifest(self._transport, self._repository, reference)
        return None if answer.is_missing else _understood(answer)


def _understood(answer: Answer) -> Manifest | Foreign:
    kind = (answer.headers.get("Content-Type") or "").partition(";")[0].strip()
    try:
        return Manifest.parse(answer.body, media_type=kind)
    except RegistryError:
        found = _foreign(answer.body, kind)
        if found is None:
            raise
        return found


def _children(one: Manifest | Foreign) -> list[str]:
    if isinstance(one, Foreign):
        return list(one.children)
    return [child.digest for child in one.children]


def _foreign(content: bytes, kind: str) -> Foreign | None:
    """Whatever it names that may be a digest of the same repository; `None` for what can't be
    read: nobody knows what that needs."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    listed = data.get("manifests")
    children = [_digest(one) for one in (listed if isinstance(listed, list) else ())]
    return Foreign(
        digest_of(content),
        kind or str(data.get("mediaType") or ""),
        tuple(filter(None, children)),
        _digest(data.get("subject")),
    )


def _digest(descriptor: object) -> str | None:
    try:
        return validate_digest(descriptor["digest"]) if isinstance(descriptor, dict) else None
    except (LookupError, InvalidImageError):
        return None

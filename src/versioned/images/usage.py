"""Who uses which image: every source asked, and what they said held against a repository."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from versioned.errors import InputTypeError, InvalidInputError
from versioned.images.graph import ImageGraph
from versioned.images.reference import EcrHost
from versioned.images.registry import StoredImage
from versioned.images.sources.base import (
    LEFT_OUT,
    REPLICAS,
    Answer,
    ImageUse,
    References,
    ReferenceSource,
    SourceReport,
    SourceSkippedError,
    plain_host,
)
from versioned.images.sources.reasons import one_line, reason_of

_AT_ONCE = 16
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


def ask(sources: Sequence[ReferenceSource], *, skip: Collection[str] = ()) -> References:
    """What every source says is in use, all asked at once. One that fails, however, is reported
    as failed; one whose name is in `skip` is not asked.

    A source of one region, such as `ecs:eu-west-1`, is left out by `ecs`, too. Raises
    InvalidInputError for a name to skip that no source has.
    """
    names = {name for source in sources for name in _names(source)}
    unknown = sorted(set(skip) - names - {REPLICAS})
    if unknown:
        raise InvalidInputError(
            f"no source of references is called {', '.join(map(repr, unknown))}",
            hint=f"there are {', '.join(sorted(names | {REPLICAS}))}",
        )
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="versioned-sources") as pool:
        answers = list(pool.map(lambda source: _ask(source, skip), sources))
    return References(
        tuple(use for uses, _ in answers for use in uses), tuple(report for _, report in answers)
    )


def _names(source: ReferenceSource) -> set[str]:
    return {source.name, source.name.partition(":")[0]}


def _ask(
    source: ReferenceSource, skip: Collection[str]
) -> tuple[tuple[ImageUse, ...], SourceReport]:
    if _names(source) & set(skip):
        return (), SourceReport(source.name, Answer.SKIPPED, reason=LEFT_OUT)
    try:
        uses = tuple(_checked(use) for use in source.uses())
    except SourceSkippedError as skipped:
        return (), SourceReport(source.name, Answer.SKIPPED, reason=one_line(str(skipped)))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is no answer
        return (), SourceReport(source.name, Answer.FAILED, reason=reason_of(error))
    return uses, SourceReport(source.name, Answer.OK, len(uses))


def _checked(use: object) -> ImageUse:
    if not isinstance(use, ImageUse):
        raise InputTypeError(
            f"it gave a {type(use).__name__} where an ImageUse belongs",
            hint="make one with ImageUse.of(image, user)",
        )
    return use


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
    return repository.removeprefix("library/") if home == "docker.io" else repository

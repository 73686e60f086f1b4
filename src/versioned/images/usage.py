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
    and not there. `doubt` says why others may be in use, too; empty where all is known."""

    digests: Mapping[str, tuple[str, ...]]
    doubt: str = ""

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

    Raises InvalidInputError for a name to skip that no source has.
    """
    names = {source.name for source in sources}
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


def _ask(
    source: ReferenceSource, skip: Collection[str]
) -> tuple[tuple[ImageUse, ...], SourceReport]:
    if source.name in skip:
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
    references: References, *, host: str, repository: str, images: Iterable[StoredImage]
) -> ImageUsers:
    """Who uses each image of a repository. Pure.

    A digest counts wherever it is said to lie. A tag, or a whole repository, counts where it is
    this one: in this registry, in the same account's ECR of another region, or without a registry,
    which a client may complete. An index counts as used where the digest of a child is; and with
    whatever is used all that it needs: its children, its subject, its signatures and other
    referrers.
    """
    graph = ImageGraph(images)
    tagged = {tag: image.digest for image in graph.images.values() for tag in image.tags}
    users: defaultdict[str, set[str]] = defaultdict(set)
    for use in references.uses:
        if use.digest:
            for digest in (use.digest, *graph.indexes_of(use.digest)):
                users[digest].add(use.user)
        if not _is_of(use, host, repository):
            continue
        if use.tag in tagged:
            users[tagged[use.tag]].add(use.user)
        elif not (use.tag or use.digest):
            for digest in graph.images:
                users[digest].add(f"{use.user} (any tag)")
    _spread(graph, users)
    names = {digest: tuple(sorted(found)) for digest, found in users.items()}
    return ImageUsers(names, _doubt(references))


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


def _is_of(use: ImageUse, host: str, repository: str) -> bool:
    if use.repository is None:
        return False
    home, there = plain_host(host), plain_host(use.registry or "")
    ecr, other = EcrHost.parse(home), EcrHost.parse(there)
    is_here = ecr.account == other.account if ecr and other else there in {"", home}
    return is_here and _path(home, use.repository) == _path(home, repository)


def _path(home: str, repository: str) -> str:
    return repository.removeprefix("library/") if home == "docker.io" else repository

"""What tags of replicas name: in another region a tag may name another image than here."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from versioned.errors import NotFoundError
from versioned.images.reference import EcrHost, ImageReference
from versioned.images.sources.base import (
    LEFT_OUT,
    REPLICAS,
    Answer,
    ImageUse,
    References,
    SourceReport,
    plain_host,
)
from versioned.images.sources.reasons import one_line, reason_of

_AT_ONCE = 16


def resolve_replicas(
    references: References,
    *,
    host: str,
    repositories: Collection[str],
    resolve: Callable[[ImageReference], str],
    skip: Collection[str] = (),
) -> References:
    """The same with what the tags name that are used in other regions of the account: there a tag
    may still, or already, name another digest than here.

    `resolve` gives the digest of a tag in another region and raises NotFoundError where there is
    no such replica; then the use is one of the tag here, which it is in any case. Whatever else
    it raises makes the report `replicas` a failure. Nothing is asked, and nothing reported, where
    no tag of these repositories is used in another region.
    """
    there = [use for use in references.uses if _is_replica(use, host, repositories)]
    if not there:
        return references
    if REPLICAS in skip:
        return _with_report(references, SourceReport(REPLICAS, Answer.SKIPPED, reason=LEFT_OUT))
    images = {use: ImageReference(use.registry, str(use.repository), use.tag) for use in there}
    distinct = list(dict.fromkeys(images.values()))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="versioned-replicas") as pool:
        answers = pool.map(lambda one: _resolved(one, resolve), distinct)
        found = dict(zip(distinct, answers, strict=True))
    failures = [f"{image}: {answer.reason}" for image, answer in found.items() if answer.reason]
    if failures:
        report = SourceReport(REPLICAS, Answer.FAILED, reason=one_line("; ".join(failures)))
        return _with_report(references, report)
    uses = tuple(
        ImageUse(f"{use.user} in {use.registry}", digest=digest)
        for use in there
        if (digest := found[images[use]].digest)
    )
    report = SourceReport(REPLICAS, Answer.OK, len(uses))
    return _with_report(replace(references, uses=references.uses + uses), report)


def _with_report(references: References, report: SourceReport) -> References:
    return replace(references, reports=(*references.reports, report))


def _is_replica(use: ImageUse, host: str, repositories: Collection[str]) -> bool:
    home, there = EcrHost.parse(plain_host(host)), EcrHost.parse(plain_host(use.registry or ""))
    if home is None or there is None or not use.tag or use.repository not in repositories:
        return False
    return home.account == there.account and home.region != there.region


@dataclass(frozen=True, slots=True)
class _Resolved:
    digest: str | None = None
    reason: str = ""


def _resolved(image: ImageReference, resolve: Callable[[ImageReference], str]) -> _Resolved:
    try:
        return _Resolved(resolve(image))
    except NotFoundError:
        return _Resolved()
    except Exception as error:  # noqa: BLE001 - whatever it is, the digest is not known
        return _Resolved(reason=reason_of(error))

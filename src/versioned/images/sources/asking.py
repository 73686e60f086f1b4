"""Asking every source of references what is in use."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from versioned.errors import InputTypeError, InvalidInputError
from versioned.images.sources.base import (
    LEFT_OUT,
    REPLICAS,
    Answer,
    ImageUse,
    References,
    ReferenceSource,
    SourceReport,
    SourceSkippedError,
)
from versioned.images.sources.reasons import one_line, reason_of

_AT_ONCE = 16


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

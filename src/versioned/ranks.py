"""Ranks in their order, as the repository declares them; a rank is an alias."""

from __future__ import annotations

from collections.abc import Iterable

from versioned import layout, naming
from versioned.context import Context
from versioned.documents import parse
from versioned.errors import (
    InputTypeError,
    InvalidNameError,
    InvalidRankError,
    RankProtectedError,
)
from versioned.steps import or_none

RESERVED = frozenset({"latest", "archive", "none", "all"})
"""In any case: words that commands and layouts use for something else."""


def parse_ranks(ranks: Iterable[str]) -> tuple[str, ...]:
    """The ranks of a pipeline, lowest first, surrounding spaces removed. Pure.

    Raises InvalidRankError for none at all, a repeated one, a reserved word, or what is no
    alias name; InputTypeError for one string, or for what is none.
    """
    ranks = ranks if isinstance(ranks, str) else tuple(ranks)
    if isinstance(ranks, str) or not all(isinstance(rank, str) for rank in ranks):
        raise InputTypeError(f"ranks can't be {ranks!r}", hint='a list of names: ["qa", "prod"]')
    found = tuple(rank.strip() for rank in ranks)
    if not found:
        raise InvalidRankError("a pipeline without ranks", hint="name them in order: qa, prod")
    for rank in found:
        if rank.lower() in RESERVED:
            raise InvalidRankError(
                f"a rank can't be called {rank!r}", hint="that word is reserved; take another"
            )
        try:
            naming.validate_alias_name(rank)
        except InvalidNameError as error:
            raise InvalidRankError(
                f"{rank!r} is no rank: {error.message}", hint=error.hint
            ) from None
        if found.count(rank) > 1:
            raise InvalidRankError(
                f"the rank {rank!r} is named twice in {', '.join(found)}", hint="name it once"
            )
    return found


def read_ranks(context: Context) -> tuple[str, ...]:
    """The ranks that the repository declares; empty without a pipeline. One request.

    Raises ContaminatedError.
    """
    raw = or_none(lambda: context.read(layout.PIPELINE_KEY)[1])
    return () if raw is None else tuple(parse(layout.PIPELINE_KEY, raw).texts("ranks"))


def refuse_rank(name: str, alias: str, ranks: tuple[str, ...]) -> None:
    """Raises RankProtectedError for an alias that is a rank."""
    if alias in ranks:
        raise RankProtectedError(
            f"{alias} is a rank of this repository: {', '.join(ranks)}",
            hint=f"back: versioned rollback {name}@{alias}; forward: versioned promote {name} "
            f"{alias}; out of it: versioned demote {name} {alias} --empty",
        )

"""The ranks of a pipeline, in order. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Self

from s3pipeline.errors import InvalidRanksError, UnknownRankError
from s3pipeline.layout import ARCHIVE
from s3pipeline.names import problem_of

_HINT = 'name them in their order, like "qa, staging, production"'


@dataclass(frozen=True, slots=True)
class Ranks:
    """At least one name, none of them twice; a file enters at the first."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, ranks: str | Iterable[str]) -> Self:
        """From a list of names, or from one string with commas between them.

        Raises InvalidRanksError: no ranks, an empty or repeated one, `archive`, or a name that
        can't be a part of a key.
        """
        if isinstance(ranks, str):
            names = tuple(name.strip() for name in ranks.split(",")) if ranks.strip() else ()
        elif isinstance(ranks, Iterable) and not isinstance(ranks, AbstractSet):
            names = tuple(ranks)
        else:
            raise InvalidRanksError(f"a {type(ranks).__name__} has no order", hint=_HINT)
        if not names:
            raise InvalidRanksError("the pipeline has no ranks", hint=_HINT)
        for position, name in enumerate(names):
            if problem := _problem(name, names[:position]):
                raise InvalidRanksError(f"{name!r} can't be a rank: {problem}", hint=_HINT)
        return cls(names)

    def check(self, rank: str) -> str:
        """The rank itself. Raises UnknownRankError."""
        if rank not in self.names:
            raise UnknownRankError(
                f"there is no rank {rank!r}", hint=f"the ranks are {', '.join(self.names)}"
            )
        return rank

    def before(self, rank: str) -> str | None:
        """`None` for the first. Raises UnknownRankError."""
        position = self.names.index(self.check(rank))
        return self.names[position - 1] if position else None

    def after(self, rank: str) -> str | None:
        """`None` for the last. Raises UnknownRankError."""
        return dict(zip(self.names, self.names[1:], strict=False)).get(self.check(rank))


def _problem(name: object, earlier: tuple[str, ...]) -> str:
    if not isinstance(name, str):
        return "it is no text"
    if name.casefold() == ARCHIVE:
        return "that is where replaced releases go"
    if name in earlier:
        return "it is there twice"
    return "it has a comma" if "," in name else problem_of(name)

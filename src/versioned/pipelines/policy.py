"""The ranks of a repository and their gates, as one document: `docs/formats/pipeline.md`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from versioned.documents import Document, dump, parse
from versioned.errors import ContaminatedError, InvalidInputError, InvalidRankError
from versioned.pipelines.fields import FORMAT, check_format, read_link
from versioned.pipelines.gate import Gate, decode_gate
from versioned.ranks import parse_ranks

OPEN = Gate()
_FIELDS = frozenset(
    {"format", "position", "identity", "previous", "at", "by", "message", "ranks", "gates"}
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The ranks in order, the lowest first, and what is asked on the way into each.

    `position` counts the policies of a repository from 1; `at` is ISO 8601 in UTC by the store's
    clock; `previous` is the SHA-256 of the document before, empty for the first. A repository
    without a pipeline has a policy without ranks, at position 0. Raises InvalidRankError,
    InvalidInputError for gates that can't be meant.
    """

    ranks: tuple[str, ...] = ()
    gates: Mapping[str, Gate] = field(default_factory=dict)
    position: int = 0
    identity: str = ""
    previous: str = ""
    at: str = ""
    by: str | None = None
    message: str | None = None

    def __post_init__(self) -> None:
        for rank in self.gates:
            self.index(rank)
        if self.ranks and self.gate(self.ranks[0]).soak:
            raise InvalidInputError(
                f"{self.ranks[0]} is the first rank, there is none before it to soak in",
                hint="ask for soak time on the way into a later rank",
            )

    def index(self, rank: str) -> int:
        """The place of a rank, from 0. Raises InvalidRankError."""
        if rank not in self.ranks:
            known = f"the ranks are {', '.join(self.ranks)}" if self.ranks else "there are none"
            raise InvalidRankError(
                f"{rank!r} is no rank of this repository: {known}",
                hint=_near(rank, self.ranks),
            )
        return self.ranks.index(rank)

    def before(self, rank: str) -> str | None:
        """The rank that a rank is filled from; `None` for the first. Raises InvalidRankError."""
        place = self.index(rank)
        return self.ranks[place - 1] if place else None

    def gate(self, rank: str) -> Gate:
        """What is asked on the way into a rank: nothing, where nothing was declared."""
        return self.gates.get(rank, OPEN)

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "position": self.position,
            "at": self.at,
            "by": self.by,
            "message": self.message,
            "ranks": list(self.ranks),
            "gates": {
                rank: self.gates[rank].to_dict() for rank in self.ranks if rank in self.gates
            },
            "identity": self.identity,
            "previous": self.previous,
        }


def _near(rank: str, ranks: tuple[str, ...]) -> str:
    if not ranks:
        return "declare them in order: versioned pipeline set qa prod"
    near = get_close_matches(rank, ranks, n=1)
    return f"did you mean {near[0]}?" if near else "see versioned pipeline show"


def encode_policy(policy: Policy) -> bytes:
    """The document of a policy."""
    return dump({"format": FORMAT} | policy.to_dict())


def decode_policy(key: str, raw: bytes) -> Policy:
    """Read a policy. A field that this program doesn't know may be a rule that it would pass
    over, so it is refused. Raises ContaminatedError."""
    document = parse(key, raw)
    unknown = sorted(set(document.data) - _FIELDS)
    check_format(document)
    if unknown:
        raise ContaminatedError(
            f"{key!r} has fields that this program doesn't know: {', '.join(unknown)}",
            hint="update it",
        )
    gates = document.mapping("gates")
    try:
        return Policy(
            ranks=parse_ranks(document.texts("ranks")),
            gates={rank: decode_gate(rank, gates.mapping(rank)) for rank in gates.data},
            position=_position(document),
            identity=document.text("identity"),
            previous=read_link(document),
            at=document.time("at"),
            by=document.text_or_none("by"),
            message=document.text_or_none("message"),
        )
    except InvalidInputError as error:
        raise ContaminatedError(
            f"{key!r}: {error.message}", hint="see versioned pipeline history, and declare it again"
        ) from error


def _position(document: Document) -> int:
    position = document.integer("position")
    if position < 1:
        raise InvalidRankError(f"the position {position} is not 1 or more")
    return position

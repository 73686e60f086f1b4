"""What a version has to show before it may enter a rank. Pure: no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from versioned import naming
from versioned.documents import Document
from versioned.errors import ContaminatedError, InputTypeError, InvalidInputError

MAX_SOAK = 3650 * 86400
MAX_NAMED = 100
_FIELDS = frozenset({"verdicts", "soak", "approvals", "approvers"})


@dataclass(frozen=True, slots=True)
class Gate:
    """What is asked of a version on its way into a rank. Checked when it is made.

    `verdicts` are names of checks whose newest result has to be a pass; `soak` is how many
    seconds it had all traffic of the rank before, without a break; `approvals` is how many
    persons have to approve, and `approvers` who counts: anybody where none is named. Raises
    InvalidInputError, InvalidNameError, InputTypeError.
    """

    verdicts: tuple[str, ...] = ()
    soak: float = 0.0
    approvals: int = 0
    approvers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for check in _names("verdicts", self.verdicts):
            naming.validate_word("a check", check)
        for person in _names("approvers", self.approvers):
            naming.validate_person(person)
        _check_soak(self.soak)
        _check_approvals(self.approvals, self.approvers)

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked."""
        return not (self.verdicts or self.soak or self.approvals)

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "verdicts": list(self.verdicts),
            "soak": self.soak,
            "approvals": self.approvals,
            "approvers": list(self.approvers),
        }


def _names(field: str, names: object) -> tuple[str, ...]:
    if not isinstance(names, tuple):
        raise InputTypeError(f"{field} can't be {names!r}", hint="pass a tuple of names")
    if len(names) > MAX_NAMED or len(set(names)) != len(names):
        raise InvalidInputError(
            f"{field} has a name twice, or more than {MAX_NAMED}: {', '.join(map(str, names))}",
            hint="name each once",
        )
    return names


def _check_soak(soak: object) -> None:
    if not isinstance(soak, (int, float)) or isinstance(soak, bool):
        raise InputTypeError(f"the soak time can't be {soak!r}", hint="pass seconds")
    if not 0 <= soak <= MAX_SOAK:  # also what is not finite
        raise InvalidInputError(
            f"a soak time of {soak!r} seconds", hint=f"from 0 to {MAX_SOAK}, ten years"
        )


def _check_approvals(count: object, approvers: tuple[str, ...]) -> None:
    if not isinstance(count, int) or isinstance(count, bool):
        raise InputTypeError(f"approvals can't be {count!r}", hint="pass how many are needed")
    if not 0 <= count <= MAX_NAMED:
        raise InvalidInputError(f"{count} approvals", hint=f"from 0 to {MAX_NAMED}")
    if approvers and not 1 <= count <= len(approvers):
        raise InvalidInputError(
            f"{count} approvals of {len(approvers)} named approvers: {', '.join(approvers)}",
            hint="ask for at least one, and for no more than are named",
        )


def decode_gate(rank: str, document: Document) -> Gate:
    """Read a gate. A field that this program doesn't know may be a condition that it would
    pass over, so it is refused. Raises ContaminatedError."""
    unknown = sorted(set(document.data) - _FIELDS)
    soak = document.data.get("soak", 0)
    try:
        if unknown:
            raise InvalidInputError(f"unknown fields {', '.join(unknown)}")
        return Gate(
            tuple(document.texts("verdicts")),
            soak,
            document.integer("approvals"),
            tuple(document.texts("approvers")),
        )
    except InvalidInputError as error:
        raise ContaminatedError(
            f"{document.key!r}: the gate of {rank}: {error.message}",
            hint="update this program, or declare the gate again: versioned pipeline gate",
        ) from error

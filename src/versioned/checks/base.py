"""What a check is asked, and what it answers. Pure: no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from versioned.targets import percent

DEFAULT_TIMEOUT = 30.0
"""Seconds that a check may take."""

_REASON_LENGTH = 200


class Outcome(Enum):
    """What a check found. `INCONCLUSIVE` is neither good nor bad: it decides nothing."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: a version of an artifact, and its share of an alias in basis points."""

    artifact: str
    alias: str
    version: str
    sha256: str
    basis_points: int

    @property
    def weight(self) -> str:
        """Its share in percent, without the sign: `10`, `0.25`."""
        return percent(self.basis_points).removesuffix("%")


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a check, and why, in a line."""

    outcome: Outcome
    reason: str


class Check(Protocol):
    """Something that can be asked about a version that gets traffic."""

    def run(self, subject: Subject) -> Result:
        """Never raises for what it finds, and ends soon after its timeout."""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check that was run, by its name."""

    name: str
    outcome: Outcome
    reason: str

    @property
    def words(self) -> str:
        """`smoke: exit 1: no answer`."""
        return f"{self.name}: {self.reason}"


def clean_reason(text: str) -> str:
    """The end of a text that something else wrote, in one printable line of bounded length."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _REASON_LENGTH else f"...{line[3 - _REASON_LENGTH :]}"

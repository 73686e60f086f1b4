"""How long a version had all traffic of a rank, by the order of its ledger. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Stay:
    """A state of a rank: since when, and whether all traffic went to the version in question."""

    start: datetime
    holds: bool


def longest_stay(stays: Sequence[Stay], now: datetime) -> float:
    """Seconds of the longest unbroken run of states that hold; `stays` are newest first.

    A state begins no earlier than any before it, and ends no later than any after it began, or
    than `now`. So a clock that jumped, and a time that somebody made up, can make a stay shorter
    and never longer than what lies between its neighbours; never below 0.
    """
    longest, limit = timedelta(0), now
    end: datetime | None = None
    for stay, begin in zip(stays, _begins(stays), strict=True):
        end = (end or limit) if stay.holds else None
        if end is not None:
            longest = max(longest, end - begin)
        limit = min(limit, stay.start)
    return longest.total_seconds()


def _begins(stays: Sequence[Stay]) -> list[datetime]:
    """When each state began, at the earliest: not before any that came before it."""
    begins: list[datetime] = []
    latest: datetime | None = None
    for stay in reversed(stays):
        latest = stay.start if latest is None else max(latest, stay.start)
        begins.append(latest)
    return begins[::-1]

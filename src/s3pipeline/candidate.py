"""What a promotion is about to do, for those who may object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release on its way into a rank, with all checks passed and nothing written yet.

    `previous_rank` is where its bytes come from, `None` for a local file. `size` is in bytes,
    `sha256` in lower-case hex, and of exactly the bytes that will be written. `path` is the
    relative path it was uploaded from, where that is known. `replaces` is the version in the
    rank now, `None` where there is none.
    """

    filename: str
    rank: str
    previous_rank: str | None
    version: str
    size: int
    sha256: str
    path: str | None
    replaces: str | None

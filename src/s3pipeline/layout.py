"""The keys of a pipeline's bucket; docs/formats/s3-pipeline.md. Pure: no I/O.

{rank}/{filename}                 the release that is in a rank
archive/{version}/{filename}      releases that were replaced; created once
archive/.s3promote                written to, again and again, to see whether conditions hold
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from s3pipeline.names import MAX_NAME_BYTES, is_version

ARCHIVE = "archive"
MARKER_KEY = f"{ARCHIVE}/.s3promote"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a release lies. `rank` is `archive` for one that was replaced, and only then
    `version` is set: to the part of the key, which for odd versions is not the version."""

    rank: str
    filename: str
    version: str | None = None

    @classmethod
    def parse(cls, key: str) -> Self | None:
        """`None` for a key that is not of this layout."""
        rank, _, rest = key.partition("/")
        version, slash, filename = rest.rpartition("/")
        is_whole = bool(version) if rank == ARCHIVE else not slash
        if not rank or not filename or not is_whole:
            return None
        return cls(rank, filename, version if slash else None)


def release_key(rank: str, filename: str) -> str:
    return f"{rank}/{filename}"


def archive_key(version: str, filename: str) -> str:
    """Versions that other tools wrote may be no part of a key: those are percent-encoded, or
    hashed where they are too long."""
    return f"{ARCHIVE}/{_segment(version)}/{filename}"


def _segment(version: str) -> str:
    if is_version(version):
        return version
    encoded = quote(version, safe="").replace(".", "%2E")
    if len(encoded) <= MAX_NAME_BYTES:
        return encoded
    return f"sha256-{hashlib.sha256(version.encode('utf-8', 'replace')).hexdigest()}"

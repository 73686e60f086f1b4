"""What a file says of itself: which package and version it is of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from versioned.packages.coordinates import Package

LONGEST_METADATA = 4 * 1024 * 1024
"""Bytes of metadata that are read out of an archive, and kept beside it."""

BOMB_RATIO = 50
BOMB_SIZE = 64 * 1024 * 1024
"""An archive that unpacks to more than this, and to so many times its own size, is refused."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A checked file. `asset_set` is the build of a wheel, `None` for what has none; `beside` what
    is kept beside it; `details` and `about` are short texts for indexes and for people."""

    package: Package
    version: str
    name: str
    asset_set: str | None = None
    beside: bytes | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)

"""The data of the core: what operations return. Pure, frozen, no I/O."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from versioned.routing import routes_to_secondary

FULL_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class Artifact:
    """One version of an artifact.

    `version` is `"LATEST"` or a number as a string; `update_at` is ISO 8601 in UTC; `uri` names
    the object in its store; `sha256` is lower-case hex; `size` is in bytes; `etag` is the
    store's own mark of this very object.
    """

    name: str
    version: str
    update_at: str
    uri: str
    sha256: str
    size: int
    etag: str

    @property
    def update_datetime(self) -> datetime:
        """`update_at` as an aware datetime in UTC."""
        return datetime.fromisoformat(self.update_at)

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class VersionDetails:
    """A version with what its publisher said about it; metadata is without the format's own."""

    artifact: Artifact
    content_type: str | None
    metadata: dict[str, str]
    tags: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for one version, or for two with a weight.

    The first eight fields are those of the public format. `sha256` and `secondary_sha256` are
    the bytes meant, `by` and `message` who moved the alias and why; all four are `None` where
    another tool wrote it. `revision` changes with every write.
    """

    name: str
    alias: str
    update_at: str
    version: str
    secondary_version: str | None
    secondary_version_weight: int | None
    version_uri: str
    secondary_version_uri: str | None
    sha256: str | None = None
    secondary_sha256: str | None = None
    by: str | None = None
    message: str | None = None
    revision: str = ""

    @property
    def update_datetime(self) -> datetime:
        """`update_at` as an aware datetime in UTC."""
        return datetime.fromisoformat(self.update_at)

    @property
    def versions(self) -> frozenset[str]:
        """Every version that this alias refers to."""
        return frozenset(v for v in (self.version, self.secondary_version) if v is not None)

    @property
    def is_split(self) -> bool:
        """Whether traffic goes to two versions (a weight of 0 sends nothing to the second)."""
        return self.secondary_version is not None

    def route(self, key: str) -> str:
        """The version for a key: the same everywhere, always; see `versioned.routing`."""
        if self.secondary_version is not None and routes_to_secondary(
            self.name, self.alias, key, self.secondary_version_weight or 0
        ):
            return self.secondary_version
        return self.version

    def random_artifact(self) -> str:
        """The URI of one version, drawn anew by weight at each call."""
        weight = self.secondary_version_weight or 0
        if self.secondary_version_uri and random.randrange(FULL_WEIGHT) < weight:  # noqa: S311 - a fair draw is enough
            return self.secondary_version_uri
        return self.version_uri

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One thing that happened to an alias.

    `action` is `"put"` or `"delete"`; `position` counts from 1 and is `None` for the state
    that is still current; `state` is what the alias held, `None` after a deletion. `identity`
    names the write itself; `restores` that of an earlier state which this one brought back.
    """

    name: str
    alias: str
    action: Literal["put", "delete"]
    at: str
    by: str | None
    message: str | None
    position: int | None
    identity: str
    state: Alias | None
    restores: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)

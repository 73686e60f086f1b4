"""The data of the core: what operations return. Pure, frozen, no I/O."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from versioned.routing import BUCKETS, canary_of

FULL_WEIGHT = 100

Operation = Literal["promote", "demote", "rollback", "rollout"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)


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
class Canary:
    """A version that gets a share of an alias's traffic, in basis points: 1 is 0.01%."""

    version: str
    basis_points: int
    uri: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """What changed an alias, where it was not a plain write.

    `overrides` are the gates that were not met and were overridden. A change that a rollout
    made carries the rollout's identity, and the serial number of the move inside it.
    """

    operation: Operation
    overrides: tuple[str, ...] = ()
    rollout: str | None = None
    serial: int | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for one version, or for several with weights.

    The first eight fields are those of the public format. `sha256` and `secondary_sha256` are
    the bytes meant, `by` and `message` who moved the alias and why; all four are `None` where
    another tool wrote it. `split` is empty unless the traffic is split in a way that the eight
    fields can't say; then they hold the first canary with its share rounded down to whole
    percents. `canaries` has them all in any case. `revision` changes with every write.
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
    split: tuple[Canary, ...] = ()

    @property
    def update_datetime(self) -> datetime:
        """`update_at` as an aware datetime in UTC."""
        return datetime.fromisoformat(self.update_at)

    @property
    def canaries(self) -> tuple[Canary, ...]:
        """The versions beside the primary one, with their shares, in the order of routing."""
        if self.split or self.secondary_version is None:
            return self.split
        points = (self.secondary_version_weight or 0) * (BUCKETS // FULL_WEIGHT)
        uri = self.secondary_version_uri or ""
        return (Canary(self.secondary_version, points, uri, self.secondary_sha256),)

    @property
    def versions(self) -> frozenset[str]:
        """Every version that this alias refers to."""
        return frozenset((self.version, *(canary.version for canary in self.canaries)))

    @property
    def is_split(self) -> bool:
        """Whether traffic goes to several versions (a share of 0 sends nothing there)."""
        return self.secondary_version is not None

    def sha256_of(self, version: str) -> str | None:
        """The bytes meant by one of its versions, where they are known."""
        known = {canary.version: canary.sha256 for canary in self.canaries}
        return self.sha256 if version == self.version else known.get(version)

    def route(self, key: str) -> str:
        """The version for a key: the same everywhere, always; see `versioned.routing`."""
        shares = ((canary.version, canary.basis_points) for canary in self.canaries)
        return canary_of(self.name, self.alias, key, shares) or self.version

    def random_artifact(self) -> str:
        """The URI of one version, drawn anew by weight at each call."""
        left = random.randrange(BUCKETS)  # noqa: S311 - a fair draw is enough
        for canary in self.canaries:
            if left < canary.basis_points:
                return canary.uri
            left -= canary.basis_points
        return self.version_uri

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One thing that happened to an alias.

    `action` is `"put"` or `"delete"`; `position` counts from 1 and is `None` for the state
    that is still current; `state` is what the alias held, `None` after a deletion. `identity`
    names the write itself; `restores` that of an earlier state which this one brought back;
    `cause` is `None` for a plain write.
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
    cause: Cause | None = None

    @property
    def at_datetime(self) -> datetime:
        """`at` as an aware datetime in UTC."""
        return datetime.fromisoformat(self.at).astimezone(UTC)

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)

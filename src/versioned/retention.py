"""Which versions to keep, decided without I/O; every decision has its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from versioned import naming
from versioned.errors import InvalidInputError
from versioned.models import Alias, Artifact

DEFAULT_KEEP_LAST_N = 10
DEFAULT_OLDER_THAN_SECS = 90 * 24 * 60 * 60


_MAX_SECONDS = 10.0**10


def check_seconds(kind: str, seconds: float) -> None:
    """Raises InvalidInputError for what is no span of time."""
    if not isinstance(seconds, (int, float)) or not 0 <= seconds <= _MAX_SECONDS:
        raise InvalidInputError(
            f"{kind} is {seconds!r}", hint=f"it is seconds, from 0 to {_MAX_SECONDS:.0f}"
        )


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """A version is kept if it is among the `keep_last_n` newest numbers, or not older than
    `purge_older_than_secs` seconds by the store's clock, or referenced, or LATEST. An age of 0
    keeps nothing for its age, whatever the clocks say. Raises InvalidInputError for values that
    make no sense."""

    keep_last_n: int = DEFAULT_KEEP_LAST_N
    purge_older_than_secs: float = DEFAULT_OLDER_THAN_SECS

    def __post_init__(self) -> None:
        check_seconds("purge_older_than_secs", self.purge_older_than_secs)
        if not isinstance(self.keep_last_n, int) or self.keep_last_n < 0:
            raise InvalidInputError(
                f"keep_last_n is {self.keep_last_n!r}", hint="it is a whole number, 0 or more"
            )


@dataclass(frozen=True, slots=True)
class RetentionDecision:
    """What is to happen to one version, and why."""

    artifact: Artifact
    keep: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """Decisions about all versions of one artifact, newest first; `at` is the store's time.

    The same plan that a dry run shows is the one that is applied.
    """

    name: str
    at: datetime
    decisions: tuple[RetentionDecision, ...]

    @property
    def removed(self) -> tuple[Artifact, ...]:
        """What the plan removes, newest first."""
        return tuple(d.artifact for d in self.decisions if not d.keep)

    @property
    def kept(self) -> tuple[Artifact, ...]:
        """What the plan keeps, newest first."""
        return tuple(d.artifact for d in self.decisions if d.keep)

    def to_dict(self) -> dict[str, Any]:
        """The whole plan, ready for JSON."""
        return {
            "name": self.name,
            "at": self.at.isoformat(),
            "decisions": [asdict(decision) for decision in self.decisions],
        }


def references(
    aliases: Iterable[Alias], others: Mapping[str, Iterable[str]] | None = None
) -> dict[str, list[str]]:
    """Who refers to each version: aliases, with both sides of a split, and `others` by name."""
    found: dict[str, list[str]] = {}
    for alias in aliases:
        for version in alias.versions:
            found.setdefault(version, []).append(alias.alias)
    for user, versions in (others or {}).items():
        for version in versions:
            found.setdefault(version, []).append(user)
    return {version: sorted(names) for version, names in found.items()}


def plan_retention(
    name: str,
    versions: Sequence[Artifact],
    referenced: Mapping[str, Sequence[str]],
    policy: RetentionPolicy,
    *,
    now: datetime,
) -> RetentionPlan:
    """Decide about every version; `referenced` maps versions to who uses them."""
    numbered = sorted(
        (v for v in versions if v.version != naming.LATEST_VERSION),
        key=lambda v: int(v.version),
        reverse=True,
    )
    latest = [
        RetentionDecision(v, keep=True, reason="LATEST is always kept")
        for v in versions
        if v.version == naming.LATEST_VERSION
    ]
    decided = [
        _decide(artifact, rank, referenced.get(artifact.version, ()), policy, now)
        for rank, artifact in enumerate(numbered, start=1)
    ]
    return RetentionPlan(name, now, (*latest, *decided))


def _decide(
    artifact: Artifact, rank: int, users: Sequence[str], policy: RetentionPolicy, now: datetime
) -> RetentionDecision:
    age = now - artifact.update_datetime
    if users:
        aliases = ", ".join(users)
        return RetentionDecision(artifact, keep=True, reason=f"referenced by {aliases}")
    if rank <= policy.keep_last_n:
        return RetentionDecision(
            artifact, keep=True, reason=f"among the newest {policy.keep_last_n}"
        )
    if policy.purge_older_than_secs and age <= timedelta(seconds=policy.purge_older_than_secs):
        return RetentionDecision(
            artifact, keep=True, reason=f"not older than {_duration(policy.purge_older_than_secs)}"
        )
    return RetentionDecision(
        artifact,
        keep=False,
        reason=f"not among the newest {policy.keep_last_n}, "
        f"older than {_duration(policy.purge_older_than_secs)}, not referenced",
    )


def _duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:g} seconds"

"""Rollouts, and where an alias stands in one: `docs/formats/rollouts.md`. Pure: no I/O."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any, Literal, get_args

from versioned.alias_records import HeldAlias
from versioned.routing import BUCKETS
from versioned.targets import Target

Status = Literal["running", "paused", "frozen", "succeeded", "failed", "aborted", "superseded"]
OnFailure = Literal["rollback", "freeze"]

STATUSES: tuple[Status, ...] = get_args(Status)
ON_FAILURE: tuple[OnFailure, ...] = get_args(OnFailure)
MAX_STEPS = 1000
MAX_HOLD = 3650 * 24 * 60 * 60
MAX_LOG = 100

_ACTIVE = frozenset({"running", "paused", "frozen"})
_GOES_BACK = frozenset({"failed", "aborted"})


@dataclass(frozen=True, slots=True)
class RampStep:
    """A share in basis points and how many seconds it is held; `None` until `resume`."""

    basis_points: int
    hold: int | None


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that happened to a rollout: when, by whom, what and why."""

    at: str
    by: str | None
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a rollout means to do with an alias, and how far it is. The alias follows.

    `steps` grow strictly up to all traffic; `step` counts from 0. `serial` counts the moves
    that the alias has to make. `base` is the identity of the alias write that it started from:
    all traffic to `stable_version`. `released` says that the hold of this step is over.
    `checks` are names; what they mean is defined where they are run. `overrides` are gates that
    were not met at the start. `write` is different in every state that was ever stored.
    """

    name: str
    alias: str
    identity: str
    strategy: str
    stable_version: str
    stable_sha256: str
    new_version: str
    new_sha256: str
    steps: tuple[RampStep, ...]
    base: str
    started: str
    write: str
    step: int = 0
    serial: int = 1
    status: Status = "running"
    released: bool = False
    checks: tuple[str, ...] = ()
    on_failure: OnFailure = "rollback"
    overrides: tuple[str, ...] = ()
    by: str | None = None
    message: str | None = None
    log: tuple[LogLine, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it is under way: running, paused or frozen."""
        return self.status in _ACTIVE

    @property
    def goes_back(self) -> bool:
        """Whether all traffic belongs to the stable version again."""
        return self.status in _GOES_BACK

    @property
    def current(self) -> RampStep:
        return self.steps[self.step]

    @property
    def at_last(self) -> bool:
        return self.step == len(self.steps) - 1

    @property
    def basis_points(self) -> int:
        """The share of the new version that is meant now."""
        return 0 if self.goes_back else self.current.basis_points

    @property
    def target(self) -> Target:
        """What the alias is to point at."""
        if self.goes_back:
            return Target(self.stable_version)
        points = self.current.basis_points
        if points == BUCKETS:
            return Target(self.new_version)
        return Target(self.stable_version, ((self.new_version, points),))

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


class Place(Enum):
    """Where an alias stands, seen from the state of a rollout that was read before it."""

    APPLIED = "applied"
    """It made the last move."""
    BEHIND = "behind"
    """It has yet to make it."""
    AHEAD = "ahead"
    """It made a later one: the state of the rollout is an old one."""
    ELSEWHERE = "elsewhere"
    """Somebody else moved or deleted it."""


def place_of(rollout: Rollout, held: HeldAlias | None) -> Place:
    """Pure. Every move carries the rollout's identity and its serial in the alias's event."""
    if held is None:
        return Place.ELSEWHERE
    has_moves = rollout.active or rollout.goes_back
    behind = Place.BEHIND if has_moves else Place.ELSEWHERE
    if held.identity == rollout.base:
        return Place.APPLIED if rollout.goes_back else behind
    cause = held.event.cause if held.event else None
    if cause is None or cause.rollout != rollout.identity or cause.serial is None:
        return Place.ELSEWHERE
    if not held.alias.versions <= {rollout.stable_version, rollout.new_version}:
        return Place.ELSEWHERE  # another tool changed the file and kept the event
    if cause.serial != rollout.serial:
        return behind if cause.serial < rollout.serial else Place.AHEAD
    as_meant = Target.of_alias(held.alias) == rollout.target
    return Place.APPLIED if as_meant else Place.ELSEWHERE


def kept_by(rollout: Rollout, held: HeldAlias | None) -> frozenset[str]:
    """The versions that a rollout needs: both while it is under way, and after it the one that
    its alias has yet to go back to. `held` may have been read before the rollout. Pure."""
    if rollout.active:
        return frozenset((rollout.stable_version, rollout.new_version))
    behind = place_of(rollout, held) is Place.BEHIND
    return frozenset(rollout.target.versions if behind else ())


def with_log(
    rollout: Rollout, at: str, by: str | None, what: str, reason: str = ""
) -> tuple[LogLine, ...]:
    """The log with one more line. The first line stays; of the others the oldest goes first."""
    lines = (*rollout.log, LogLine(at, by, what, reason))
    return lines if len(lines) <= MAX_LOG else (lines[0], *lines[2:])

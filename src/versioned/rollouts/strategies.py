"""Strategies as people write them, and the steps that they mean. Pure: no I/O."""

from __future__ import annotations

import re
from itertools import pairwise

from versioned.errors import InvalidInputError, InvalidStrategyError
from versioned.rollout_states import MAX_HOLD, MAX_STEPS, RampStep
from versioned.routing import BUCKETS
from versioned.targets import basis_points, percent

_DURATION = re.compile(r"(?:([0-9]{1,4})d)?(?:([0-9]{1,5})h)?(?:([0-9]{1,7})m)?(?:([0-9]{1,9})s)?")
_SECONDS = (86400, 3600, 60, 1)
_WEIGHT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%")
_PAUSE = "pause"
_SHOWN = 80
_MAX_LENGTH = 20_000
_FORMS = "canary:10%:5m, linear:10%:1m, all-at-once or steps:5%:10m,50%:pause,100%:30m"


def parse_strategy(text: str) -> tuple[RampStep, ...]:
    """The steps of a strategy: shares that grow strictly, the last of them all traffic.

    `canary:10%:5m` and `linear:10%:1m` end with all traffic and no hold, and so does a list of
    `steps` that does not name 100%. Raises InvalidStrategyError.
    """
    if not isinstance(text, str):
        raise _unclear(repr(text), "a strategy is a string", _FORMS)
    if len(text) > _MAX_LENGTH:
        raise _unclear(text, f"it has {len(text)} characters", f"at most {_MAX_LENGTH}")
    kind, _, rest = text.partition(":")
    if kind == "all-at-once":
        if rest:
            raise _unclear(text, "all-at-once takes nothing more", "steps:100%:30m waits after it")
        return (RampStep(BUCKETS, 0),)
    if kind == "canary":
        return (_share(text, rest), RampStep(BUCKETS, 0))
    if kind == "linear":
        return _linear(text, _share(text, rest))
    if kind == "steps":
        return _growing(text, tuple(_step(text, part) for part in rest.split(",")))
    raise _unclear(text, f"there is no strategy {kind!r}", _FORMS)


def parse_duration(text: str) -> int | None:
    """The seconds of `90s`, `5m`, `1h30m` or `2d`; `None` for what is none. Pure."""
    match = _DURATION.fullmatch(text)
    if not match or not text:
        return None
    seconds = sum(int(n or 0) * s for n, s in zip(match.groups(), _SECONDS, strict=True))
    return seconds if seconds <= MAX_HOLD else None


def duration_words(seconds: float) -> str:
    """Seconds as `parse_duration` reads them, in at most two units; less than one is `0s`."""
    left, words = int(seconds), list[str]()
    for unit, length in zip("dhms", _SECONDS, strict=True):
        count, left = divmod(left, length)
        if count:
            words.append(f"{count}{unit}")
    return "".join(words[:2]) or "0s"


def _share(text: str, rest: str) -> RampStep:
    """The one share of a canary or of a linear ramp."""
    if rest.count(":") != 1 or "," in rest:
        raise _unclear(text, "it takes one share and one duration", _FORMS)
    step = _step(text, rest)
    if step.basis_points == BUCKETS:
        raise _unclear(text, "100% is no share to begin with", "use all-at-once, or steps:100%:30m")
    return step


def _step(text: str, part: str) -> RampStep:
    share, colon, hold = part.strip().partition(":")
    weight = _WEIGHT.fullmatch(share)
    if not weight or not colon:
        raise _unclear(text, f"{part!r} is not a step", "10%:5m, 0.25%:1h30m or 50%:pause")
    try:
        points = basis_points(weight[1])
    except InvalidInputError:
        raise _unclear(text, f"{share} is not a share", "from 0.01% to 100%") from None
    if hold == _PAUSE:
        return RampStep(points, None)
    seconds = parse_duration(hold)
    if seconds is None:
        limit = duration_words(MAX_HOLD)
        raise _unclear(text, f"{hold!r} is not a duration", f"90s, 5m, 1h30m, 2d, {limit} at most")
    return RampStep(points, seconds)


def _linear(text: str, first: RampStep) -> tuple[RampStep, ...]:
    shares = range(first.basis_points, BUCKETS, first.basis_points)
    steps = tuple(RampStep(points, first.hold) for points in shares)
    return _growing(text, (*steps, RampStep(BUCKETS, 0)))


def _growing(text: str, steps: tuple[RampStep, ...]) -> tuple[RampStep, ...]:
    for before, after in pairwise(steps):
        if after.basis_points <= before.basis_points:
            shares = f"{percent(after.basis_points)} after {percent(before.basis_points)}"
            raise _unclear(
                text, f"{shares} does not grow", "each step sends more traffic than the last"
            )
    if steps[-1].basis_points < BUCKETS:
        steps = (*steps, RampStep(BUCKETS, 0))
    if len(steps) > MAX_STEPS:
        raise _unclear(text, f"it has {len(steps)} steps", f"at most {MAX_STEPS}")
    return steps


def _unclear(text: str, found: str, hint: str) -> InvalidStrategyError:
    return InvalidStrategyError(
        f"the strategy {_shown(text)!r} can't be meant: {_shown(found)}", hint=hint
    )


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

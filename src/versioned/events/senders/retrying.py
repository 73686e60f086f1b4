"""Trying again what may work in a moment, with pauses that grow and that chance spreads."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from versioned.errors import DeliveryError

LONGEST_PAUSE = 60.0
"""Seconds; whoever asks for more time is tried again by the next delivery."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often to try again, and the clocks for that: `sleep` waits, `chance` is from 0 to 1."""

    count: int = 4
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class NotTakenError(DeliveryError):
    """One attempt failed. `passing` tells whether another one may go better, `pause` how many
    seconds the other side asks for."""

    def __init__(
        self, message: str, *, hint: str = "", passing: bool = False, pause: float = 0.0
    ) -> None:
        super().__init__(message, hint=hint)
        self.passing = passing
        self.pause = pause


def retrying(attempt: Callable[[], None], retries: Retries) -> None:
    """Attempt until it works, fails for good, or the retries are used up. Raises NotTakenError:
    the last one.

    The pause before retry n is half to all of 2**n seconds, at least what was asked for.
    """
    for number in range(retries.count):
        try:
            return attempt()
        except NotTakenError as error:
            if not error.passing or error.pause > LONGEST_PAUSE:
                raise
            grown = min(2.0**number, LONGEST_PAUSE)
            retries.sleep(max(error.pause, grown * (1 + retries.chance()) / 2))
    return attempt()

"""What was looked up a moment ago, so that many requests cost the store one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MOST = 10_000


class Remembered(Generic[K, V]):
    """Values by key, each for some seconds, the oldest forgotten first. Safe to use from several
    threads; two that ask at once may both look up. An error is not remembered."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._guard = threading.Lock()
        self._held: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K, look_up: Callable[[], V]) -> V:
        """The value, looked up where it is not remembered."""
        now = time.monotonic()
        with self._guard:
            held = self._held.get(key)
        if held is not None and now - held[0] < self._seconds:
            return held[1]
        found = look_up()
        with self._guard:
            self._held[key] = (now, found)
            self._held.move_to_end(key)
            while len(self._held) > _MOST:
                self._held.popitem(last=False)
        return found

    def forget(self, key: K) -> None:
        """Look it up next time."""
        with self._guard:
            self._held.pop(key, None)

"""What threads of one process spare each other: races over a version, and writes of pages.

Nothing that is right stands on it: other processes are held off by conditions of the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class _Turn:
    """A lock with those who hold or wait for it. `wanted` and `entries` are what they want to be
    shown, `shown` is what was written while somebody waited."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0
    wanted: dict[str, int] = field(default_factory=dict)
    entries: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)


class PackageLocks:
    """Locks by key, kept while somebody holds or waits for one."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._turns: dict[Hashable, _Turn] = {}

    @contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        """Wait for the lock of a key, and hold it inside `with`. Not reentrant."""
        with self._turn(key) as turn, turn.lock:
            yield

    def show(
        self,
        key: Hashable,
        positions: Mapping[str, int],
        entries: Mapping[str, Any],
        write: Callable[[Mapping[str, int], Mapping[str, Any], bool], None],
    ) -> None:
        """Let pages show positions, of which some entries are known: with one write for all who
        wait for it. `write` is told what all of them want, and whether somebody has written since
        this thread came."""
        with self._turn(key) as turn:
            with self._guard:
                for version, position in positions.items():
                    if position > turn.wanted.get(version, 0):
                        turn.wanted[version] = position
                        turn.entries.pop(version, None)
                    if position == turn.wanted[version] and version in entries:
                        turn.entries[version] = entries[version]
            with turn.lock:
                if all(turn.shown.get(one, 0) >= at for one, at in positions.items()):
                    return
                with self._guard:
                    wanted, known = dict(turn.wanted), dict(turn.entries)
                write(wanted, known, bool(turn.shown))
                turn.shown = wanted

    @contextmanager
    def _turn(self, key: Hashable) -> Iterator[_Turn]:
        with self._guard:
            turn = self._turns.setdefault(key, _Turn())
            turn.users += 1
        try:
            yield turn
        finally:
            with self._guard:
                turn.users -= 1
                if not turn.users:
                    del self._turns[key]

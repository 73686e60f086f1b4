"""What one more file costs where there are few packages, and where there are many."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.packages.wheels import make_wheel
from versioned.packages import Packages

REPOSITORY = "bench"
FILES = 10


@dataclass(frozen=True, slots=True)
class Growth:
    """Medians in ms: a further build of a package that is there, and the first file of a new one,
    among so many packages with `FILES` files each."""

    packages: int
    further: float
    first: float


def growth(room: Path, sizes: Iterable[int], *, rounds: int) -> list[Growth]:
    """One after the other in one domain, that grows to each size in turn. Publishing is through
    the library, on a directory: no HTTP, one process."""
    packages = Packages.open(str(room), actor="bench")
    packages.create_domain("bench")
    packages.create_repository(REPOSITORY)
    found: list[Growth] = []
    there = 0
    for size in sizes:
        for number in range(there, size):
            wheels = dict(make_wheel(f"project{number}", "1.0", b, size=64) for b in range(FILES))
            packages.publish_files(REPOSITORY, "pypi", wheels)
        there = size
        further = [
            _seconds(
                packages, f"project{(number * 7919) % size}", 100 + len(found) * rounds + number
            )
            for number in range(rounds)
        ]
        first = [_seconds(packages, f"new{size}x{number}", 1) for number in range(rounds)]
        found.append(Growth(size, median(further) * 1000, median(first) * 1000))
    return found


def _seconds(packages: Packages, project: str, build: int) -> float:
    name, data = make_wheel(project, "1.0", build, size=64)
    started = time.perf_counter()
    packages.publish_files(REPOSITORY, "pypi", {name: data})
    return time.perf_counter() - started

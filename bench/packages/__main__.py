"""`python -m bench.packages`, from the root of the repository: figures of packages.

Exits with 1 where an operation takes more steps than its budget.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.measure import DELAY
from bench.packages.costs import Counted, costs
from bench.packages.growth import FILES, growth
from bench.packages.speed import Figure, memory, speed
from bench.server import bucket_on, moto
from bench.workers import ROOT


def main() -> int:
    options = _parse(sys.argv[1:])
    with ExitStack() as stack:
        server = stack.enter_context(moto())
        bucket = stack.enter_context(bucket_on(server))
        room = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        counted = costs(server, bucket, delay=options.delay)
        print(f"{server.name}, {options.delay * 1000:.0f} ms added to every request\n")
        print(_costs_table(counted), flush=True)
        if options.peer_python.exists():
            figures = speed(
                room,
                options.peer_python,
                rounds=options.rounds,
                small=options.small,
                large=options.large,
            )
            print("\nBeside other servers, on a directory, 8 clients\n")
            print(_figures_table(figures), flush=True)
        else:
            print("\nSKIPPED: other servers; scripts/package-peers installs them", flush=True)
        print(f"\n{_figures_table(memory(room, size_mib=options.memory))}", flush=True)
        print(f"\nPublishing one more file by the library, packages with {FILES} files each\n")
        # In memory where that can be: waiting for a disk would hide what grows.
        memory_room = next(path for path in (Path("/dev/shm"), room) if path.is_dir())  # noqa: S108 - our own below
        growing = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=memory_room)))
        for one in growth(growing / "growth", options.sizes, rounds=11):
            print(
                f"{one.packages:>6} packages, {one.packages * FILES:>7} files: "
                f"{one.further:6.1f} ms, the first file of a new package {one.first:6.1f} ms",
                flush=True,
            )
    exceeded = [one for one in counted if one.steps > one.budget]
    for one in exceeded:
        print(
            f"over budget: {one.operation}: {one.steps} steps, the budget is {one.budget}",
            file=sys.stderr,
        )
    return 1 if exceeded else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench.packages", description="What packages cost.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller sizes")
    parser.add_argument(
        "--peer-python",
        type=Path,
        default=ROOT / ".venv-package-peers/bin/python",
        help="of an environment with pypiserver and devpi-server; scripts/package-peers makes it",
    )
    options = parser.parse_args(arguments)
    sizes = (1, 40, 8, 64) if options.quick else (3, 80, 64, 2048)
    options.rounds, options.small, options.large, options.memory = sizes
    # With more, steps are told apart on a machine that is busy, too.
    options.delay = 0.2 if options.quick else DELAY
    options.sizes = (20, 200) if options.quick else (100, 1000, 10_000)
    return options


def _costs_table(rows: Sequence[Counted]) -> str:
    lines = [f"{'operation':34}{'budget':>8}{'requests':>10}{'steps':>7}{'ms':>8}"]
    lines += [
        f"{r.operation:34}{r.budget:>8}{r.requests:>10}{r.steps:>7}{r.ms:>8.0f}" for r in rows
    ]
    return "\n".join(lines)


def _figures_table(figures: Sequence[Figure]) -> str:
    names = list(figures[0].values)
    lines = [f"{'':40}{'unit':>8}" + "".join(f"{name:>13}" for name in names)]
    for one in figures:
        cells = (f"{one.values[name] or 0:>13.1f}" for name in names)
        lines.append(f"{one.what:40}{one.unit:>8}" + "".join(cells))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

"""What is not a matter of round trips: large files, memory, the local store, the command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.operations import MEBIBYTE, SMALL
from bench.report import Figure
from bench.serving import content
from bench.workers import Call, CallError, Reply, Side, Worker, call
from versioned import Repository


def transfers(sides: Sequence[Side], room: Path, *, rounds: int, size: int) -> list[Figure]:
    """MiB/s of uploads and downloads without delay, the sides in turn, in warm processes."""
    seconds: dict[tuple[str, str], list[float]] = {}
    with ExitStack() as stack:
        workers = [(side.name, stack.enter_context(side.start())) for side in sides]
        for number in range(rounds):
            path = _file(room, seed=number, size=size)
            for name, worker in workers[:: -1 if number % 2 else 1]:
                for label, reply in _transfer(worker, path, number + 1):
                    seconds.setdefault((label, name), []).append(reply.seconds)
    speeds = {key: size / MEBIBYTE / median(taken) for key, taken in seconds.items()}
    amount = f"{size // MEBIBYTE} MiB"
    return [
        Figure(f"{what} {amount}", "MiB/s", speeds.get((what, "ours")), speeds.get((what, "peer")))
        for what in ("put", "get")
    ]


def _transfer(worker: Worker, path: Path, version: int) -> list[tuple[str, Reply]]:
    try:
        put = worker.run(call("put_file", name="file", path=str(path)))
        worker.run(call("publish", name="file"))
        return [("put", put), ("get", worker.run(call("get_file", name="file", version=version)))]
    except CallError:
        return []


def memory(sides: Sequence[Side], room: Path, *, size: int) -> list[Figure]:
    """How much more memory a fresh process has needed after a large file than before it."""
    path = str(_file(room, seed=99, size=size))
    amount = f"{size // MEBIBYTE} MiB"
    calls = {
        "put": call("put_file", name="big", path=path),
        "get": call("get_file", name="big", version=1),
    }
    figures = []
    for what, large in calls.items():
        grown = {side.name: _growth(side, large) for side in sides}
        label = f"peak memory, {what} {amount}"
        figures.append(Figure(label, "MiB", grown["ours"], grown["peer"], more_is_better=False))
    return figures


def _growth(side: Side, large: Call) -> float | None:
    with side.start() as worker:
        try:
            worker.run(call("put", name="warm", seed=1, size=SMALL))
            before = worker.run(call("list_versions", name="warm")).peak
            grown = worker.run(large).peak - before
            if large.operation == "put_file":
                worker.run(call("publish", name="big"))
        except CallError:
            return None
    return grown / MEBIBYTE


def _file(room: Path, *, seed: int, size: int) -> Path:
    path = room / "file.bin"
    block = content(seed, MEBIBYTE)
    with path.open("wb") as file:
        for number in range(size // MEBIBYTE):
            file.write(number.to_bytes(8, "big") + block[8:])
    return path


def local_store(room: Path, *, rounds: int) -> list[Figure]:
    """Rounds of put, publish and get per second in a directory, and how long the command takes."""
    url = str(room / "local")
    repository = Repository.open(url)
    repository.bootstrap()

    def cycle(number: int) -> None:
        repository.put_artifact("app", content(number, SMALL))
        version = repository.publish_artifact_version("app").version
        repository.get_content("app", version)

    cycle(0)
    started = time.perf_counter()
    for number in range(1, rounds + 1):
        cycle(number)
    per_second = rounds / (time.perf_counter() - started)
    environment = {**os.environ, "VERSIONED_REPO": url}
    command = [str(Path(sys.executable).with_name("versioned")), "ls"]
    listing = _median_ms(lambda: _run(command, environment))
    bare = _median_ms(lambda: _run([sys.executable, "-c", "pass"], environment))
    return [
        Figure("local store: put, publish and get 1 KiB", "per s", per_second, None),
        Figure("local store: versioned ls", "ms", listing, None, more_is_better=False),
        Figure("python -c pass, for comparison", "ms", bare, None, more_is_better=False),
    ]


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)


def _median_ms(run: Callable[[], None]) -> float:
    taken = []
    for _ in range(7):
        started = time.perf_counter()
        run()
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)

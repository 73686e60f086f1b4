"""Requests and steps of each operation, on S3: counted on the wire, with a delay on each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.packages.wheels import make_wheel
from bench.report import Cost, Sample
from bench.server import Server, client_of
from bench.wire import Wire, count_steps
from versioned.packages import Package, Packages
from versioned.stores.s3 import S3Store, client_config

DEV, PROD = "dev", "prod"
ROUNDS = 5
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Counted:
    """What an operation asked of the store at least, and its median time; `budget` are the steps
    that it may take."""

    operation: str
    requests: int
    steps: int
    ms: float
    budget: int


def costs(server: Server, bucket: str, *, delay: float) -> list[Counted]:
    """Every operation once a round, on packages of their own, in a process that is warm, with so
    many seconds added to each request."""
    client = client_of(server, config=client_config())
    packages = Packages(S3Store(client, bucket, "packages"), actor="bench")
    packages.create_domain("bench")
    for name in (DEV, PROD):
        packages.create_repository(name)
    _publish(packages, "warm", 1)
    wire = Wire()
    wire.tap()
    budgets: dict[str, int] = {}
    samples: dict[str, list[Sample]] = {}
    for number in range(ROUNDS):
        for operation, (budget, call) in _plan(packages, f"app{number}", f"large{number}").items():
            budgets[operation] = budget
            samples.setdefault(operation, []).append(_sample(wire, delay, call))
    found = []
    for operation, taken in samples.items():
        cost = Cost.of(taken)
        found.append(Counted(operation, cost.requests, cost.steps, cost.ms, budgets[operation]))
    return found


def _plan(
    packages: Packages, small_name: str, large_name: str
) -> Mapping[str, tuple[int, Callable[[], Any]]]:
    """The budget of each operation, and how it is done, in the order in which they go."""
    small, large = Package.of("pypi", small_name), Package.of("pypi", large_name)
    return {
        "upload, first file of a project": (8, partial(_publish, packages, small_name, 1)),
        "upload, one more build": (6, partial(_publish, packages, small_name, 2)),
        "upload, the same bytes again": (2, partial(_publish, packages, small_name, 2)),
        "promote, small, first of a project": (
            11,
            partial(packages.copy_package_versions, DEV, PROD, small, "1.0"),
        ),
        "upload, 12 MiB": (8, partial(_publish, packages, large_name, 1, size=12 * MEBIBYTE)),
        "promote, 12 MiB, read back": (
            13,
            partial(packages.copy_package_versions, DEV, PROD, large, "1.0"),
        ),
        "install: page": (1, lambda: packages.context.read(f"{DEV}/pypi/simple/{small_name}/")),
        "install: file": (3, partial(_download, packages, small)),
    }


def _sample(wire: Wire, delay: float, call: Callable[[], Any]) -> Sample:
    wire.delay = delay
    wire.take()
    started = time.perf_counter()
    call()
    seconds = time.perf_counter() - started
    sent = wire.take()
    wire.delay = 0.0
    return Sample(len(sent), count_steps(sent), seconds)


def _publish(packages: Packages, name: str, build: int, *, size: int = 1024) -> None:
    filename, data = make_wheel(name, "1.0", build, size=size)
    packages.publish_files(DEV, "pypi", {filename: data})


def _download(packages: Packages, package: Package) -> int:
    name = f"{package.name}-1.0-2-py3-none-any.whl"
    return sum(map(len, packages.open_asset(DEV, package, "1.0", name).chunks()))

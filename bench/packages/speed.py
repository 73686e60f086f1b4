"""Ours beside the other servers, in one run: the same wheels, the same clients, turn by turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import BinaryIO

import httpx

from bench.packages.clients import Clients
from bench.packages.servers import REPOSITORY, Running, devpi, pypiserver, versioned_server
from bench.packages.wheels import make_wheel

MEBIBYTE = 1024 * 1024
_PROJECTS = 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured of each server, the median of the rounds; `None` where a server
    was not asked."""

    what: str
    unit: str
    values: Mapping[str, float | None]


def speed(room: Path, peers: Path, *, rounds: int, small: int, large: int) -> list[Figure]:
    """`small` uploads of 10 KiB a round, four of `large` MiB, installs of all small ones."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(versioned_server(room / "versioned")),
            stack.enter_context(pypiserver(room / "pypiserver", peers)),
            stack.enter_context(devpi(room / "devpi", peers)),
        ]
        samples: dict[str, dict[str, list[float]]] = {}

        def note(what: str, server: Running, value: float) -> None:
            samples.setdefault(what, {}).setdefault(server.name, []).append(value)

        for number in range(rounds):
            for server in servers[:: -1 if number % 2 else 1]:
                clients = Clients(server)
                wheels = [
                    make_wheel(f"p{n % _PROJECTS}", f"{number}.0", n, size=10 * 1024)
                    for n in range(small)
                ]
                note("uploads of 10 KiB", server, small / clients.uploads(wheels))
                projects = [f"p{n % _PROJECTS}" for n in range(2 * small)]
                note("installs of 10 KiB", server, len(projects) / clients.installs(projects))
                heavy = [
                    make_wheel(f"heavy{n}", f"{number}.0", 1, size=large * MEBIBYTE)
                    for n in range(4)
                ]
                note("uploads of large files", server, 4 * large / clients.uploads(heavy))
        peaks = {server.name: server.peak_mib for server in servers}
    units = {"uploads of large files": "MiB/s"}
    return [
        *(
            Figure(what, units.get(what, "per s"), {k: median(v) for k, v in found.items()})
            for what, found in samples.items()
        ),
        Figure("peak memory of the server", "MiB", dict(peaks)),
    ]


def memory(room: Path, *, size_mib: int) -> list[Figure]:
    """The peak of our server before and after one asset of that size went up and down."""
    with versioned_server(room / "memory") as server:
        url = f"{server.upload.replace('/pypi/', '/generic/')}bench/large/1/asset.bin"
        auth = (server.user, server.password)
        small = httpx.put(f"{url}.small", content=b"x" * MEBIBYTE, auth=auth, timeout=600)
        small.raise_for_status()
        before = server.peak_mib
        other = url.replace("/1/", "/2/")
        httpx.put(other, content=_zeros(size_mib), auth=auth, timeout=600).raise_for_status()
        received = 0
        with httpx.stream("GET", other, auth=auth, timeout=600) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                received += len(chunk)
        if received != size_mib * MEBIBYTE:
            raise SystemExit(f"bench: {received} bytes came back of {REPOSITORY}")
        values = {"1 MiB": before, f"{size_mib} MiB": server.peak_mib}
    return [Figure("peak memory of our server, up and down", "MiB", values)]


def _zeros(size_mib: int) -> Sequence[bytes] | BinaryIO:
    return [bytes(MEBIBYTE)] * size_mib

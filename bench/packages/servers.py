"""The servers that are compared, each as its own manual starts it, on loopback, on a directory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.server import free_port, wait_for
from versioned.packages import Packages
from versioned.packages.tokens import Scope

REPOSITORY = "bench"
_PASSWORD = "bench"  # noqa: S105 - of a server on loopback that lives for a minute


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers: where to upload to, where the index is, who may."""

    name: str
    upload: str
    simple: str
    user: str
    password: str
    pid: int

    @property
    def peak_mib(self) -> float:
        """The most memory that it ever had, in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text("utf-8")
        match = re.search(r"VmHWM:\s+(\d+)", status)
        return int(match[1]) / 1024 if match else 0.0


@contextmanager
def versioned_server(room: Path) -> Iterator[Running]:
    """Ours, on a domain in a directory."""
    packages = Packages.open(str(room), actor="bench")
    packages.create_domain("bench")
    packages.create_repository(REPOSITORY)
    token = packages.create_token("bench", {REPOSITORY: [Scope.ADMIN]}).secret
    port = free_port()
    program = Path(sys.executable).with_name("versioned")
    command = [program, "serve", "--domain", room, "--listen", f"127.0.0.1:{port}", "-q"]
    with _started(command, port) as pid:
        at = f"http://127.0.0.1:{port}/pypi/{REPOSITORY}/"
        yield Running("versioned", at, f"{at}simple/", "bench", token, pid)


@contextmanager
def pypiserver(room: Path, python: Path) -> Iterator[Running]:
    """pypiserver, without passwords."""
    room.mkdir(parents=True)
    port = free_port()
    program = python.with_name("pypi-server")
    command = [program, "run", "-i", "127.0.0.1", "-p", str(port), "-a", ".", "-P", ".", room]
    with _started(command, port) as pid:
        at = f"http://127.0.0.1:{port}/"
        yield Running("pypiserver", at, f"{at}simple/", "bench", _PASSWORD, pid)


@contextmanager
def devpi(room: Path, python: Path) -> Iterator[Running]:
    """devpi-server, with an index of its own that has no upstream."""
    port = free_port()
    subprocess.run(
        [python.with_name("devpi-init"), "--serverdir", room, "--root-passwd", _PASSWORD],
        check=True,
        capture_output=True,
    )
    command = [
        *(python.with_name("devpi-server"), "--serverdir", room, "--offline-mode"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    with _started(command, port) as pid:
        at = f"http://127.0.0.1:{port}"
        login = _call(f"{at}/+login", "POST", {"user": "root", "password": _PASSWORD})
        key = b64encode(f"root:{login['result']['password']}".encode()).decode()
        _call(f"{at}/root/bench", "PUT", {"bases": [], "volatile": True}, {"X-Devpi-Auth": key})
        yield Running(
            "devpi", f"{at}/root/bench/", f"{at}/root/bench/+simple/", "root", _PASSWORD, pid
        )


@contextmanager
def _started(command: Sequence[str | Path], port: int) -> Iterator[int]:
    quiet = subprocess.DEVNULL
    environ = {k: v for k, v in os.environ.items() if not k.startswith("VERSIONED_")}
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=environ)
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _call(
    url: str, method: str, body: dict[str, object], headers: dict[str, str] | None = None
) -> dict[str, dict[str, str]]:
    request = urllib.request.Request(  # noqa: S310 - our own server
        url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        found: dict[str, dict[str, str]] = json.load(answer)
    return found

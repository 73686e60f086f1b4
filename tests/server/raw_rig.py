"""Two servers before one domain, one of which loses its patience soon, and what is said to them raw."""

import contextlib
import http.client
import json
import re
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import httpx
from asking import SIMPLE, form, token
from package_making import open_packages, publish, wheel

from versioned.stores.local import LocalStore

PROGRAM = """
import socket, sys
from versioned.packages import Packages
from versioned.server.app import create_app
from versioned.server.log import Log
from versioned.server.serving import serve
from versioned.server.settings import Settings

settings = Settings(
    patience=float(sys.argv[2]), slowest_upload=100, anonymous=frozenset({"AbcDev"}), memory=0
)
listening = socket.create_server(("127.0.0.1", 0))
started = lambda: print(listening.getsockname()[1], flush=True)
app = create_app(Packages.open(sys.argv[1]), settings, log=Log(sys.stderr))
serve(
    app, listening, grace_seconds=5, most_connections=100,
    keep_alive=settings.keep_alive, patience=settings.patience,
    slowest_upload=settings.slowest_upload, started=started,
)
"""
BIG = wheel(build="1", body="x" * 40_000_000)
LONG = 60
"""Seconds that nothing here takes, however slow the machine is."""


class Domain:
    """A store with the packages of a domain, BIG among them, and a token."""

    def __init__(self, store):
        self.store = store
        self.packages = open_packages(store)
        self.token = token(self.packages, "admin")
        publish(self.packages, BIG)


class Served:
    """A server in a process of its own."""

    def __init__(self, domain, port, log, spool):
        self.domain, self.port, self.log, self.spool = domain, port, log, spool

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=LONG)

    def say(self, *parts):
        """What is answered to raw bytes, until the server closes; it need not wait for all."""
        with self.connect() as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for part in parts:
                    connection.sendall(part)
            return received(connection)

    def get(self, path=SIMPLE):
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=LONG)

    def cut_off(self):
        """How many connections were."""
        page = self.get("/-/metrics").text
        found = re.search(r"^versioned_connections_cut_off_total (.+)$", page, re.MULTILINE)
        return float(found[1])

    def lines(self, path=None):
        """Of the log, those about a path; one that is being written is left for later."""
        whole = self.log.read_text().rpartition("\n")[0]
        found = map(json.loads, whole.splitlines())
        return [one for one in found if path is None or one.get("path") == path]

    def head(self, method="GET", path=SIMPLE, *lines):
        """The head of a request."""
        said = [f"{method} {path} HTTP/1.1", "Host: server"]
        said.append(f"Authorization: Bearer {self.domain.token}")
        return "\r\n".join([*said, *lines, "", ""]).encode()


def answered(connection):
    """The status of an answer on a connection, which is left open."""
    with http.client.HTTPResponse(connection) as answer:
        answer.begin()
        answer.read()
        return answer.status


def received(connection):
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            found += data
    return found


def encoded(file):
    """The form of an upload: its type and its bytes."""
    request = httpx.Request("POST", "http://server/", **form(file))
    request.read()
    return request.headers["Content-Type"], request.content


def until(found, wanted):
    """What `found` finds, once there is what is `wanted`."""
    last = time.monotonic() + LONG
    while not wanted(seen := found()) and time.monotonic() < last:
        time.sleep(0.01)
    return seen


@contextmanager
def made(folder):
    """A fresh domain below a folder."""
    with closing(LocalStore(folder / "domain", settle=0)) as store:
        store.create()
        yield Domain(store)


@contextmanager
def serving(folder, domain, patience):
    """A server before a domain below the same folder."""
    place = folder / f"patience-{patience}"
    spool, log = place / "spool", place / "log"
    spool.mkdir(parents=True)
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, folder / "domain", str(patience)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={"TMPDIR": str(spool), "PATH": ""},
        ) as process,
    ):
        try:
            found = Served(domain, int(process.stdout.readline()), log, spool)
            yield found
        finally:
            process.terminate()
            process.wait(LONG)
    assert found.lines()
    assert "Traceback" not in log.read_text()
    assert domain.token.rpartition("-")[2] not in log.read_text()

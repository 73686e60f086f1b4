"""What comes over real connections: cut off, slow, silent, stuck, garbled."""

import contextlib
import http.client
import json
import re
import socket
import subprocess
import sys
import time

import httpx
import pytest
from asking import SIMPLE, form, token
from package_making import keys, open_packages, publish, wheel

from versioned.packages.assets import key_of
from versioned.packages.coordinates import Package
from versioned.stores.local import LocalStore

PROGRAM = """
import socket, sys
from versioned.packages import Packages
from versioned.server.app import create_app
from versioned.server.log import Log
from versioned.server.serving import serve
from versioned.server.settings import Settings

settings = Settings(
    patience=0.5, keep_alive=3, slowest_upload=2**20, anonymous=frozenset({"AbcDev"}), memory=0
)
listening = socket.create_server(("127.0.0.1", 0))
started = lambda: print(listening.getsockname()[1], flush=True)
app = create_app(Packages.open(sys.argv[1]), settings, log=Log(sys.stderr))
serve(
    app, listening, grace_seconds=5, most_connections=100,
    keep_alive=settings.keep_alive, patience=settings.patience, started=started,
)
"""
BIG = wheel(build="1", body="x" * 40_000_000)
FILE = wheel(build="24")


class Served:
    """A server in a process of its own that loses its patience after half a second."""

    def __init__(self, store, port, log, spool):
        self.store, self.port, self.log, self.spool = store, port, log, spool
        self.packages = open_packages(store)
        self.token = token(self.packages, "admin")
        publish(self.packages, BIG)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def say(self, *parts):
        """What is answered to raw bytes, until the server closes."""
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
            return received(connection)

    def get(self, path=SIMPLE):
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False)

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def received(connection):
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(65536):
            found += data
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    store = LocalStore(folder / "domain", settle=0)
    store.create()
    (folder / "spool").mkdir()
    log = folder / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, folder / "domain"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={"TMPDIR": str(folder / "spool"), "PATH": ""},
        ) as process,
    ):
        try:
            found = Served(store, int(process.stdout.readline()), log, folder / "spool")
            yield found
        finally:
            process.terminate()
            process.wait(30)
            store.close()
    assert found.lines()
    assert "Traceback" not in log.read_text()
    assert found.token.rpartition("-")[2] not in log.read_text()


def head(served, method="GET", path=SIMPLE, *lines):
    """The head of a request."""
    text = [f"{method} {path} HTTP/1.1", "Host: server", f"Authorization: Bearer {served.token}"]
    return "\r\n".join([*text, *lines, "", ""]).encode()


def encoded(file):
    """The form of an upload: its type and its bytes."""
    request = httpx.Request("POST", "http://server/", **form(file))
    request.read()
    return request.headers["Content-Type"], request.content


GARBAGE = {
    "nonsense": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10 + b"\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a header that is none": b"GET / HTTP/1.1\r\nno header\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two lengths": b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "a bad length": b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a bad chunk": b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "another coding": b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
    "a head without end": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 200_000,
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_is_refused_and_hurts_nobody(what, served):
    answer = served.say(GARBAGE[what])
    assert answer.split(b" ")[1:2] in ([], [b"400"], [b"404"], [b"501"]), answer
    assert served.get().status_code == 200


def test_a_strange_host_is_no_fault_of_the_server(served):
    for path in ("/npm/x", "/v1/x", "/pypi/AbcDev/simple/PyABC/", "/pypi/AbcDev/simple/pyabc"):
        answer = served.say(f"GET {path} HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n".encode())
        assert answer[9:10] in {b"3", b"4"}, answer


def test_requests_in_a_row_are_answered_in_order(served):
    last = head(served, "GET", "/-/healthy", "Connection: close")
    answer = served.say(head(served, "GET", "/nowhere") + head(served, "HEAD") + last)
    assert [one[:3] for one in answer.split(b"HTTP/1.1 ")[1:]] == [b"404", b"200", b"200"]


def test_an_upgrade_is_answered_plainly(served):
    upgrade = ("Upgrade: websocket", "Connection: Upgrade, close", "Sec-WebSocket-Version: 13")
    assert served.say(head(served, "GET", SIMPLE, *upgrade)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("sent", [b"", b"GET /pypi/AbcDev/simp"])
def test_who_says_nothing_is_given_up(sent, served):
    assert served.say(sent) == b""


def test_a_connection_that_is_cut_off_is_counted(served):
    def count():
        page = served.get("/-/metrics").text
        return float(
            re.search(r"^versioned_connections_cut_off_total (.+)$", page, re.MULTILINE)[1]
        )

    before = count()
    served.say(b"GET /pypi/AbcDev/simp")
    assert count() > before


@pytest.mark.parametrize("begun", [b"", b"G"])
def test_who_says_nothing_on_a_kept_connection_is_given_up(begun, served):
    with served.connect() as connection:
        connection.sendall(head(served, "HEAD"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(begun)
        assert received(connection) == b""


def test_a_connection_may_be_idle_for_longer_than_a_request_may_stop(served):
    with served.connect() as connection:
        for _ in range(2):
            time.sleep(0.7)
            connection.sendall(head(served, "HEAD"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_body_that_comes_too_slowly_is_refused(served):
    kind, body = encoded(wheel(build="25", body="x" * 2_000_000))
    lines = (f"Content-Type: {kind}", f"Content-Length: {len(body)}")
    answer = served.say(head(served, "POST", "/pypi/AbcDev/", *lines), body[:1_000_000])
    assert answer.startswith(b"HTTP/1.1 408")
    assert list(served.spool.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
@pytest.mark.parametrize("kind", ["form", "put"])
def test_an_upload_that_is_cut_off_leaves_nothing(kind, share, served):
    before = keys(served.store)
    file = wheel(build="26", body="x" * 2_000_000)
    form_type, body = encoded(file) if kind == "form" else ("x/y", file[1])
    path = "/pypi/AbcDev/" if kind == "form" else "/generic/AbcDev/a/b/1/c"
    lines = (f"Content-Type: {form_type}", f"Content-Length: {len(body)}")
    lines_before = len(served.lines())
    with served.connect() as connection:
        method = "POST" if kind == "form" else "PUT"
        connection.sendall(head(served, method, path, *lines))
        connection.sendall(body[: int(len(body) * share)])
    ended = time.monotonic() + 5
    while len(served.lines()) == lines_before and time.monotonic() < ended:
        time.sleep(0.005)
    assert served.lines()[-1]["status"] in {0, 400}
    assert keys(served.store) == before
    assert list(served.spool.iterdir()) == []


def test_an_upload_in_chunks_is_taken(served):
    kind, body = encoded(FILE)
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    headers = {"Content-Type": kind, "Authorization": f"Bearer {served.token}"}
    parts = (body[at : at + 100] for at in range(0, len(body), 100))
    connection.request("POST", "/pypi/AbcDev/", parts, headers, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    ("path", "status"), [("/pypi/AbcStaging/", 403), ("/pypi/AbcProd", 403), ("/nowhere", 404)]
)
def test_who_sends_much_in_vain_is_told_why(path, status, served):
    kind, body = encoded(BIG)
    connection = http.client.HTTPConnection("127.0.0.1", served.port)
    headers = {"Content-Type": kind, "Authorization": f"Bearer {served.token}"}
    connection.request("POST", path, body, headers)
    assert connection.getresponse().status == status
    connection.close()


def test_who_asks_before_sending_is_refused_at_once(served):
    lines = ("Expect: 100-continue", "Content-Length: 1000000000", "Connection: close")
    answer = served.say(head(served, "PUT", "/generic/AbcProd/a/b/1/c", *lines))
    assert answer.startswith(b"HTTP/1.1 403")  # not 408, for a body that did not come


def test_stuck_clients_hold_up_nobody_and_are_given_up(served):
    served.get()
    page = served.get().text
    path = "/pypi/AbcDev/" + page.split('href="../../')[1].split("#")[0]
    with contextlib.ExitStack() as stack:
        stuck = [stack.enter_context(served.connect()) for _ in range(20)]
        for connection in stuck:
            connection.sendall(head(served, "GET", path))
        assert served.get().status_code == 200
        time.sleep(0.8)
        for connection in stuck:
            assert len(received(connection)) < len(BIG[1])


def test_a_client_sees_that_damaged_bytes_are_not_the_whole(served):
    file = wheel(name="Damaged", body="x" * 3_000_000)
    packages = served.packages
    publish(packages, file)
    revision = packages.describe_package_version("AbcDev", Package.of("pypi", "damaged"), "1.0.0")
    blob = served.store._required(key_of(revision.place, revision.state.assets[0])).blob
    path = served.store._blobs.path(blob)
    path.chmod(0o644)
    with path.open("r+b") as raw:
        raw.seek(100)
        raw.write(b"?")
    url = "/pypi/AbcDev/" + served.get("/pypi/AbcDev/simple/damaged/").text.split('href="../../')[1]
    with pytest.raises(httpx.RemoteProtocolError):
        served.get(url.split("#")[0])
    assert served.lines()[-1]["error"].startswith("content-mismatch")

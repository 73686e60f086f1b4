"""What comes over real connections: cut off, slow, silent, stuck, garbled."""

import contextlib
import http.client
import time
from contextlib import closing

import httpx
import pytest
from asking import SIMPLE
from package_making import keys, publish, wheel
from raw_rig import BIG, LONG, answered, encoded, made, received, serving, until

from versioned.packages.assets import key_of
from versioned.packages.coordinates import Package

FILE = wheel(build="24")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def domain(folder):
    with made(folder) as found:
        yield found


@pytest.fixture(scope="module")
def served(folder, domain):
    """A server that waits for everybody."""
    with serving(folder, domain, LONG) as found:
        yield found


@pytest.fixture(scope="module")
def impatient(folder, domain):
    """A server that waits for half a second."""
    with serving(folder, domain, 0.5) as found:
        yield found


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
    last = served.head("GET", "/-/healthy", "Connection: close")
    answer = served.say(served.head("GET", "/nowhere") + served.head("HEAD") + last)
    assert [one[:3] for one in answer.split(b"HTTP/1.1 ")[1:]] == [b"404", b"200", b"200"]


def test_an_upgrade_is_answered_plainly(served):
    upgrade = ("Upgrade: websocket", "Connection: Upgrade, close", "Sec-WebSocket-Version: 13")
    assert served.say(served.head("GET", SIMPLE, *upgrade)).startswith(b"HTTP/1.1 200")


def test_who_stops_in_the_middle_of_asking_is_cut_off_and_counted(impatient):
    before = impatient.cut_off()
    assert impatient.say(b"GET /pypi/AbcDev/simp") == b""
    assert impatient.cut_off() == before + 1


def test_who_stops_so_on_a_kept_connection_is_cut_off_too(impatient):
    with impatient.connect() as connection:
        connection.sendall(impatient.head("HEAD"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"G")
        assert received(connection) == b""


def test_a_connection_may_be_idle_for_longer_than_a_request_may_stop(impatient):
    with impatient.connect() as connection:
        for _ in range(2):
            time.sleep(0.7)
            connection.sendall(impatient.head("HEAD"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_body_that_comes_too_slowly_is_refused(impatient):
    kind, body = encoded(wheel(build="25", body="x" * 2_000_000))
    lines = (f"Content-Type: {kind}", f"Content-Length: {len(body)}")
    answer = impatient.say(impatient.head("POST", "/pypi/AbcDev/", *lines) + body[:10])
    assert answer.startswith(b"HTTP/1.1 408")
    assert list(impatient.spool.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
@pytest.mark.parametrize("kind", ["form", "put"])
def test_an_upload_that_is_cut_off_leaves_nothing(kind, share, served, domain):
    before = keys(domain.store)
    file = wheel(build="26", body="x" * 2_000_000)
    form_type, body = encoded(file) if kind == "form" else ("x/y", file[1])
    method, path = (
        ("POST", "/pypi/AbcDev/") if kind == "form" else ("PUT", "/generic/AbcDev/a/b/1/c")
    )
    lines = (f"Content-Type: {form_type}", f"Content-Length: {len(body)}")
    lines_before = len(served.lines(path))
    with served.connect() as connection:
        connection.sendall(served.head(method, path, *lines))
        connection.sendall(body[: int(len(body) * share)])
    (line,) = until(lambda: served.lines(path)[lines_before:], bool)
    assert line["status"] in {0, 400}
    assert keys(domain.store) == before
    assert list(served.spool.iterdir()) == []


def test_an_upload_in_chunks_is_taken(served, domain):
    kind, body = encoded(FILE)
    headers = {"Content-Type": kind, "Authorization": f"Bearer {domain.token}"}
    parts = (body[at : at + 100] for at in range(0, len(body), 100))
    with closing(http.client.HTTPConnection("127.0.0.1", served.port)) as connection:
        connection.request("POST", "/pypi/AbcDev/", parts, headers, encode_chunked=True)
        assert connection.getresponse().status == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/pypi/AbcStaging/", 403), ("/pypi/AbcProd", 403), ("/nowhere", 404)]
)
def test_who_sends_much_in_vain_is_told_why(path, status, served, domain):
    kind, body = encoded(BIG)
    headers = {"Content-Type": kind, "Authorization": f"Bearer {domain.token}"}
    with closing(http.client.HTTPConnection("127.0.0.1", served.port)) as connection:
        connection.request("POST", path, body, headers)
        assert connection.getresponse().status == status


def test_who_goes_on_sending_what_was_refused_may_finish_and_ask_again(impatient):
    with impatient.connect() as connection:
        connection.sendall(impatient.head("PUT", "/nowhere", "Content-Length: 100001"))
        assert answered(connection) == 404
        for rest in (b"x" * 100_000, b"x"):
            connection.sendall(rest)
            time.sleep(0.7)
        connection.sendall(impatient.head())
        assert answered(connection) == 200


def test_who_goes_on_so_too_slowly_is_cut_off(impatient):
    with impatient.connect() as connection:
        connection.sendall(impatient.head("PUT", "/nowhere", "Content-Length: 100001"))
        assert answered(connection) == 404
        connection.sendall(b"x")
        assert received(connection) == b""


def test_who_asks_before_sending_is_refused_at_once(served):
    lines = ("Expect: 100-continue", "Content-Length: 1000000000", "Connection: close")
    answer = served.say(served.head("PUT", "/generic/AbcProd/a/b/1/c", *lines))
    assert answer.startswith(b"HTTP/1.1 403")  # not 408, for a body that did not come


def test_stuck_clients_hold_up_nobody_and_are_given_up(impatient):
    before = impatient.cut_off()
    page = impatient.get().text
    path = "/pypi/AbcDev/" + page.split('href="../../')[1].split("#")[0]
    with contextlib.ExitStack() as stack:
        stuck = [stack.enter_context(impatient.connect()) for _ in range(20)]
        for connection in stuck:
            connection.sendall(impatient.head("GET", path))
        assert impatient.get().status_code == 200
        wanted = before + len(stuck)
        assert until(impatient.cut_off, lambda count: count >= wanted) == wanted
        for connection in stuck:
            assert len(received(connection)) < len(BIG[1])


def test_a_client_sees_that_damaged_bytes_are_not_the_whole(served, domain):
    file = wheel(name="Damaged", body="x" * 3_000_000)
    publish(domain.packages, file)
    damaged = Package.of("pypi", "damaged")
    revision = domain.packages.describe_package_version("AbcDev", damaged, "1.0.0")
    blob = domain.store._required(key_of(revision.place, revision.state.assets[0])).blob
    stored = domain.store._blobs.path(blob)
    stored.chmod(0o644)
    with stored.open("r+b") as raw:
        raw.seek(100)
        raw.write(b"?")
    page = served.get("/pypi/AbcDev/simple/damaged/").text
    path = "/pypi/AbcDev/" + page.split('href="../../')[1].split("#")[0]
    with pytest.raises(httpx.RemoteProtocolError):
        served.get(path)
    assert served.lines(path)[-1]["error"].startswith("content-mismatch")

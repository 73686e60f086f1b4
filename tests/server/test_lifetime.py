"""How a server ends: asked to, with what is under way; or killed, at any moment."""

import contextlib
import random
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from asking import form, token
from package_making import names, open_packages, publish_builds, wheel
from package_promises import check_pages, check_promises
from raw_rig import answered

from serving import domain_url, served, store_environ
from versioned.packages import Package

COPY = "/v1/package/versions/copy"


@pytest.fixture
def start(store, store_kind, tmp_path):
    """Starts servers before the store, with a token that may do all."""
    packages = open_packages(store)
    url, environ = domain_url(store, store_kind), store_environ(store_kind)

    def start(*arguments):
        return served(url, *arguments, log=tmp_path / "log", environ=environ)

    start.packages, start.store, start.log = packages, store, tmp_path / "log"
    start.headers = {"Authorization": f"Bearer {token(packages, 'admin', repository='*')}"}
    return start


def client(start, url):
    return httpx.Client(base_url=url, headers=start.headers, trust_env=False, timeout=60)


def halting(data, halfway, go_on):
    """A body that stops in its middle until it may go on."""
    yield data[: len(data) // 2]
    halfway.set()
    assert go_on.wait(60)
    yield data[len(data) // 2 :]


def healthy(connection):
    """The status of an answer on a connection, which is left open."""
    connection.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: server\r\n\r\n")
    return answered(connection)


@pytest.mark.only_stores("local")
def test_an_idle_connection_is_closed_when_it_was_said(start):
    with start("--keep-alive", "4") as server:
        url = httpx.URL(server.url)
        with (
            socket.create_connection((url.host, url.port), timeout=60) as asked,
            socket.create_connection((url.host, url.port), timeout=60) as silent,
        ):
            assert healthy(asked) == 200
            assert (asked.recv(1), silent.recv(1)) == (b"", b"")


@pytest.mark.only_stores("local")
class TestManyConnections:
    @pytest.fixture
    def connect(self, start):
        """Connections to a server that takes two."""
        with start("--most-connections", "2") as server, contextlib.ExitStack() as stack:
            url = httpx.URL(server.url)

            def connect():
                return stack.enter_context(socket.create_connection((url.host, url.port), 60))

            yield connect

    def test_the_one_that_is_idle_for_longest_gives_way(self, connect):
        first, second = connect(), connect()
        assert (healthy(first), healthy(second)) == (200, 200)
        assert healthy(connect()) == 200
        assert first.recv(1) == b""
        assert healthy(second) == 200

    def test_beyond_those_the_answer_is_503_where_none_was_answered_yet(self, connect):
        first, second = connect(), connect()
        assert healthy(connect()) == 503
        assert (healthy(first), healthy(second)) == (200, 200)

    def test_how_many_were_refused_is_counted(self, connect):
        first, _ = connect(), connect()
        assert healthy(connect()) == 503
        first.sendall(b"GET /-/metrics HTTP/1.0\r\n\r\n")
        with first.makefile("rb") as answer:
            assert b"versioned_requests_refused_total 1.0\n" in answer.readlines()


@pytest.mark.only_stores("local")
class TestStopping:
    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_an_upload_under_way_is_finished_and_answered(self, how, start):
        halfway, go_on = threading.Event(), threading.Event()
        with start() as server, client(start, server.url) as asking, ThreadPoolExecutor() as pool:
            body = halting(b"x" * 1000, halfway, go_on)
            answer = pool.submit(asking.put, "/generic/AbcDev/a/b/1/c", content=body)
            assert halfway.wait(60)
            server.process.send_signal(how)
            with contextlib.suppress(httpx.TransportError):
                while httpx.get(f"{server.url}/-/healthy", trust_env=False).status_code == 200:
                    time.sleep(0.01)
            go_on.set()
            assert answer.result(60).status_code == 201
            assert server.process.wait(60) == (-15 if how is signal.SIGTERM else 130)
        assert "Traceback" not in start.log.read_text()
        found = start.packages.describe_package_version(
            "AbcDev", Package.of("generic", "b", "a"), "1"
        )
        assert names(found) == ["c"]

    def test_who_never_ends_is_given_its_grace_and_no_more(self, start):
        halfway, go_on = threading.Event(), threading.Event()
        with (
            start("--grace", "1") as server,
            client(start, server.url) as asking,
            ThreadPoolExecutor() as pool,
        ):
            body = halting(b"x" * 1000, halfway, go_on)
            answer = pool.submit(asking.put, "/generic/AbcDev/a/b/1/c", content=body)
            assert halfway.wait(60)
            server.process.terminate()
            server.process.wait(60)
            go_on.set()
            with pytest.raises(httpx.TransportError):
                answer.result(60)
        assert start.packages.list_packages("AbcDev") == []


class Jobs:
    """Uploads and promotions, sent by four clients until the server is gone; those that nobody
    answered are left to be repeated."""

    def __init__(self, start, chance, builds):
        self.start = start
        self.uploads = [(f"PyABC{n % 3}", str(n)) for n in range(1, builds + 1)]
        chance.shuffle(self.uploads)
        self.answered, self.left = [], []

    def send(self, url):
        def run(part):
            with client(self.start, url) as asking:
                for job in part:
                    try:
                        self.do(asking, job)
                    except httpx.TransportError:
                        self.left.append(job)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(run, [self.uploads[n::4] for n in range(4)]))

    def do(self, asking, job):
        """Publish a build, then promote it."""
        name, build = job
        file = wheel(name, build=build)
        answer = asking.post("/pypi/AbcDev/", **form(file, name=name))
        assert answer.status_code == 200, answer.text
        self.answered.append(("AbcDev", name, file[0]))
        query = {
            "domain": "abc", "source-repository": "AbcDev", "destination-repository": "AbcStaging",
            "format": "pypi", "package": name.lower(),
        }  # fmt: skip
        body = {"versions": ["1.0.0"], "allowOverwrite": True}
        answer = asking.post(COPY, params=query, json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["failedVersions"] == {}, answer.text


def killed_and_repeated(start, chance, *, builds, within):
    """Kill a server at a random moment of its work; what it answered holds, and the rest is
    finished by a repetition before another one."""
    jobs = Jobs(start, chance, builds)
    with start() as server:
        killer = threading.Timer(chance.uniform(0.02, within), server.process.kill)
        killer.start()
        jobs.send(server.url)
        killer.join()
    check_promises(start.store)
    check_answered(start.packages, jobs.answered)
    with start() as server, client(start, server.url) as asking:
        for job in jobs.left:
            jobs.do(asking, job)
    check_promises(start.store)
    check_answered(start.packages, jobs.answered)
    check_pages(start.store)


def check_answered(packages, answered):
    held = {}
    for repository, package, name in answered:
        if package not in held:
            which = Package.of("pypi", package)
            held[package] = names(packages.describe_package_version(repository, which, "1.0.0"))
        assert name in held[package]


@pytest.mark.only_stores("local")
def test_a_server_killed_at_work_leaves_nothing_that_lies(start):
    publish_builds(start.packages, "9")
    killed_and_repeated(start, random.Random(), builds=16, within=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_a_server_killed_at_any_moment_leaves_nothing_that_lies(seed, start):
    killed_and_repeated(start, random.Random(seed), builds=50, within=2.0)

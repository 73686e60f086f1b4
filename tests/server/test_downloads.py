"""Bytes: whole and proved, in ranges, by redirect, and damaged."""

import asyncio

import httpx
import pytest
from asking import JSON, SIMPLE, file_url
from package_making import PYABC, open_packages, publish, wheel

from doubles import TappedStore
from faults import BUCKET
from versioned.errors import ContentMismatchError, StoreUnavailableError
from versioned.packages import Packages
from versioned.packages.assets import key_of

FILE = wheel(build="24", body="x" * 3_000_000)
SIZE = len(FILE[1])


@pytest.fixture(scope="module")
def held(shared):
    """A server, and where it has a file of three megabytes."""
    publish(shared.packages, FILE)
    return shared, find(shared)


def find(server, name=FILE[0]):
    return file_url(server.get(SIMPLE, headers={"Accept": JSON}), name)


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-1048575", 0, 1048576),
        ("bytes=1048570-2097160", 1048570, 2097161),
        ("bytes=100-", 100, SIZE),
        ("bytes=-1", SIZE - 1, SIZE),
        (f"bytes=-{SIZE - 1}", 1, SIZE),
        (f"bytes={SIZE - 1}-{SIZE + 100}", SIZE - 1, SIZE),
    ],
)
def test_a_range_is_sent_alone(asked, start, stop, held):
    server, url = held
    answer = server.get(url, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == FILE[1][start:stop]
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-",
        f"bytes=-{SIZE + 5}",
        "bytes=0-1,5-6",
        "lines=1-2",
        "bytes=a-b",
        "bytes=-",
        "bytes",
    ],
)
def test_what_is_no_single_range_gets_the_whole(asked, held):
    server, url = held
    answer = server.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, FILE[1])


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=-0", f"bytes={SIZE}-{SIZE + 9}"])
def test_a_range_outside_is_refused(asked, held):
    server, url = held
    answer = server.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


def test_a_range_of_what_has_changed_gets_the_whole(held):
    server, url = held
    asked = {"Range": "bytes=5-9", "If-Range": '"something else"'}
    assert server.get(url, headers=asked).content == FILE[1]
    asked["If-Range"] = server.ask("HEAD", url).headers["ETag"]
    assert server.get(url, headers=asked).content == FILE[1][5:10]


def test_head_tells_the_size_and_that_there_are_ranges(held):
    server, url = held
    answer = server.ask("HEAD", url)
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_file_that_a_client_has_is_not_sent_again(held):
    server, url = held
    etag = server.ask("HEAD", url).headers["ETag"]
    assert server.get(url, headers={"If-None-Match": f'W/"x", {etag}'}).status_code == 304


def test_a_download_is_one_request_to_the_store(store, asking_of):
    tapped = TappedStore(store)
    packages = open_packages(tapped)
    publish(packages, FILE)
    server = asking_of(packages, downloads="stream", anonymous=frozenset({"AbcDev"}))
    url = find(server)
    server.ask("HEAD", url)
    tapped.reset()
    assert server.get(url).content == FILE[1]
    assert server.get(url, headers={"Range": "bytes=-100"}).content == FILE[1][-100:]
    assert [operation for operation, _ in tapped.requests] == ["get", "get"]


class Faulty(TappedStore):
    """Bodies of assets pass through `bodies`, one function after the other."""

    def get(self, key, **options):
        opened = self.inner.get(key, **options)
        if "/files/" in key and self.bodies:
            opened = Altered(opened, self.bodies.pop(0))
        return opened


class Altered:
    def __init__(self, inner, alter):
        self.inner, self.alter, self.info = inner, alter, inner.info

    def __iter__(self):
        return self.alter(iter(self.inner))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.inner.__exit__(None, None, None)


def broken_after(count):
    """Bodies that break after so many chunks."""

    def alter(chunks):
        for _ in range(count):
            yield next(chunks)
        raise StoreUnavailableError("the connection broke")

    return alter


def damaged(chunks):
    *first, last = chunks
    yield from first
    yield last[:-1] + b"?"


def cut(chunks):
    yield next(chunks)


class TestFaults:
    @pytest.fixture
    def server(self, local_packages, asking_of):
        publish(local_packages, FILE)
        store = Faulty(local_packages.context.store)
        store.bodies = []
        found = asking_of(Packages(store), anonymous=frozenset({"AbcDev"}))
        found.store, found.url = store, find(found)
        return found

    def test_a_connection_to_the_store_that_breaks_is_taken_up(self, server):
        server.store.bodies = [broken_after(n) for n in (1, 0, 0, 0, 1)]
        assert server.get(server.url).content == FILE[1]

    def test_a_store_that_always_breaks_ends_the_download(self, server):
        server.store.bodies = [broken_after(1), *[broken_after(0)] * 9]
        with pytest.raises(StoreUnavailableError):
            server.get(server.url)
        assert server.lines()[-1]["error"].startswith("store-unavailable")

    @pytest.mark.parametrize("alter", [damaged, cut])
    def test_damaged_bytes_break_the_connection_before_their_end(self, alter, server):
        server.store.bodies = [alter]
        with pytest.raises(ContentMismatchError):
            server.get(server.url)
        line = server.lines()[-1]
        assert line["error"].startswith("content-mismatch")
        assert line["sent"] < SIZE

    def test_bytes_that_are_gone_are_not_found(self, server):
        revision = server.packages.describe_package_version("AbcDev", PYABC, "1.0.0")
        server.store.delete(key_of(revision.place, revision.state.assets[0]))
        assert server.get(server.url).status_code == 404

    def test_the_store_is_let_go_when_the_client_goes_away(self, server):
        closed = []

        class Watched(Altered):
            def __exit__(self, *_):
                super().__exit__(*_)
                closed.append(True)

        plain = server.store.inner.get
        server.store.get = lambda key, **options: (
            Watched(plain(key, **options), iter) if "/files/" in key else plain(key, **options)
        )

        async def go_away():
            came = asyncio.Event()
            first = [{"type": "http.request", "body": b"", "more_body": False}]

            async def receive():
                if first:
                    return first.pop()
                await came.wait()
                return {"type": "http.disconnect"}

            async def send(message):
                if message.get("body"):
                    came.set()
                    await asyncio.sleep(5)

            path = httpx.URL(server.url).path
            scope = {
                "type": "http", "asgi": {"spec_version": "2.3"}, "method": "GET", "path": path,
                "raw_path": path.encode(), "query_string": b"", "headers": [], "root_path": "",
                "scheme": "http", "server": ("server", 80), "client": ("client", 1),
            }  # fmt: skip
            await server.app(scope, receive, send)

        asyncio.run(go_away())
        assert closed


class TestRedirects:
    def test_clients_are_sent_to_the_store(self, s3_store, asking_of):
        packages = open_packages(s3_store)
        publish(packages, FILE)
        server = asking_of(packages, anonymous=frozenset({"AbcDev"}))
        answer = server.get(find(server))
        assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")
        with httpx.Client(trust_env=False) as plain:
            assert plain.get(answer.headers["Location"]).content == FILE[1]
        assert "Signature" in answer.headers["Location"]
        assert "Signature" not in server.log.getvalue()
        assert BUCKET not in server.log.getvalue()

    def test_a_store_on_the_host_of_the_server_is_not_sent_the_token_of_clients(
        self, s3_store, asking_of
    ):
        packages = open_packages(s3_store)
        publish(packages, FILE)
        (host, _, _) = s3_store._room.client.meta.endpoint_url.removeprefix("http://").partition(
            ":"
        )
        server = asking_of(
            packages, anonymous=frozenset({"AbcDev"}), public_url=f"https://{host}:8443"
        )
        answer = server.get(find(server))
        assert (answer.status_code, answer.content) == (200, FILE[1])

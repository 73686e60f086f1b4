"""Large files and many clients cost little memory, and those who write hold up nobody who reads."""

import asyncio
import contextlib
import hashlib
import random
import socket
import threading
from urllib.parse import urlsplit

import httpx
import pytest
from asking import JSON, SIMPLE, Asking, file_url, form, token
from package_making import open_packages, publish, wheel

from doubles import TappedStore
from serving import domain_url, served, store_environ

MIB = 1024 * 1024
AT = "/generic/AbcDev/team/big/1/data.bin"


class TestFairness:
    def test_a_burst_of_uploads_holds_up_nobody_who_reads(self, make_store):
        store = TappedStore(make_store("local"))
        server = Asking(open_packages(store), anonymous=frozenset({"AbcDev"}))
        server.token = token(server.packages, "admin")
        publish(server.packages, wheel(build="1"))
        url = file_url(server.get(SIMPLE, headers={"Accept": JSON}), wheel(build="1")[0])
        go_on, begun = threading.Event(), threading.Event()

        def hold(_number, operation, key):
            if operation == "put" and "/revisions/" in key:
                begun.set()
                assert go_on.wait(120)

        store.before = hold

        async def all_at_once():
            headers = {"Authorization": f"Bearer {server.token}"}
            transport = httpx.ASGITransport(server.app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://server", headers=headers
            ) as asking:
                files = [wheel(build=str(n)) for n in range(2, 52)]
                uploads = [
                    asyncio.create_task(asking.post("/pypi/AbcDev/", **form(one))) for one in files
                ]
                assert await asyncio.to_thread(begun.wait, 60)
                async with asyncio.timeout(60):
                    reads = await asyncio.gather(
                        *(asking.get(path) for path in [SIMPLE, url, "/-/ready"] * 20)
                    )
                go_on.set()
                return [one.status_code for one in reads + await asyncio.gather(*uploads)]

        assert set(asyncio.run(all_at_once())) == {200}
        server.close()


def chunks(size):
    """Bytes that can't be packed, and can be made again."""
    chance = random.Random(1)
    for _ in range(size // MIB):
        yield chance.randbytes(MIB)


def digest(parts):
    found = hashlib.sha256()
    for one in parts:
        found.update(one)
    return found.hexdigest()


@pytest.fixture
def serving(store, store_kind, tmp_path):
    packages = open_packages(store)
    headers = {"Authorization": f"Bearer {token(packages, 'admin')}"}
    arguments = (domain_url(store, store_kind), "--downloads", "stream")
    environ = store_environ(store_kind) | {"TMPDIR": str(tmp_path)}
    with (
        served(*arguments, log=tmp_path / "log", environ=environ) as server,
        httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=300) as asking,
    ):
        small = asking.put("/generic/AbcDev/team/small/1/data.bin", content=b"x" * 100_000)
        assert small.status_code == 201
        assert asking.get("/generic/AbcDev/team/small/1/data.bin").status_code == 200
        server.asking = asking
        yield server


@pytest.mark.slow
def test_a_large_file_costs_little_memory(serving):
    before = serving.most_memory()
    size = 300 * MIB
    put = serving.asking.put(AT, content=chunks(size))
    assert put.json()["assets"][0]["sha256"] == digest(chunks(size))
    uploaded = serving.most_memory()
    with serving.asking.stream("GET", AT) as answer:
        assert digest(answer.iter_bytes()) == digest(chunks(size))
    downloaded = serving.most_memory()
    print(f"an upload took {(uploaded - before) // MIB} MiB more, "  # noqa: T201
          f"a download {(downloaded - uploaded) // MIB}")  # fmt: skip
    assert downloaded - before < 80 * MIB


@pytest.mark.slow
def test_many_slow_downloads_cost_little_memory_each(serving):
    count, size = 60, 20 * MIB
    assert serving.asking.put(AT, content=chunks(size)).status_code == 201
    before = serving.most_memory()
    where = urlsplit(serving.url)
    head = f"GET {AT} HTTP/1.1\r\nHost: a\r\nAuthorization: {serving.asking.headers['Authorization']}\r\n\r\n"
    with contextlib.ExitStack() as stack:
        slow = []
        for _ in range(count):
            one = stack.enter_context(socket.create_connection((where.hostname, where.port)))
            one.sendall(head.encode())
            slow.append(one)
        for _ in range(10):
            for one in slow:
                one.recv(64 * 1024)
    each = (serving.most_memory() - before) / count / MIB
    print(f"a slow download takes {each:.1f} MiB")  # noqa: T201
    assert each < 4

"""What twine sends and what pip asks, without what twine and pip do besides: so the server is
what is measured."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import local
from typing import TypeVar
from urllib.parse import urljoin

import httpx

from bench.packages.servers import Running

T = TypeVar("T")

CLIENTS = 8
_LINK = re.compile(r'href="([^"#]+)[^"]*"[^>]*>([^<]+)<')
_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"


class Clients:
    """So many clients of one server, each with a connection of its own."""

    def __init__(self, server: Running) -> None:
        self._server = server
        self._own = local()

    def uploads(self, wheels: Iterable[tuple[str, bytes]]) -> float:
        """Seconds that it takes to upload all of them."""
        return self._timed(self._upload, wheels)

    def installs(self, projects: Iterable[str]) -> float:
        """Seconds that it takes to find and fetch the newest file of each project."""
        return self._timed(self._install, projects)

    def _timed(self, work: Callable[[T], None], items: Iterable[T]) -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            for _ in pool.map(work, items):
                pass
        return time.perf_counter() - started

    @property
    def _client(self) -> httpx.Client:
        if not hasattr(self._own, "client"):
            auth = (self._server.user, self._server.password)
            self._own.client = httpx.Client(auth=auth, timeout=300, follow_redirects=True)
        client: httpx.Client = self._own.client
        return client

    def _upload(self, wheel: tuple[str, bytes]) -> None:
        filename, data = wheel
        name, version, _ = filename.split("-", 2)
        form = {
            ":action": "file_upload",
            "protocol_version": "1",
            "metadata_version": "2.1",
            "name": name,
            "version": version,
            "filetype": "bdist_wheel",
            "pyversion": "py3",
            "sha256_digest": hashlib.sha256(data).hexdigest(),
        }
        answer = self._client.post(
            self._server.upload, data=form, files={"content": (filename, data)}
        )
        answer.raise_for_status()

    def _install(self, project: str) -> None:
        """The page, the metadata where the page offers it, the file."""
        page = self._client.get(f"{self._server.simple}{project}/", headers={"Accept": _ACCEPT})
        page.raise_for_status()
        url, has_metadata = _newest(page)
        if has_metadata:
            self._client.get(f"{url}.metadata").raise_for_status()
        self._client.get(url).raise_for_status()


def _newest(page: httpx.Response) -> tuple[str, bool]:
    if page.headers["content-type"].startswith(_JSON):
        files = [one for one in page.json()["files"] if not one.get("yanked")]
        return urljoin(str(page.url), files[-1]["url"]), "core-metadata" in files[-1]
    links = _LINK.findall(page.text)
    url, _ = max(links, key=lambda link: int(link[1].split("-")[2]))
    return urljoin(str(page.url), url), "data-core-metadata" in page.text

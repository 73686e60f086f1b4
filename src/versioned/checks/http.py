"""A check that is an HTTP request: 2xx passes, any other answer fails."""

from __future__ import annotations

import base64
import http.client
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from versioned.checks.base import DEFAULT_TIMEOUT, Outcome, Result, Subject, clean_reason

_MAX_REDIRECTS = 5
_MAX_BODY = 64 * 1024
_CHUNK = 8192
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """Sends one GET, and follows redirects of the same scheme.

    2xx passes, other answers fail. No answer, or one that is not whole in `timeout` seconds, is
    inconclusive. Of a body at most 64 KiB are read. A user and password in the URL are sent to
    its own host only. Neither they nor the query are ever part of a reason. Knows no proxies.
    """

    url: str
    timeout: float = DEFAULT_TIMEOUT

    def run(self, _subject: Subject) -> Result:
        """Takes at most a moment more than the timeout, whatever the server does."""
        fetch = _Fetch(urlsplit(self.url), self.timeout)
        worker = threading.Thread(target=fetch.run, name="http-check", daemon=True)
        worker.start()
        worker.join(self.timeout)
        if not worker.is_alive():
            return fetch.result
        fetch.abandon()
        return fetch.too_late


def public(url: str) -> str:
    """A URL without user, password, query and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return clean_reason(f"{parts.scheme}://{host}{parts.path}")


@dataclass(slots=True)
class _Fetch:
    """One GET with its redirects, in a thread that can be abandoned."""

    start: SplitResult
    timeout: float
    result: Result = field(default_factory=lambda: Result(Outcome.INCONCLUSIVE, "not asked"))
    _socket: socket.socket | None = None
    _abandoned: bool = False

    def run(self) -> None:
        shown = public(self.start.geturl())
        try:
            outcome, reason = self._follow()
        except TimeoutError:
            self.result = self.too_late
            return
        except (OSError, http.client.HTTPException, ValueError) as error:
            # only what the system says: other texts quote the URL
            reason = getattr(error, "strerror", None) or type(error).__name__
            outcome = Outcome.INCONCLUSIVE
        self.result = Result(outcome, clean_reason(f"{shown}: {reason}"))

    @property
    def too_late(self) -> Result:
        shown = public(self.start.geturl())
        return Result(Outcome.INCONCLUSIVE, f"{shown}: no whole answer within {self.timeout:g} s")

    def abandon(self) -> None:
        """Wake up whoever waits for the server, now or once it is connected."""
        self._abandoned = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _follow(self) -> tuple[Outcome, str]:
        deadline = time.monotonic() + self.timeout
        url = self.start
        for _ in range(_MAX_REDIRECTS + 1):
            status, location = self._get(url, deadline)
            said = f"answered {status}"
            if status // 100 == 2:  # noqa: PLR2004
                return Outcome.PASS, said
            if status // 100 != 3 or not location:  # noqa: PLR2004
                return Outcome.FAIL, said
            after = urlsplit(urljoin(url.geturl(), location))
            if after.scheme != url.scheme:
                return Outcome.FAIL, f"{said} and leads to another scheme"
            url = after
        return Outcome.FAIL, f"redirects more than {_MAX_REDIRECTS} times"

    def _get(self, url: SplitResult, deadline: float) -> tuple[int, str | None]:
        """The status of an answer, read to its end or to the limit, and where it leads."""
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        left = max(deadline - time.monotonic(), 0.001)
        connection = kind(url.hostname or "", url.port or _PORTS[url.scheme], timeout=left)
        try:
            connection.connect()
            self._socket = connection.sock
            if self._abandoned:
                raise TimeoutError
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
            connection.request("GET", target, headers=self._headers(url))
            with connection.getresponse() as response:
                _read(response)
                return response.status, response.getheader("Location")
        finally:
            connection.close()

    def _headers(self, url: SplitResult) -> dict[str, str]:
        headers = {"Accept": "*/*", "User-Agent": "versioned"}
        here, start = (url.scheme, url.hostname, url.port), self.start
        if start.username is not None and here == (start.scheme, start.hostname, start.port):
            pair = f"{unquote(start.username)}:{unquote(start.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return headers


def _read(response: http.client.HTTPResponse) -> None:
    left = _MAX_BODY
    while left > 0 and (chunk := response.read1(_CHUNK)):
        left -= len(chunk)
    if left > 0 and response.length:
        raise http.client.IncompleteRead(b"", response.length)

"""Requests to a registry: authorized, followed to where it sends them, tried again when it is busy."""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from versioned.checks.base import clean_reason
from versioned.errors import AccessDeniedError, InvalidInputError, StoreUnavailableError
from versioned.images.errors import RegistryError
from versioned.images.registries.answers import Answer
from versioned.images.registries.origin import Origin
from versioned.images.registries.tokens import (
    Access,
    Authorization,
    FindCredentials,
    login_hint,
)

T = TypeVar("T")
Body = bytes | Iterator[bytes]

AT_ONCE = 8
"""Requests of one listing that are made at the same time."""
PAGE_SIZE = 4 * 1024 * 1024
"""Bytes of an answer that is a list."""
ERROR_SIZE = 64 * 1024
"""Bytes of an answer that should have next to none."""

_TOKEN_SIZE = 1024 * 1024
_RETRIES = 4
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_CONNECTING, _READING = 15.0, 60.0
_UPLOADING = 600.0
_WHOLE = 300.0
"""Seconds for the whole of an answer that is not a blob."""
_BLOCK = 65536


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str = field(repr=False)
    access: Access
    headers: Mapping[str, str] = field(repr=False)
    body: Body | None = field(default=None, repr=False)

    @property
    def asked(self) -> str:
        """For people; without the query, which may be signed."""
        parts = urlsplit(self.url)
        return clean_reason(f"{self.method} {parts.scheme}://{parts.netloc}{parts.path}")


class _BusyError(Exception):
    """Worth another try; `pause` is what the other side asks for, in seconds."""

    def __init__(self, reason: str, pause: float = 0.0) -> None:
        super().__init__(reason)
        self.pause = pause


class Transport:
    """One registry over HTTP. Safe to use from several threads.

    What is busy (408, 425, 429, 5xx) or gives no answer is tried again four times, with pauses of
    half a second and more, and for as long as `Retry-After` says, up to a minute; `sleep` waits.
    Credentials go to the registry alone, and to the server of tokens that it names.
    """

    def __init__(
        self,
        origin: Origin,
        find: FindCredentials,
        *,
        ca_file: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.origin = origin
        self.referrers = threading.Lock()
        """Held while a list of referrers is changed."""
        self._sleep = sleep
        self._pool = urllib3.PoolManager(
            num_pools=AT_ONCE,
            maxsize=2 * AT_ONCE,
            ssl_context=_trusting(ca_file) if origin.scheme == "https" else None,
        )
        self._authorization = Authorization(origin, find, self._ask_for_token)

    def close(self) -> None:
        """Ends all connections."""
        self._pool.clear()

    def request(
        self,
        method: str,
        url: str,
        access: Access,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        limit: int = ERROR_SIZE,
        retries: int = _RETRIES,
    ) -> Answer:
        """The whole answer, whatever its status; `url` may be a path of the registry. A body of
        chunks is sent once and never again.

        Raises AccessDeniedError for 401, StoreUnavailableError where all tries were in vain,
        RegistryError for a body of more than `limit` bytes.
        """
        made = _Request(method, self._absolute(url), access, headers or {}, body)
        again = 0 if body is not None and not isinstance(body, bytes) else retries
        return self._trying(lambda: _answer(made, self._exchange(made), limit), made.asked, again)

    @contextmanager
    def stream(self, url: str, access: Access) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """An answer to a GET and, where it is good, its body in chunks; one that breaks off raises
        StoreUnavailableError. Raises as `request`."""
        made = _Request("GET", self._absolute(url), access, {})

        def attempt() -> tuple[Answer, urllib3.BaseHTTPResponse]:
            response = self._exchange(made)
            if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                empty = Answer(response.status, response.headers, b"", made.url, made.asked)
                return empty, response
            return _answer(made, response, ERROR_SIZE), response

        answer, response = self._trying(attempt, made.asked, _RETRIES)
        with _closing(response):
            yield answer, _chunks(response, made.asked)

    def _absolute(self, url: str) -> str:
        return self.origin.url(url) if url.startswith("/") else url

    def _ask_for_token(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        made = _Request(method, url, Access(), headers, body)
        return self._trying(
            lambda: _answer(made, self._send(made, None), _TOKEN_SIZE), made.asked, _RETRIES
        )

    def _trying(self, attempt: Callable[[], T], asked: str, again: int) -> T:
        for number in range(again + 1):
            try:
                return attempt()
            except SSLError as error:
                raise StoreUnavailableError(
                    f"{asked} failed: {clean_reason(str(error))}",
                    hint="the certificate has to be one that is trusted here: SSL_CERT_FILE adds one",
                ) from error
            except (_BusyError, HTTPError) as error:
                pause = error.pause if isinstance(error, _BusyError) else 0.0
                if number == again or pause > _LONGEST_PAUSE:
                    raise StoreUnavailableError(
                        f"{asked} failed: {clean_reason(str(error))}",
                        hint="try again in a moment, and see whether the registry is up",
                    ) from error
                grown = _FIRST_PAUSE * 2**number
                self._sleep(max(pause, grown * (1 + random.random()) / 2))  # noqa: S311
        raise AssertionError

    def _exchange(self, made: _Request) -> urllib3.BaseHTTPResponse:
        """An answer that is no demand and no redirect, its body not yet read."""
        sent = self._authorization.header(made.access) if self.origin.owns(made.url) else None
        response = self._send(made, sent)
        if response.status == HTTPStatus.UNAUTHORIZED:
            response = self._authorized(made, response, sent)
        for _ in range(_REDIRECTS):
            location = response.headers.get("Location")
            if response.status not in _MOVED or made.method not in {"GET", "HEAD"} or not location:
                return response
            _answer(made, response, ERROR_SIZE)
            url = self.origin.follow(made.url, location)
            made = _Request(made.method, url, made.access, made.headers)
            sent = self._authorization.header(made.access) if self.origin.owns(url) else None
            response = self._send(made, sent)
        _answer(made, response, ERROR_SIZE)
        raise RegistryError(f"{made.asked} is sent from one address to the next", hint="try again")

    def _authorized(
        self, made: _Request, response: urllib3.BaseHTTPResponse, sent: str | None
    ) -> urllib3.BaseHTTPResponse:
        refused = _answer(made, response, ERROR_SIZE)
        offered = response.headers.getlist("WWW-Authenticate")
        is_ours = self.origin.owns(made.url)
        header = self._authorization.demanded(offered, made.access, sent) if is_ours else None
        if header is not None and (made.body is None or isinstance(made.body, bytes)):
            response = self._send(made, header)
            if response.status != HTTPStatus.UNAUTHORIZED:
                return response
            refused = _answer(made, response, ERROR_SIZE)
        raise AccessDeniedError(
            f"{made.asked} was answered with {refused.reason}", hint=login_hint(self.origin.host)
        )

    def _send(self, made: _Request, authorization: str | None) -> urllib3.BaseHTTPResponse:
        headers = {"User-Agent": "versioned", **made.headers}
        if authorization:
            headers["Authorization"] = authorization
        reading = _UPLOADING if "/blobs/uploads/" in made.url else _READING
        response = self._pool.urlopen(
            made.method,
            made.url,
            body=made.body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=urllib3.Timeout(connect=_CONNECTING, read=reading),
        )
        if response.status in _BUSY:
            answer = _answer(made, response, ERROR_SIZE, is_cut=True)
            raise _BusyError(answer.reason, _pause(response.headers.get("Retry-After")))
        return response


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # SSLError is one
            raise InvalidInputError(
                f"{ca_file} has no certificates that can be read: {clean_reason(str(error))}",
                hint="name a file of certificates in PEM",
            ) from error
    return context


@contextmanager
def _closing(response: urllib3.BaseHTTPResponse) -> Iterator[None]:
    """Gives the connection back; it is ended where the body was not read to its end."""
    try:
        yield
    finally:
        response.close()
        response.release_conn()


def _answer(
    made: _Request, response: urllib3.BaseHTTPResponse, limit: int, *, is_cut: bool = False
) -> Answer:
    """With `is_cut` what is beyond the limit is left out."""
    body, deadline = b"", time.monotonic() + _WHOLE
    with _closing(response):
        for block in iter(partial(response.read1, _BLOCK), b""):
            body += block
            if time.monotonic() > deadline:
                raise StoreUnavailableError(
                    f"{made.asked} was not answered in full within {_WHOLE:g} s",
                    hint="try again, and see what slows the registry down",
                )
            if len(body) > limit and is_cut:
                break
            if len(body) > limit:
                raise RegistryError(
                    f"{made.asked} was answered with more than {limit} bytes",
                    hint="that is no registry, or one that is broken",
                )
    return Answer(response.status, response.headers, body, made.url, made.asked)


def _chunks(response: urllib3.BaseHTTPResponse, asked: str) -> Iterator[bytes]:
    try:
        yield from iter(partial(response.read, _BLOCK), b"")
    except HTTPError as error:
        raise StoreUnavailableError(
            f"{asked} broke off: {clean_reason(str(error))}", hint="try again"
        ) from error


def _pause(asked: str | None) -> float:
    """What a Retry-After asks for: seconds, or a time."""
    if not asked:
        return 0.0
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0

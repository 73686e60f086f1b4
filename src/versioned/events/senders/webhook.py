"""Telling by HTTP: one POST an event, signed by the scheme of Standard Webhooks."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from versioned.errors import InvalidHookError
from versioned.events.event import Event
from versioned.events.senders.retrying import NotTakenError, Retries, retrying
from versioned.events.senders.signing import sign

DEFAULT_TIMEOUT = 15.0
_EXCERPT = 200
_REDIRECT, _MISTAKE, _FAULT = 300, 400, 500
_PASSING = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts the event's document to a URL; any 2xx means that it was taken.

    408, 425, 429, 5xx and no answer within `timeout` seconds are tried again; redirects are not
    followed. With `secrets` each request is signed; `clock` gives the Unix time that is signed
    with it. Neither the path of the URL nor a secret appears in errors. Raises InvalidHookError
    for a URL that can't be posted to.
    """

    url: str = field(repr=False)
    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    timeout: float = DEFAULT_TIMEOUT
    retries: Retries = field(default_factory=Retries)
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        _parse(self.url)

    def send(self, event: Event) -> None:
        """See `Sender`; every attempt has the event's id and a time of its own."""
        body = event.encode()
        retrying(lambda: self._attempt(event.id, body), self.retries)

    def _attempt(self, identity: str, body: bytes) -> None:
        timestamp = int(self.clock())
        headers = {
            "Content-Type": "application/cloudevents+json",
            "User-Agent": "versioned",
            "Connection": "close",
            "webhook-id": identity,
            "webhook-timestamp": str(timestamp),
        }
        if self.secrets:
            headers["webhook-signature"] = sign(self.secrets, identity, timestamp, body)
        parts = _parse(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout)
        try:
            self._exchange(connection, parts, body, headers)
        except NotTakenError:  # is an OSError, too
            raise
        except (OSError, HTTPException) as error:
            raise NotTakenError(
                f"{_where(parts)} gave no answer: {str(error) or type(error).__name__}",
                hint="versioned events deliver tries again",
                passing=not isinstance(error, ssl.SSLCertVerificationError),
            ) from error
        finally:
            connection.close()

    def _exchange(
        self, connection: HTTPConnection, parts: SplitResult, body: bytes, headers: dict[str, str]
    ) -> None:
        started = time.monotonic()
        connection.connect()
        with _Deadline(connection.sock, self.timeout - (time.monotonic() - started)) as deadline:
            try:
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", target, body, headers)
                answer = connection.getresponse()
            except (OSError, HTTPException):
                if deadline.passed:
                    raise TimeoutError(f"timed out after {self.timeout:g} seconds") from None
                raise
            with answer:
                self._judge(answer, parts)

    def _judge(self, answer: HTTPResponse, parts: SplitResult) -> None:
        status = answer.status
        if _REDIRECT > status >= HTTPStatus.OK:
            return
        said = f"{_where(parts)} answered {status}"
        if _REDIRECT <= status < _MISTAKE:
            raise NotTakenError(said, hint="redirects are not followed: name the address itself")
        with suppress(OSError, HTTPException):
            said += _excerpt(answer.read(_EXCERPT))
        raise NotTakenError(
            said,
            hint="remove the hook if nobody listens any more"
            if status == HTTPStatus.GONE
            else "versioned events deliver tries again",
            passing=status >= _FAULT or status in _PASSING,
            pause=_pause(answer.headers.get("Retry-After"), self.clock()),
        )


class _Deadline:
    """Ends a connection when its time is up, also one that sends a byte now and then."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        self.passed = False
        self._socket = connected
        self._timer = threading.Timer(max(seconds, 0), self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:  # noqa: PYI034 - nobody subclasses it
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.passed = True
        with suppress(OSError):  # below TLS, which another thread is using
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _parse(url: str) -> SplitResult:
    """Raises InvalidHookError."""
    try:
        parts = urlsplit(url)
        good = bool(parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0)
    except ValueError:
        good = False
    printable = url.isascii() and url.isprintable() and " " not in url
    if not good or not printable or parts.fragment or "@" in parts.netloc:
        raise InvalidHookError(
            "that is not a URL that a webhook can be posted to",
            hint="https://host/path, in ASCII, without user, password and #fragment",
        )
    return parts


def _where(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"


def _excerpt(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())
    return f": {text}" if text else ""


def _pause(asked: str | None, now: float) -> float:
    """What a Retry-After asks for: seconds, or a time."""
    if asked is None:
        return 0.0
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0

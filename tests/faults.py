"""An instrument on the wire of a boto3 S3 client: it counts requests, and makes some go wrong.

    with Wire(client) as wire:
        wire.plan("PutObject", answer(503, "SlowDown"), lose_answer)
        store.put(...)
    assert wire.count("PutObject") == 3

Each attempt that botocore makes counts as one. A plan is a list of what happens to the next
requests of one operation, in order; `None` lets one pass, and so does the end of the list. What
happens is a function of the prepared request and of `send`, which really sends it; it returns
the answer or raises. All of it works against real servers and a moto server; moto in process
carries a request out before a plan can hold it back.
"""

import io
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from xml.sax.saxutils import escape

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

BUCKET = "versioned-tests"
"""The bucket of all tests; each has a prefix of its own."""


@dataclass(frozen=True)
class Sent:
    """One request: its operation as boto3 names it, and what was on the wire."""

    operation: str
    method: str
    url: str
    headers: dict


class Wire:
    """Watches one client while it is entered. `sent` has all requests in order."""

    def __init__(self, client):
        self._client = client
        self._plans = defaultdict(deque)
        self._lock = threading.Lock()
        self.sent = []

    def plan(self, operation, *actions):
        """What happens to the next requests of an operation, after what is planned already."""
        self._plans[operation].extend(actions)

    def count(self, operation=None):
        """Requests of one operation, or of all."""
        return sum(operation in {None, sent.operation} for sent in self.sent)

    @property
    def operations(self):
        return Counter(sent.operation for sent in self.sent)

    def reset(self):
        self.sent.clear()

    def __enter__(self):
        self._client.meta.events.register_first("before-send.s3", self._before_send)
        return self

    def __exit__(self, *_):
        self._client.meta.events.unregister("before-send.s3", self._before_send)

    def _before_send(self, request, event_name, **_):
        operation = event_name.rpartition(".")[2]
        headers = {k.lower(): _text(v) for k, v in request.headers.items()}
        with self._lock:
            self.sent.append(Sent(operation, request.method, request.url, headers))
            plan = self._plans[operation]
            action = plan.popleft() if plan else None
        if action is None:
            return None
        return action(request, self._client._endpoint.http_session.send)


def answer(status, code="", message="", headers=None, body=b""):
    """The server answers so, and has done nothing. With a code it is an error of S3."""

    def act(request, send):
        said = body
        if code and request.method != "HEAD":
            said = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            said = said.encode()
        return _response(request.url, status, headers or {}, said)

    return act


def lose_answer(request, send):
    """The server does what it is told, and the connection breaks before its answer."""
    _drain(send(request))
    raise ConnectionClosedError(endpoint_url=request.url)


def time_out(request, send):
    """The server does what it is told, and nobody waits for its answer."""
    _drain(send(request))
    raise ReadTimeoutError(endpoint_url=request.url)


def lose_request(request, send):
    """The connection breaks, and the server has never seen the request."""
    raise ConnectionClosedError(endpoint_url=request.url)


def refuse_connection(request, send):
    """Nobody listens."""
    raise EndpointConnectionError(endpoint_url=request.url)


def truncate(size):
    """The body of the answer ends after so many bytes."""

    def act(request, send):
        response = send(request)
        body = _drain(response)[:size]
        return _response(request.url, response.status_code, response.headers, body)

    return act


def answer_with(status, body):
    """The server really does it, and its answer has this body instead of its own."""

    def act(request, send):
        response = send(request)
        _drain(response)
        headers = {**_Headers(response.headers), "content-length": str(len(body))}
        return _response(request.url, status, headers, body)

    return act


def meanwhile(call):
    """Something else happens just before the request is sent."""

    def act(request, send):
        call()
        return send(request)

    return act


def lose_answer_then(call):
    """The answer is lost, and something else happens before anybody can look."""

    def act(request, send):
        _drain(send(request))
        call()
        raise ConnectionClosedError(endpoint_url=request.url)

    return act


@pytest.fixture
def no_waiting(monkeypatch):
    """Nobody sleeps between attempts. Holds the seconds that were asked for."""
    asked = []
    monkeypatch.setattr(time, "sleep", asked.append)
    return asked


class _Raw(io.BytesIO):
    """As much of urllib3's response as botocore uses."""

    def stream(self, amt=65536, **_):
        while chunk := self.read(amt):
            yield chunk


def _response(url, status, headers, body):
    return AWSResponse(url, status, _Headers(headers), _Raw(body))


class _Headers(dict):
    """Names of headers have no case."""

    def __init__(self, headers):
        super().__init__({name.lower(): value for name, value in headers.items()})

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def __contains__(self, name):
        return super().__contains__(name.lower())

    def get(self, name, default=None):
        return super().get(name.lower(), default)


def _drain(response):
    """The whole body, so that the connection can be used again."""
    body = response.content
    response.raw.close()
    return body


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)

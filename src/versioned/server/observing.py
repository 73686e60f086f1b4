"""Around every request: a line of the log, figures, and an answer for every error."""

from __future__ import annotations

import secrets
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from versioned.errors import VersionedError
from versioned.server.addresses import Addresses
from versioned.server.log import Log
from versioned.server.metrics import Metrics
from versioned.server.problems import Problem, answer, problem_of

_METHODS = {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"}
_LONGEST_PATH = 500


@dataclass(slots=True)
class _Traffic:
    """What went over the wire for a request; `status` is 0 until the answer began."""

    received: int = 0
    sent: int = 0
    status: int = 0


class Observed:
    """The application around its routes. A line is JSON: method, path without its query, status, seconds,
    bytes, the name of the token. Never a header, a query or a body: those may hold secrets."""

    def __init__(self, routes: Sequence[BaseRoute], metrics: Metrics, log: Log) -> None:
        self._app = Addresses(routes, redirect_slashes=False)
        self._paths: dict[object, str] = {
            one.endpoint: one.path for one in routes if isinstance(one, Route)
        }
        self.metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        traffic, started, error = _Traffic(), time.monotonic(), None
        identity = secrets.token_hex(8)

        async def receiving() -> Message:
            message = await receive()
            traffic.received += len(message.get("body", b""))
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                traffic.status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", identity.encode())]
            traffic.sent += len(message.get("body", b""))
            await send(message)

        self.metrics.under_way.inc()
        try:
            await self._app(scope, receiving, sending)
        except ClientDisconnect:
            error = "the client went away"
        except Exception as found:
            problem = problem_of(found)
            error = self._told(found, problem)
            if traffic.status:
                # Too late for another answer: the connection has to break, so that the client
                # does not take a part for the whole.
                raise
            await answer(Request(scope), problem)(scope, receiving, sending)
        finally:
            self.metrics.under_way.dec()
            self._ended(scope, traffic, time.monotonic() - started, identity, error)

    def _told(self, error: Exception, problem: Problem) -> str:
        """What the log says of an error. The store's own words are for the log alone."""
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            if not isinstance(error, VersionedError):
                self._log.write({"traceback": traceback.format_exc()})
            return f"{problem.code}: {error}"
        return problem.code

    def _ended(
        self, scope: Scope, traffic: _Traffic, seconds: float, identity: str, error: str | None
    ) -> None:
        route = self._paths.get(scope.get("endpoint"), "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.count(
            method,
            route,
            traffic.status,
            seconds=seconds,
            received=traffic.received,
            sent=traffic.sent,
        )
        if route.startswith("/-/"):
            return
        token = scope["state"].get("token")
        line: dict[str, Any] = {
            "method": method,
            "path": scope["path"][:_LONGEST_PATH],
            "status": traffic.status,
            "seconds": round(seconds, 4),
            "received": traffic.received,
            "sent": traffic.sent,
            "token": token.identity if token else None,
            "by": token.name if token else None,
            "request": identity,
        }
        self._log.write(line | ({"error": error} if error else {}))

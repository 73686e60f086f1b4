"""CodeArtifact's REST API, as boto3 and the AWS command line speak it.

`docs/guide/promote-with-aws-cli.md` says which operations there are, and what differs. A signed
request carries our token as the session token. The signature itself proves nothing here, and is
not looked at: the server does not keep what it would have to be checked with.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from versioned.server.codeartifact_changing import Changing
from versioned.server.codeartifact_domain import DomainOperations
from versioned.server.codeartifact_errors import PREFIX, UNKNOWN_OPERATION
from versioned.server.codeartifact_looking import Looking
from versioned.server.codeartifact_requests import Guard, Query
from versioned.server.desk import Desk
from versioned.server.problems import RequestError

_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


class UnknownOperationError(RequestError):
    """CodeArtifact may have the operation; this server has not."""

    code = UNKNOWN_OPERATION


class CodeArtifactRoutes:
    """`/v1/`: the operations of CodeArtifact, and its error for every other one."""

    def __init__(self, desk: Desk) -> None:
        guard = Guard(desk)
        self._rooms = (Looking(guard), Changing(guard), DomainOperations(guard))

    def routes(self) -> list[BaseRoute]:
        found = [
            Route(f"{PREFIX}{path}", _endpoint(operation), methods=[method])
            for room in self._rooms
            for (method, path), operation in room.operations().items()
        ]
        return [*found, Route(f"{PREFIX}{{operation:path}}", self.unknown, methods=_METHODS)]

    async def unknown(self, request: Request) -> Response:
        """An operation that is not there."""
        raise UnknownOperationError(
            HTTPStatus.BAD_REQUEST,
            f"{request.method} {request.url.path:.200} is no operation of this server",
            hint="docs/guide/promote-with-aws-cli.md lists them",
        )


def _endpoint(
    operation: Callable[[Query], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await operation(Query(request))

    return answer

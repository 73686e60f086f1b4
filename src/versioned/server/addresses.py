"""The routes of the server, and what is answered where none of them fits."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Router
from starlette.types import Receive, Scope, Send

from versioned.server.problems import Problem, answer

_FORMS = {
    "generic": "an asset is /generic/REPOSITORY/NAMESPACE/PACKAGE/VERSION/ASSET",
    "pypi": "files are sent to /pypi/REPOSITORY/, and the index is /pypi/REPOSITORY/simple/",
    "npm": "the registry is /npm/REPOSITORY/, a package in it /npm/REPOSITORY/@SCOPE/NAME",
}
_ELSEWHERE = "packages are below /generic/, /pypi/, /npm/ and /v1/"


class Addresses(Router):
    """Routes. A path or a method that none of them has is told what addresses look like, in the
    words of whoever asks."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self  # so that routes raise what they would have answered barely
        try:
            await super().__call__(scope, receive, send)
        except HTTPException as error:
            problem = _problem(scope["method"], scope["path"], HTTPStatus(error.status_code))
            response = answer(Request(scope), problem)
            response.headers.update(error.headers or {})
            await response(scope, receive, send)


def _problem(method: str, path: str, status: HTTPStatus) -> Problem:
    known = status is HTTPStatus.METHOD_NOT_ALLOWED
    return Problem(
        status,
        "no-such-method" if known else "no-such-address",
        f"there is no {method:.20} of {path!r:.200}" if known else f"there is no {path!r:.200}",
        _FORMS.get(path.split("/")[1], _ELSEWHERE) if path.startswith("/") else _ELSEWHERE,
    )

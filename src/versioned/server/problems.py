"""From an error to an answer: the status, and what each kind of client can show of it."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from versioned.errors import (
    ConflictError,
    GateRefusedError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    RepositoryNotFoundError,
    StoreError,
    StoreUnavailableError,
    VersionedError,
)
from versioned.packages.errors import (
    DomainNotFoundError,
    PackageConflictError,
    PromotionOnlyError,
)
from versioned.server import codeartifact_errors

_STATUSES: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (RepositoryNotFoundError, HTTPStatus.BAD_GATEWAY),
    (DomainNotFoundError, HTTPStatus.BAD_GATEWAY),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (InvalidInputError, HTTPStatus.BAD_REQUEST),
    (PackageConflictError, HTTPStatus.SERVICE_UNAVAILABLE),
    (ConflictError, HTTPStatus.CONFLICT),
    # twine --skip-existing takes 409 for a file that is there.
    (PromotionOnlyError, HTTPStatus.FORBIDDEN),
    (GateRefusedError, HTTPStatus.CONFLICT),
    (IntegrityError, HTTPStatus.BAD_GATEWAY),
    (StoreUnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
    (OutcomeUnknownError, HTTPStatus.SERVICE_UNAVAILABLE),
    (StoreError, HTTPStatus.BAD_GATEWAY),
)
_FULL = {errno.ENOSPC, errno.EDQUOT}
_RETRY_AFTER = "1"


class RequestError(VersionedError):
    """A request that can't be served as it is; `status` says why."""

    code = "request"

    def __init__(self, status: HTTPStatus, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class UnauthorizedError(RequestError):
    """Nobody is known to ask: the client has to ask again, with a token."""

    code = "unauthorized"

    def __init__(self, message: str) -> None:
        super().__init__(
            HTTPStatus.UNAUTHORIZED, message, hint="use a token: versioned packages tokens create"
        )


class ForbiddenError(RequestError):
    """Whoever asks is known, and may not."""

    code = "forbidden"

    def __init__(self, message: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, message, hint="use a token with that scope")


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is no success."""

    status: HTTPStatus
    code: str
    message: str
    hint: str = ""

    @property
    def text(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    @property
    def headers(self) -> dict[str, str]:
        """What tells a client to ask for a token, or to come again."""
        if self.status is HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": 'Basic realm="versioned"'}
        if self.status is HTTPStatus.SERVICE_UNAVAILABLE:
            return {"Retry-After": _RETRY_AFTER}
        if self.status is HTTPStatus.REQUEST_TIMEOUT:
            return {"Connection": "close"}
        return {}


def problem_of(error: Exception) -> Problem:
    """What to answer. Of an error of the store or of this program nothing is told but its kind:
    its message may name buckets and hosts."""
    if isinstance(error, RequestError):
        return Problem(error.status, error.code, error.message, error.hint)
    if isinstance(error, OSError) and error.errno in _FULL:
        return Problem(
            HTTPStatus.INSUFFICIENT_STORAGE, "disk-full", "the server has no room for this"
        )
    status = next(
        (status for kind, status in _STATUSES if isinstance(error, kind)),
        HTTPStatus.INTERNAL_SERVER_ERROR,
    )
    if not isinstance(error, VersionedError) or (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, ConflictError)
    ):
        code = error.code if isinstance(error, VersionedError) else "internal"
        return Problem(status, code, f"the request failed: {code}", "see the log of the server")
    return Problem(status, error.code, error.message, error.hint)


def answer(request: Request, problem: Problem) -> Response:
    """The problem in the words of whoever asks."""
    if request.scope["path"].startswith("/npm/"):
        return JSONResponse(
            {"error": problem.text, "reason": problem.code},
            status_code=problem.status,
            headers=problem.headers,
        )
    if request.scope["path"].startswith(codeartifact_errors.PREFIX):
        return codeartifact_errors.error_answer(
            request, problem.status, problem.code, problem.text, problem.headers
        )
    return PlainTextResponse(
        f"{problem.status.value} {problem.status.phrase}\n\n{problem.text}\n",
        status_code=problem.status,
        headers={**problem.headers, "X-Error-Code": problem.code},
    )

"""Errors in CodeArtifact's words, as its clients tell them apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

PREFIX = "/v1/"
"""Paths below it are CodeArtifact's."""
UNKNOWN_OPERATION = "unknown-operation"
BROKEN_JSON = "broken-json"
UNKNOWN_DOMAIN = "unknown-domain"

_TYPES: Mapping[HTTPStatus, tuple[str, HTTPStatus]] = {
    HTTPStatus.UNAUTHORIZED: ("AccessDeniedException", HTTPStatus.FORBIDDEN),
    HTTPStatus.FORBIDDEN: ("AccessDeniedException", HTTPStatus.FORBIDDEN),
    HTTPStatus.NOT_FOUND: ("ResourceNotFoundException", HTTPStatus.NOT_FOUND),
    HTTPStatus.CONFLICT: ("ConflictException", HTTPStatus.CONFLICT),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "ServiceQuotaExceededException",
        HTTPStatus.PAYMENT_REQUIRED,
    ),
}
_BUSY = ("ThrottlingException", HTTPStatus.TOO_MANY_REQUESTS)
_INVALID = ("ValidationException", HTTPStatus.BAD_REQUEST)
_FAILED = ("InternalServerException", HTTPStatus.INTERNAL_SERVER_ERROR)

_RESOURCES = {
    UNKNOWN_DOMAIN: "domain",
    "package-repository-not-found": "repository",
    "package-repository-exists": "repository",
    "package-not-found": "package",
    "package-version-not-found": "package-version",
    "revision-not-found": "package-version",
    "version-exists": "package-version",
    "package-status": "package-version",
    "asset-not-found": "asset",
    "asset-exists": "asset",
}
_PARAMETERS = {"package-version": "version"}
_REASONS = {UNKNOWN_OPERATION: "UNKNOWN_OPERATION", BROKEN_JSON: "CANNOT_PARSE"}
_LONGEST_ID = 255


class AsciiJSON(Response):
    """JSON of which every character is ASCII: what clients sent may have no other form."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - whatever JSON can be
        return json.dumps(content, separators=(",", ":")).encode("ascii")


def error_answer(
    request: Request, status: HTTPStatus, code: str, text: str, headers: Mapping[str, str]
) -> Response:
    """An error by its status and our code for it, as CodeArtifact would send it."""
    kind, as_status = _type_of(status, code)
    body = {"message": text}
    resource = _RESOURCES.get(code)
    if resource is not None and kind in {"ResourceNotFoundException", "ConflictException"}:
        body["resourceType"] = resource
        named = request.query_params.get(_PARAMETERS.get(resource, resource))
        if named:
            body["resourceId"] = named[:_LONGEST_ID]
    if kind == "ValidationException":
        body["reason"] = _REASONS.get(code, "FIELD_VALIDATION_FAILED")
    return AsciiJSON(body, status_code=as_status, headers={"x-amzn-ErrorType": kind, **headers})


def _type_of(status: HTTPStatus, code: str) -> tuple[str, HTTPStatus]:
    if status in _TYPES:
        return _TYPES[status]
    if code == "package-conflict":
        return _BUSY
    return _INVALID if status < HTTPStatus.INTERNAL_SERVER_ERROR else _FAILED

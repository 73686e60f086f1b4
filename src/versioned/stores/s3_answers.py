"""What an error of botocore says: told by code, by HTTP status, by type, never by text."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from botocore import exceptions as botocore_errors
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from versioned.errors import VersionedError

REMOTE_ERRORS = (ClientError, BotoCoreError, ResponseParserError, HTTPError)
"""Everything that a request may end with, except for errors of our own."""

LOST = (
    botocore_errors.HTTPClientError,
    botocore_errors.SSLError,
    botocore_errors.IncompleteReadError,
    ResponseParserError,
    HTTPError,
)
"""Errors after which the request may have arrived."""

BUSY = {
    "BandwidthLimitExceeded",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
}
"""Codes of a server that has not even begun."""

_OF_UPLOADS = {"AbortMultipartUpload", "CompleteMultipartUpload", "ListParts", "UploadPart"}


def code_of(error: BaseException | None) -> str:
    """The S3 error code; of an answer without a body its status, of no answer `""`."""
    if not isinstance(error, ClientError):
        return ""
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code == "NoSuchKey" and error.operation_name in _OF_UPLOADS:
        return "NoSuchUpload"  # so Ceph says it
    return code


def status_of(error: Exception) -> int:
    """The HTTP status of an answer that was an error; 0 where there was no answer."""
    return int(_metadata(error).get("HTTPStatusCode", 0))


def region_of(error: Exception) -> str:
    """The region that the server says the bucket is in, or `""`."""
    said: Any = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    headers = _metadata(error).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region") or said.get("Region") or "")


def is_missing(error: Exception) -> bool:
    """Whether the answer was that there is no such object."""
    return code_of(error) in {"NoSuchKey", "404"}


def is_condition_failed(error: Exception) -> bool:
    return status_of(error) == HTTPStatus.PRECONDITION_FAILED


def is_conflict(error: Exception) -> bool:
    """Whether another write was under way; S3 asks to try again."""
    return status_of(error) == HTTPStatus.CONFLICT


def is_unsupported(error: Exception) -> bool:
    """Whether the server does not know this kind of request."""
    return status_of(error) in {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}


def is_lost(error: Exception) -> bool:
    """Whether the request may have arrived and only its answer was lost."""
    return isinstance(error, LOST)


def is_vague(error: Exception) -> bool:
    """Whether there was an answer, and it leaves open what was done."""
    return is_vague_answer(code_of(error), status_of(error))


def is_vague_answer(code: str, status: int) -> bool:
    """A failure inside the server; not a refusal of one that is too busy to begin."""
    known = code in BUSY or status == HTTPStatus.NOT_IMPLEMENTED
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR and not known


def own_error(error: Exception) -> VersionedError | None:
    """The error of ours that botocore wrapped: one of reading the body that it was sending."""
    inner = getattr(error, "kwargs", {}).get("error")
    return inner if isinstance(inner, VersionedError) else None


def _metadata(error: Exception) -> dict[str, Any]:
    answer: Any = error.response if isinstance(error, ClientError) else {}
    metadata: dict[str, Any] = answer.get("ResponseMetadata", {})
    return metadata

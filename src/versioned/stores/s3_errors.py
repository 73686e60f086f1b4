"""From botocore's errors to ours, with what was asked, what was found and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError

from versioned.content import changed_content
from versioned.errors import (
    AccessDeniedError,
    ContentMismatchError,
    InvalidInputError,
    InvalidLocationError,
    InvalidNameError,
    ObjectNotFoundError,
    OutcomeUnknownError,
    PreconditionFailedError,
    RepositoryNotFoundError,
    StoreError,
    StoreUnavailableError,
    VersionedError,
    WrongRegionError,
)
from versioned.stores.s3_answers import (
    BUSY,
    LOST,
    code_of,
    is_vague,
    own_error,
    region_of,
    status_of,
)

_BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
_WRONG_REGION = {
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
}
_DAMAGED = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"}
_UNREACHED = (
    botocore_errors.EndpointConnectionError,
    botocore_errors.ConnectTimeoutError,
    botocore_errors.ProxyConnectionError,
)
_NO_CREDENTIALS = (
    botocore_errors.NoCredentialsError,
    botocore_errors.NoAuthTokenError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.CredentialRetrievalError,
    botocore_errors.TokenRetrievalError,
    botocore_errors.SSOError,
)

_INVISIBLE = ("Get", "Head", "List", "CreateMultipart", "UploadPart", "AbortMultipart")

_LOGIN_HINT = "check the profile or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
_AGAIN_HINT = "nothing was written; try again"
_LOOK_HINT = "look, or simply repeat it"

_Types = tuple[type[Exception], ...]
_Kind = tuple[type[VersionedError], str]

_BY_CODE: dict[str, _Kind] = {
    "404": (ObjectNotFoundError, "list what is there"),
    "NoSuchKey": (ObjectNotFoundError, "list what is there"),
    "NoSuchBucket": (
        RepositoryNotFoundError,
        "check its name, or create it: versioned init URL, bootstrap() in Python",
    ),
    "InvalidBucketName": (InvalidLocationError, "check the name of the bucket"),
    "KeyTooLongError": (InvalidNameError, "use a shorter name or prefix"),
    "MetadataTooLarge": (InvalidInputError, "use less metadata"),
    "InvalidTag": (InvalidInputError, "use fewer or other tags"),
    "EntityTooLarge": (InvalidInputError, "the server has a smaller limit for an object"),
    "NoSuchUpload": (StoreUnavailableError, "somebody removed the upload meanwhile; try again"),
    "InvalidObjectState": (StoreError, "the object is archived: restore it first"),
    "MissingContentLength": (
        StoreError,
        "make the client with request_checksum_calculation='when_required'",
    ),
    "RequestTimeTooSkewed": (StoreError, "set the clock of this machine"),
    **dict.fromkeys(_BAD_CREDENTIALS, (AccessDeniedError, _LOGIN_HINT)),
    "ConditionalRequestConflict": (StoreUnavailableError, _AGAIN_HINT),
    "OperationAborted": (StoreUnavailableError, _AGAIN_HINT),
    **dict.fromkeys(BUSY, (StoreUnavailableError, _AGAIN_HINT)),
}
_BY_STATUS: dict[int, _Kind] = {
    HTTPStatus.FORBIDDEN: (
        AccessDeniedError,
        "check the credentials; if they are right, ask for the permission",
    ),
    HTTPStatus.PRECONDITION_FAILED: (PreconditionFailedError, "read the object again"),
    HTTPStatus.TOO_MANY_REQUESTS: (StoreUnavailableError, _AGAIN_HINT),
    HTTPStatus.METHOD_NOT_ALLOWED: (StoreError, "this server does not know that request"),
    HTTPStatus.NOT_IMPLEMENTED: (StoreError, "this server does not know that request"),
}
_OTHER: _Kind = (StoreError, "the code is S3's own; its documentation explains it")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, for messages: the operation, the URI it was about, and of whom."""

    operation: str
    uri: str
    endpoint: str

    @property
    def writes(self) -> bool:
        """Whether it could change what others see; the parts of an upload can't."""
        return not self.operation.startswith(_INVISIBLE)

    def __str__(self) -> str:
        return f"{self.operation} of {self.uri}"


def host_of(endpoint: str) -> str:
    """Scheme, host and port of a URL, without the password that it may have."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def as_ours(error: Exception, request: Request) -> VersionedError:
    """The error to raise `from error`. An error of ours inside botocore's comes out again.

    For a write, a lost answer and a failure inside the server mean OutcomeUnknownError.
    """
    inner = own_error(error)
    if inner is not None:
        return inner
    if isinstance(error, ClientError):
        return _of_answer(error, request)
    return _of_silence(error, request)


def unavailable(request: Request, found: str) -> StoreUnavailableError:
    return StoreUnavailableError(f"{request}: {found}", hint=_AGAIN_HINT)


def outcome_unknown(request: Request, found: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(f"{request}: {found}", hint=_LOOK_HINT)


def precondition_failed(request: Request, found: str) -> PreconditionFailedError:
    return PreconditionFailedError(f"{request}: {found}", hint="read the object again")


def _of_silence(error: Exception, request: Request) -> VersionedError:
    name = type(error).__name__
    kinds: list[tuple[_Types, type[VersionedError], str, str]] = [
        (_NO_CREDENTIALS, AccessDeniedError, f"no credentials ({name})", _LOGIN_HINT),
        (
            _UNREACHED,
            StoreUnavailableError,
            f"{request.endpoint} can't be reached ({name})",
            "check the endpoint and the network; nothing was written",
        ),
        (
            (botocore_errors.SSLError,),
            OutcomeUnknownError if request.writes else StoreUnavailableError,
            f"no secure connection to {request.endpoint}",
            "check its certificate, or name its authority in AWS_CA_BUNDLE",
        ),
        (
            LOST,
            OutcomeUnknownError if request.writes else StoreUnavailableError,
            f"the answer of {request.endpoint} was lost ({name})",
            _LOOK_HINT if request.writes else _AGAIN_HINT,
        ),
        (
            (botocore_errors.FlexibleChecksumError,),
            ContentMismatchError,
            "the bytes are not those of their checksum",
            "try again; if it stays so, the object is damaged",
        ),
        (
            (botocore_errors.ParamValidationError,),
            InvalidInputError,
            str(error),
            "check names and options",
        ),
    ]
    for types, kind, found, hint in kinds:
        if isinstance(error, types):
            return kind(f"{request}: {found}", hint=hint)
    return StoreError(f"{request}: {error}", hint="check the settings of boto3")


def _of_answer(error: ClientError, request: Request) -> VersionedError:
    code, status = code_of(error), status_of(error)
    # S3 refuses a HEAD signed for another region with a bare 400 that names the right one.
    elsewhere = code == "400" and region_of(error)
    if code in _WRONG_REGION or status == HTTPStatus.MOVED_PERMANENTLY or elsewhere:
        return _wrong_region(error, request)
    if code in _DAMAGED:
        return changed_content()
    kind, hint = _BY_CODE.get(code) or _BY_STATUS.get(status) or _OTHER
    if kind is StoreError and (is_vague(error) or code == "RequestTimeout"):
        kind = OutcomeUnknownError if request.writes else StoreUnavailableError
        hint = _LOOK_HINT if request.writes else _AGAIN_HINT
    return kind(f"{request}: {_finding(error)}", hint=hint)


def error_in_batch(code: str, said: str, request: Request) -> VersionedError:
    """The error of one key among many, which has a code and no status of its own."""
    kind, hint = _BY_CODE.get(code, _OTHER)
    if code == "AccessDenied":
        kind, hint = _BY_STATUS[HTTPStatus.FORBIDDEN]
    return kind(f"{request}: {code}: {said}", hint=hint)


def _finding(error: ClientError) -> str:
    said = " ".join(str(error.response.get("Error", {}).get("Message") or "").split())
    code = code_of(error) or str(status_of(error))
    return f"{code}: {said[:300]}" if said and said != "None" else f"the answer is {code}"


def _wrong_region(error: ClientError, request: Request) -> WrongRegionError:
    region = region_of(error)
    where = f"in {region}" if region else "in another region"
    return WrongRegionError(
        f"{request}: the bucket lies {where}",
        hint=f"open it with ?region={region or '...'} or set AWS_REGION",
    )

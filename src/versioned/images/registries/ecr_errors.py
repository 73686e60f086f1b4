"""From botocore's errors about ECR to ours: told by code, by HTTP status, by type, never by text."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from botocore import exceptions as botocore_errors
from botocore.exceptions import ClientError

from versioned.errors import (
    AccessDeniedError,
    ContentMismatchError,
    InvalidInputError,
    StoreUnavailableError,
    VersionedError,
)
from versioned.images.errors import (
    ImageNotFoundError,
    ImageRepositoryNotEmptyError,
    ImageRepositoryNotFoundError,
    RegistryError,
)
from versioned.stores.s3_answers import BUSY, LOST, code_of, status_of

REPOSITORY_NOT_FOUND = "RepositoryNotFoundException"
IMAGE_NOT_FOUND = "ImageNotFoundException"

_LOGIN_HINT = (
    "check the profile or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, "
    "or sign in again"
)
_RIGHTS_HINT = "ask for the permission, or take a profile that has it"
_AGAIN_HINT = "try again: a repeat does no harm"

_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "NotAuthorized",
    "UnauthorizedOperation",
}
_BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_BUSY = BUSY | {
    "InternalFailure",
    "InternalServerError",
    "RequestTimeout",
    "ServerException",
    "ServiceUnavailableException",
    "ThrottledException",
    "TooManyRequestsException",
}
_NO_CREDENTIALS = (
    botocore_errors.NoCredentialsError,
    botocore_errors.NoAuthTokenError,
    botocore_errors.PartialCredentialsError,
    botocore_errors.CredentialRetrievalError,
    botocore_errors.TokenRetrievalError,
    botocore_errors.SSOError,
    botocore_errors.ProfileNotFound,
)
_NO_SUCH_PLACE = (
    botocore_errors.NoRegionError,
    botocore_errors.InvalidRegionError,
    botocore_errors.UnknownEndpointError,
    botocore_errors.ParamValidationError,
)

_Kind = tuple[type[VersionedError], str]

_BY_CODE: dict[str, _Kind] = {
    REPOSITORY_NOT_FOUND: (
        ImageRepositoryNotFoundError,
        "check its name, the region and the account; versioned images list has those there are",
    ),
    IMAGE_NOT_FOUND: (ImageNotFoundError, "versioned images tags NAME has those there are"),
    "RepositoryNotEmptyException": (
        ImageRepositoryNotEmptyError,
        "delete its images first, or force it: --force, in Python force=True",
    ),
    "LayersNotFoundException": (
        RegistryError,
        "layers have to be there before the manifest: versioned images copy takes them along",
    ),
    "ReferencedImagesNotFoundException": (
        RegistryError,
        "images of an index have to be there before it: versioned images copy takes them along",
    ),
    "ImageDigestDoesNotMatchException": (
        ContentMismatchError,
        "something on the way changed it: don't use it",
    ),
    "LimitExceededException": (RegistryError, "a quota of the account is used up"),
    "KmsException": (RegistryError, "check the key that the repository is encrypted with"),
    **dict.fromkeys(_DENIED, (AccessDeniedError, _RIGHTS_HINT)),
    **dict.fromkeys(_BAD_CREDENTIALS, (AccessDeniedError, _LOGIN_HINT)),
    **dict.fromkeys(_BUSY, (StoreUnavailableError, _AGAIN_HINT)),
}
_OTHER: _Kind = (RegistryError, "the code is AWS's own; its documentation explains it")


@dataclass(frozen=True, slots=True)
class EcrRequest:
    """What was asked, for messages. `account` is `None` while it is not known."""

    operation: str
    region: str
    account: str | None
    repository: str | None = None

    def __str__(self) -> str:
        operation = "".join(part.capitalize() for part in self.operation.split("_"))
        about = f" of {self.repository}" if self.repository else ""
        account = f", account {self.account}" if self.account else ""
        return f"{operation}{about} in {self.region}{account}"


def as_ours(error: Exception, request: EcrRequest) -> VersionedError:
    """The error to raise `from error`."""
    if isinstance(error, ClientError):
        return _of_answer(error, request)
    name = type(error).__name__
    if isinstance(error, _NO_CREDENTIALS):
        return AccessDeniedError(f"{request}: no credentials ({name})", hint=_LOGIN_HINT)
    if isinstance(error, (*_NO_SUCH_PLACE, ValueError)):
        return InvalidInputError(
            f"{request}: {error}", hint="check the region, the endpoint and the names"
        )
    if isinstance(error, (*LOST, botocore_errors.ConnectionError)):
        return StoreUnavailableError(f"{request}: there was no answer ({name})", hint=_AGAIN_HINT)
    return RegistryError(f"{request}: {error}", hint="check the settings of boto3")


def _of_answer(error: ClientError, request: EcrRequest) -> VersionedError:
    code, status = code_of(error), status_of(error)
    kind, hint = _BY_CODE.get(code, _OTHER)
    if code not in _BY_CODE:
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            kind, hint = AccessDeniedError, _RIGHTS_HINT
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            kind, hint = StoreUnavailableError, _AGAIN_HINT
    said = " ".join(str(error.response.get("Error", {}).get("Message") or "").split())
    if not said or not code or code.isdigit():  # a proxy, or a server that broke, sends HTML
        return kind(f"{request}: the answer is {code or status}", hint=hint)
    return kind(f"{request}: {code}: {said[:300]}", hint=hint)

"""From what a caller has (a BotoSesManager, a boto3 session, an S3 client) to the core.

Whatever is slow to make (a client, a store with its threads and what it was proved to enforce)
is made once for each of them, and goes when its owner lets go of it.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from versioned.errors import (
    ContentMismatchError,
    InputTypeError,
    ObjectNotFoundError,
    RepositoryNotFoundError,
    VersionedError,
)
from versioned.repository import Repository
from versioned.transfer import VerifiedReader

if TYPE_CHECKING:
    from boto3.session import Session
    from boto_session_manager import BotoSesManager
    from mypy_boto3_s3.client import S3Client

    Bsm: TypeAlias = BotoSesManager | Session | S3Client
    """What every method takes first. At run time anything will do that is an S3 client, or has
    an `s3_client`, a `boto_ses` or a `client(name, region_name=...)`."""


class Place(NamedTuple):
    """Where a repository lies, and what its versions end in."""

    bucket: str
    prefix: str = ""
    suffix: str = ""


@dataclass(slots=True)
class _Bound:
    """What was made for one owner: clients by region, and repositories with their client."""

    clients: dict[str | None, S3Client] = field(default_factory=dict)
    repositories: dict[Place, tuple[S3Client, Repository]] = field(default_factory=dict)


_known: MutableMapping[object, _Bound] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def bind(bsm: Bsm, place: Place, *, region: str | None = None) -> Repository:
    """The core's repository at a place, the same one for each call with the same `bsm`.

    Sends no request. Raises as `connect`, and InvalidLocationError.
    """
    from versioned.stores.s3 import S3Store  # noqa: PLC0415 - boto3 is slow to import

    with _lock:
        bound = _bound_to(bsm)
        client = _client_of(bsm, bound, region)
        made_with, repository = bound.repositories.get(place, (None, None))
        if repository is None or made_with is not client:
            store = S3Store(client, place.bucket, place.prefix)
            repository = Repository(store, suffix=place.suffix)
            bound.repositories[place] = client, repository
    return repository


def connect(bsm: Bsm, *, region: str | None = None) -> S3Client:
    """The S3 client behind `bsm`; a session is asked for one in `region`.

    Raises InputTypeError for what leads to no S3 client.
    """
    with _lock:
        return _client_of(bsm, _bound_to(bsm), region)


def _bound_to(bsm: object) -> _Bound:
    try:
        return _known.setdefault(bsm, _Bound())
    except TypeError:  # it can't be hashed, or not be referred to weakly: nothing is kept
        return _Bound()


def _client_of(bsm: Any, bound: _Bound, region: str | None) -> S3Client:  # noqa: ANN401 - anything may come
    """What `bsm` itself keeps is asked for at each call, as it may have been renewed."""
    if callable(getattr(bsm, "put_object", None)):
        # held strongly, it would be kept alive by what is kept for it
        return cast("S3Client", weakref.proxy(bsm))
    own = getattr(bsm, "s3_client", None)
    if own is not None:
        return cast("S3Client", own)
    session = getattr(bsm, "boto_ses", bsm)
    if not callable(getattr(session, "client", None)):
        raise InputTypeError(
            f"bsm can't be a {type(bsm).__name__}",
            hint="pass a BotoSesManager, a boto3 session or a boto3 S3 client",
        )
    if region not in bound.clients:
        bound.clients[region] = session.client("s3", region_name=region)
    return bound.clients[region]


def create_bucket_in(region: str, client: S3Client, bucket: str) -> None:
    """Make a bucket where it is missing, also in another region than the client's own.

    Idempotent. Raises botocore's ClientError.
    """
    from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to import

    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
            raise
        where: Any = {"LocationConstraint": region}
        if region == "us-east-1":  # S3 has no name for it here
            client.create_bucket(Bucket=bucket)
        else:
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)


def read_uri(bsm: Bsm, uri: str, *, sha256: str | None = None) -> bytes:
    """The bytes of a version by its S3 URI, proved by the metadata of its object, and by
    `sha256` where that is given.

    Raises ContentMismatchError, botocore's ClientError where there is no such object.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    context = bind(bsm, Place(bucket)).context
    try:
        reader = VerifiedReader(context, key)
    except (ObjectNotFoundError, RepositoryNotFoundError) as error:
        raise botocore_error(error) from None
    if sha256 is not None and reader.sha256 != sha256:
        raise ContentMismatchError(
            f"{uri} holds sha256 {reader.sha256[:12]}..., expected was {sha256[:12]}...",
            hint="the version was replaced since this was read; run versioned verify",
        )
    data = b"".join(reader.chunks())
    reader.check(hashlib.sha256(data).hexdigest())
    return data


def botocore_error(error: VersionedError) -> Exception:
    """The ClientError behind an error, as 1.0.1 documents it, with our words as its note;
    the error itself where botocore had no part in it."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - slow to import

    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ClientError):
        cause = cause.__cause__
    if cause is None:
        return error
    cause.add_note(str(error))
    return cause

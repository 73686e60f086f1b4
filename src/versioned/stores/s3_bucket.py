"""Making a bucket, private from its first moment on."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from versioned.errors import AccessDeniedError
from versioned.stores.s3_answers import code_of, is_unsupported, status_of
from versioned.stores.s3_room import Room

_NO_CONSTRAINT = (None, "us-east-1", "aws-global")


def create_bucket(room: Room) -> None:
    """Idempotent. A bucket that is there is left as it is; a new one blocks public access.

    Raises AccessDeniedError (also where the name belongs to somebody else), WrongRegionError.
    """
    if _exists(room):
        return
    if _create(room):
        with room.errors_of(room.client.head_bucket, ""):
            room.client.get_waiter("bucket_exists").wait(
                Bucket=room.bucket, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
            )
        _block_public_access(room)


def _exists(room: Room) -> bool:
    method = room.client.head_bucket
    with room.errors_of(method, ""):
        try:
            room.send(method, Bucket=room.bucket)
        except ClientError as error:
            if status_of(error) == HTTPStatus.NOT_FOUND:
                return False
            raise
    return True


def _create(room: Room) -> bool:
    """Whether this call made it. Servers that are not AWS may not know our region's name."""
    method = room.client.create_bucket
    region: Any = room.client.meta.region_name
    constraint: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with room.errors_of(method, ""):
        try:
            if region in _NO_CONSTRAINT:
                room.send(method, Bucket=room.bucket)
                return True
            try:
                room.send(method, Bucket=room.bucket, **constraint)
            except ClientError as error:
                if code_of(error) != "InvalidLocationConstraint":
                    raise
                room.send(method, Bucket=room.bucket)
        except ClientError as error:
            if code_of(error) == "BucketAlreadyOwnedByYou":
                return False
            if code_of(error) == "BucketAlreadyExists":
                raise AccessDeniedError(
                    f"the bucket {room.bucket!r} belongs to somebody else",
                    hint="bucket names are shared by all accounts: choose another",
                ) from error
            raise
    return True


def _block_public_access(room: Room) -> None:
    method = room.client.put_public_access_block
    with room.errors_of(method, ""):
        try:
            room.send(
                method,
                Bucket=room.bucket,
                PublicAccessBlockConfiguration={
                    # Ceph 16 then takes every upload for a public one, and refuses it.
                    "BlockPublicAcls": _is_amazon(room),
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                },
            )
        except ClientError as error:
            if not is_unsupported(error) and code_of(error) not in {
                "NotImplemented",
                "MalformedXML",
            }:
                raise


def _is_amazon(room: Room) -> bool:
    host = urlsplit(room.endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))

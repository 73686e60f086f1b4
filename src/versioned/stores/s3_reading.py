"""Reading objects and listings from S3."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from botocore.exceptions import ClientError

from versioned.content import CHUNK_SIZE
from versioned.errors import StoreError
from versioned.stores.attributes import NONCE_KEY
from versioned.stores.base import ListedObject, ObjectInfo, stored_metadata
from versioned.stores.s3_answers import is_missing, status_of
from versioned.stores.s3_room import Room

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, HeadObjectOutputTypeDef

_PAGE = 1000


class Seen(NamedTuple):
    """An object and the nonce of the write that made it, if that write left one."""

    info: ObjectInfo
    nonce: str | None


def unquoted(etag: str) -> str:
    return etag.strip('"')


def describe(
    room: Room, key: str, answer: HeadObjectOutputTypeDef | GetObjectOutputTypeDef
) -> Seen:
    """What the answer to a HEAD or GET says about the object."""
    metadata = stored_metadata(answer.get("Metadata", {}))
    nonce = metadata.pop(NONCE_KEY, None)
    return Seen(
        ObjectInfo(
            key=key,
            size=_whole_size(answer),
            etag=unquoted(answer["ETag"]),
            modified=answer["LastModified"],
            served=room.clock.served(answer),
            metadata=metadata,
            content_type=answer.get("ContentType"),
            tag_count=answer.get("TagCount", 0),
        ),
        nonce,
    )


def _whole_size(answer: HeadObjectOutputTypeDef | GetObjectOutputTypeDef) -> int:
    """`bytes 0-9/1234` is a range of 1234 bytes."""
    total = answer.get("ContentRange", "").rpartition("/")[2]
    return int(total) if total.isdigit() else answer["ContentLength"]


def head(room: Room, key: str, *, if_match: str | None = None) -> Seen:
    """Raises ObjectNotFoundError, PreconditionFailedError."""
    condition: dict[str, Any] = {"IfMatch": if_match} if if_match else {}
    method = room.client.head_object
    return describe(
        room, key, room.call(method, Bucket=room.bucket, Key=room.key(key), **condition)
    )


def look(room: Room, key: str) -> Seen | None:
    """`head`, or `None` where nothing is."""
    method = room.client.head_object
    with room.errors_of(method, key):
        try:
            answer = room.send(method, Bucket=room.bucket, Key=room.key(key))
        except ClientError as error:
            if is_missing(error):
                return None
            raise
    return describe(room, key, answer)


class S3Body:
    """An object being read; `versioned.stores.base.Body`. Leaving `with` drops the connection."""

    def __init__(self, room: Room, info: ObjectInfo, stream: StreamingBody | None) -> None:
        self.info = info
        self._room = room
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        if self._stream is None:
            return
        with self._room.errors_of(self._room.client.get_object, self.info.key):
            while chunk := self._stream.read(CHUNK_SIZE):
                yield chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()


def open_object(
    room: Room, key: str, start: int, length: int | None, if_match: str | None
) -> S3Body:
    """The contract is that of `Store.get`. A range beyond the end is empty."""
    if length == 0:
        return S3Body(room, head(room, key, if_match=if_match).info, None)
    ranged = start > 0 or length is not None
    asked: dict[str, Any] = {"IfMatch": if_match} if if_match else {}
    if ranged:
        asked["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
    method = room.client.get_object
    with room.errors_of(method, key):
        try:
            answer = room.send(method, Bucket=room.bucket, Key=room.key(key), **asked)
        except ClientError as error:
            if status_of(error) != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            # So S3 answers for every range of an empty object, too.
            return S3Body(room, head(room, key, if_match=if_match).info, None)
    if ranged and not answer.get("ContentRange") and answer["ContentLength"]:
        answer["Body"].close()
        raise StoreError(
            f"GetObject of {room.uri(key)}: the server ignores ranges",
            hint="read the object whole, or use another server",
        )
    return S3Body(room, describe(room, key, answer).info, answer["Body"])


def read_tags(room: Room, key: str) -> dict[str, str]:
    """Raises ObjectNotFoundError."""
    method = room.client.get_object_tagging
    answer = room.call(method, Bucket=room.bucket, Key=room.key(key))
    return {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", [])}


def list_objects(room: Room, prefix: str, limit: int | None) -> list[ListedObject]:
    """One request for each 1,000 objects. An object named as the root itself is left out."""
    found: list[ListedObject] = []
    page: dict[str, Any] = {}
    while limit is None or len(found) < limit:
        size = _PAGE if limit is None else min(_PAGE, limit - len(found))
        answer = room.call(
            room.client.list_objects_v2,
            Bucket=room.bucket,
            Prefix=room.key(prefix),
            MaxKeys=size,
            **page,
        )
        for line in answer.get("Contents", []):
            if key := room.relative(line["Key"]):
                etag = unquoted(line["ETag"])
                found.append(ListedObject(key, line["Size"], etag, line["LastModified"]))
        if not answer.get("IsTruncated"):
            break
        page = {"ContinuationToken": answer["NextContinuationToken"]}
    return found


def list_folders(room: Room, prefix: str) -> list[str]:
    names: set[str] = set()
    page: dict[str, Any] = {}
    while True:
        answer = room.call(
            room.client.list_objects_v2,
            Bucket=room.bucket,
            Prefix=room.key(prefix),
            Delimiter="/",
            **page,
        )
        found = (room.relative(p["Prefix"]) for p in answer.get("CommonPrefixes", []))
        names |= {folder.removeprefix(prefix).rstrip("/") for folder in found}
        if not answer.get("IsTruncated"):
            return sorted(names - {""})
        page = {"ContinuationToken": answer["NextContinuationToken"]}


def download_url(room: Room, key: str, seconds: int) -> str | None:
    """A presigned GetObject. Signs only: no request is sent. `None` where requests have to name an
    owner or who pays: they do so in headers, which who follows a link doesn't send."""
    if room.options.expected_bucket_owner or room.options.requester_pays:
        return None
    fields: dict[str, Any] = {"Bucket": room.bucket, "Key": room.key(key)}
    with room.errors_of(room.client.get_object, key):
        return room.client.generate_presigned_url("get_object", fields, ExpiresIn=seconds)

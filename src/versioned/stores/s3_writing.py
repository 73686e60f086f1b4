"""Putting, copying and deleting objects of one request, and what parts share with them."""

from __future__ import annotations

import io
import secrets
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError

from versioned.content import CHUNK_SIZE, Content, ContentSlice
from versioned.errors import ContentChangedError, StoreError, StoreUnavailableError, VersionedError
from versioned.layout import METADATA_KEY_ARTIFACT_SHA256
from versioned.stores.attributes import NONCE_KEY
from versioned.stores.base import Attributes, ObjectInfo, stored_metadata
from versioned.stores.s3_answers import is_missing
from versioned.stores.s3_errors import error_in_batch
from versioned.stores.s3_outcomes import Condition, Write
from versioned.stores.s3_reading import Seen, unquoted
from versioned.stores.s3_room import Room

BYTES_LIMIT = 8 * 1024 * 1024
"""Longer bodies are streamed from their content."""

_DELETE_BATCH = 1000


def put_object(
    room: Room, key: str, content: Content, attributes: Attributes, condition: Condition
) -> ObjectInfo:
    """One PutObject. Raises as `Write.run` does, and ContentChangedError."""
    nonce = new_nonce()
    method = room.client.put_object
    digest = content.part_digests(max(content.size, 1))[0]

    def send() -> ObjectInfo:
        answer = room.send(
            method,
            Bucket=room.bucket,
            Key=room.key(key),
            Body=body_of(content, 0, content.size),
            ContentMD5=base64_md5(digest),
            **attribute_fields(attributes, nonce),
            **condition.fields,
        )
        served = room.clock.served(answer)
        return written_info(key, content.size, answer["ETag"], attributes, served)

    write = Write(room, room.request(method, key), key, lambda s: s.nonce == nonce, condition)
    return _undamaged(content, lambda: write.run(send))


def copy_object(room: Room, source: ObjectInfo, target: str, condition: Condition) -> ObjectInfo:
    """One CopyObject, pinned to the ETag of the source. Raises as `Write.run` does."""
    method = room.client.copy_object

    def send() -> ObjectInfo:
        answer = room.send(
            method,
            Bucket=room.bucket,
            Key=room.key(target),
            CopySource={"Bucket": room.bucket, "Key": room.key(source.key)},
            CopySourceIfMatch=f'"{source.etag}"',
            MetadataDirective="COPY",
            **condition.fields,
        )
        copied = answer["CopyObjectResult"]
        return replace(
            source,
            key=target,
            etag=unquoted(copied["ETag"]),
            modified=copied["LastModified"],
            served=room.clock.served(answer),
        )

    request = replace(room.request(method), uri=f"{room.uri(source.key)} to {room.uri(target)}")
    return Write(room, request, target, lambda s: is_copy_of(source, s), condition).run(send)


def delete_object(room: Room, key: str, condition: Condition) -> None:
    """Idempotent. Raises PreconditionFailedError."""
    method = room.client.delete_object
    with room.errors_of(method, key):
        try:
            room.send(method, Bucket=room.bucket, Key=room.key(key), **condition.fields)
        except ClientError as error:
            if not is_missing(error):
                raise


def delete_objects(room: Room, keys: Iterable[str]) -> None:
    """Idempotent, 1,000 keys a request; tries all before it raises the first error."""
    remaining = iter(keys)
    errors: list[VersionedError] = []
    while batch := list(islice(remaining, _DELETE_BATCH)):
        try:
            _delete_batch(room, batch)
        except StoreError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _delete_batch(room: Room, keys: list[str]) -> None:
    method = room.client.delete_objects
    answer = room.call(
        method,
        Bucket=room.bucket,
        Delete={"Objects": [{"Key": room.key(key)} for key in keys], "Quiet": True},
    )
    for failed in answer.get("Errors", []):
        if failed.get("Code") not in {"NoSuchKey", "404"}:
            request = room.request(method, room.relative(failed.get("Key", "")))
            raise error_in_batch(failed.get("Code", ""), failed.get("Message", ""), request)


def new_nonce() -> str:
    return secrets.token_hex(8)


def body_of(content: Content, offset: int, length: int) -> bytes | BinaryIO:
    """Part of a content as the body of a request, in flat memory."""
    if length <= BYTES_LIMIT:
        return content.read(offset, length)
    return io.BufferedReader(ContentSlice(content, offset, length), CHUNK_SIZE)


def base64_md5(digest: bytes) -> str:
    return b64encode(digest).decode("ascii")


def _undamaged(content: Content, write: Callable[[], ObjectInfo]) -> ObjectInfo:
    try:
        return write()
    except ContentChangedError as error:
        raise damage(content) from error


def damage(content: Content) -> VersionedError:
    """Why the store got other bytes than were announced: the source changed, or the wire."""
    try:
        for _ in content.chunks():
            pass
    except ContentChangedError as changed:
        return changed
    return StoreUnavailableError(
        "the bytes arrived damaged, though their source is unchanged; nothing was written",
        hint="try again; something between here and the store changes them",
    )


def attribute_fields(attributes: Attributes, nonce: str) -> dict[str, Any]:
    """Attributes and the mark of the write, as a request that makes an object has them."""
    metadata = {key.lower(): value for key, value in attributes.metadata.items()}
    fields: dict[str, Any] = {"Metadata": {**metadata, NONCE_KEY: nonce}}
    if attributes.content_type is not None:
        fields["ContentType"] = attributes.content_type
    if attributes.tags:
        fields["Tagging"] = urlencode(attributes.tags, quote_via=quote)
    return fields


def written_info(
    key: str, size: int, etag: str, attributes: Attributes, served: datetime
) -> ObjectInfo:
    """What a HEAD would say of the object just written, as far as the answer tells."""
    return ObjectInfo(
        key=key,
        size=size,
        etag=unquoted(etag),
        modified=served,
        served=served,
        metadata=stored_metadata(attributes.metadata),
        content_type=attributes.content_type,
        tag_count=len(attributes.tags),
    )


def is_copy_of(source: ObjectInfo, seen: Seen) -> bool:
    """Whether an object holds what `source` held. ETags of copies may differ, so the format's
    sha256 counts too."""
    found = seen.info
    same_bytes = found.etag == source.etag or METADATA_KEY_ARTIFACT_SHA256 in source.metadata
    return same_bytes and found.size == source.size and found.metadata == dict(source.metadata)

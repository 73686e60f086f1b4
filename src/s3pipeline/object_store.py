"""Requests to one bucket: look, read what was looked at, write under a condition."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from s3pipeline.errors import BucketNotFoundError, PromotionConflictError
from s3pipeline.held import Held, read_metadata
from s3pipeline.reading import Reading
from versioned.content import Content
from versioned.errors import (
    ContentChangedError,
    ObjectNotFoundError,
    PreconditionFailedError,
    RepositoryNotFoundError,
    StoreError,
)
from versioned.stores.attributes import NONCE_KEY
from versioned.stores.base import Attributes, ListedObject, ObjectInfo
from versioned.stores.s3_answers import is_missing
from versioned.stores.s3_options import S3Options
from versioned.stores.s3_outcomes import Condition, Write, watch_attempts
from versioned.stores.s3_reading import S3Body, describe, list_objects, read_tags
from versioned.stores.s3_room import Room, refuse_short_answers
from versioned.stores.s3_writing import (
    attribute_fields,
    base64_md5,
    body_of,
    damage,
    new_nonce,
    written_info,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "WebsiteRedirectLocation",
)


class ObjectStore:
    """One bucket behind a boto3 client, which keeps its settings but gets two event handlers.

    Every method may raise AccessDeniedError, BucketNotFoundError, WrongRegionError,
    StoreUnavailableError or StoreError. Safe to use from several threads.
    """

    def __init__(self, client: S3Client, bucket: str, options: S3Options) -> None:
        """Raises InvalidLocationError for what can't be the name of a bucket."""
        self._room = Room(client, bucket, "", options)
        watch_attempts(client)
        refuse_short_answers(client)

    def uri(self, key: str) -> str:
        return self._room.uri(key)

    def look(self, key: str) -> Held | None:
        """`None` where nothing is, and also where the bucket is missing: a HEAD can't tell."""
        room, method = self._room, self._room.client.head_object
        with self._errors(), room.errors_of(method, key):
            try:
                answer = room.send(method, Bucket=room.bucket, Key=key)
            except ClientError as error:
                if is_missing(error):
                    return None
                raise
        return self._held(key, answer)

    def open(self, key: str, *, pinned: Held | None = None) -> Reading:
        """An object for reading. What is read is of one write, whatever happens meanwhile.

        Raises ObjectNotFoundError; with `pinned`, PromotionConflictError where the object is
        no longer that one.
        """
        try:
            held, body = self._get(key, 0, pinned.etag if pinned else None)
        except (ObjectNotFoundError, PreconditionFailedError) as error:
            if pinned is None:
                raise
            raise self._changed(key) from error
        if pinned is not None and not held.is_same_write(pinned):
            with body:
                raise self._changed(key)
        return Reading(held, body, lambda start: self._get(key, start, held.etag)[1])

    def put(
        self,
        key: str,
        content: Content,
        metadata: Mapping[str, str],
        condition: Condition,
        *,
        like: Held | None = None,
    ) -> Held:
        """Write an object whole, in one request, if the condition holds. Atomic.

        Headers and tags are those of `like`. Raises PreconditionFailedError as proof that
        nothing was written; OutcomeUnknownError; ContentChangedError.
        """
        nonce = new_nonce()
        attributes = Attributes(metadata, None, self.tags(like) if like else {})
        headers = like.headers if like else {}
        fields = {**attribute_fields(attributes, nonce), **headers, **condition.fields}
        send = self._sender(key, content, attributes, fields)
        request = self._room.request(self._room.client.put_object, key)
        write = Write(self._room, request, key, lambda seen: seen.nonce == nonce, condition)
        with self._errors():
            try:
                info = write.run(send)
            except ContentChangedError as error:
                raise damage(content) from error
        tags = len(attributes.tags)
        return Held(
            key, content.size, info.etag, info.modified, metadata, headers, nonce, tag_count=tags
        )

    def _sender(
        self, key: str, content: Content, attributes: Attributes, fields: dict[str, Any]
    ) -> Callable[[], ObjectInfo]:
        """One PutObject, that can be sent again."""
        room = self._room
        digest = content.part_digests(max(content.size, 1))[0]

        def send() -> ObjectInfo:
            answer = room.send(
                room.client.put_object,
                Bucket=room.bucket,
                Key=key,
                Body=body_of(content, 0, content.size),
                ContentMD5=base64_md5(digest),
                **fields,
            )
            served = room.clock.served(answer)
            return written_info(key, content.size, answer["ETag"], attributes, served)

        return send

    def tags(self, held: Held) -> dict[str, str]:
        """Of an object that was read. Raises ObjectNotFoundError."""
        if not held.tag_count:
            return {}
        with self._errors():
            return read_tags(self._room, held.key)

    def list_objects(self, prefix: str) -> list[ListedObject]:
        """In the order of their keys; one request for each 1,000."""
        with self._errors():
            return list_objects(self._room, prefix, None)

    def check_bucket(self) -> None:
        """Raises BucketNotFoundError. Says nothing where the bucket may not be looked at."""
        room, method = self._room, self._room.client.head_bucket
        with self._errors(), suppress(StoreError), room.errors_of(method, ""):
            try:
                room.send(method, Bucket=room.bucket)
            except ClientError as error:
                if is_missing(error):
                    raise self._no_bucket() from error
                raise

    def _get(self, key: str, start: int, if_match: str | None) -> tuple[Held, S3Body]:
        room, method = self._room, self._room.client.get_object
        asked: dict[str, Any] = {"IfMatch": if_match} if if_match else {}
        if start:
            asked["Range"] = f"bytes={start}-"
        with self._errors():
            answer = room.call(method, Bucket=room.bucket, Key=key, **asked)
        info = describe(room, key, answer).info
        return self._held(key, answer), S3Body(room, info, answer["Body"])

    def _held(self, key: str, answer: Any) -> Held:  # noqa: ANN401 - of a HEAD or a GET
        seen = describe(self._room, key, answer)
        metadata = read_metadata(answer.get("Metadata", {}))
        metadata.pop(NONCE_KEY, None)
        return Held(
            key=key,
            size=seen.info.size,
            etag=seen.info.etag,
            modified=seen.info.modified,
            metadata=metadata,
            headers={name: answer[name] for name in _HEADERS if answer.get(name)},
            nonce=seen.nonce,
            tag_count=seen.info.tag_count,
        )

    def _changed(self, key: str) -> PromotionConflictError:
        return PromotionConflictError(
            f"{self.uri(key)} was changed by somebody else meanwhile", hint="look, then try again"
        )

    def _no_bucket(self) -> BucketNotFoundError:
        return BucketNotFoundError(
            f"there is no bucket {self._room.bucket!r}",
            hint="check the name in AWS_S3_BUCKET; buckets are never made here",
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except RepositoryNotFoundError as error:
            if isinstance(error, BucketNotFoundError):
                raise
            raise self._no_bucket() from error

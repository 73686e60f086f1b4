"""Objects in parts, and copies of what one request can't copy.

The size of a part depends on nothing but the size of the object, so that every release finds
the parts that another one sent: 8 MiB, doubled until 10,000 parts are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import Any, Self

from versioned.content import Content
from versioned.errors import (
    OutcomeUnknownError,
    StoreError,
)
from versioned.stores.base import Attributes, ObjectInfo
from versioned.stores.s3_outcomes import NO_CONDITION, Condition, Write
from versioned.stores.s3_reading import look, read_tags
from versioned.stores.s3_room import Room
from versioned.stores.s3_writing import (
    attribute_fields,
    base64_md5,
    body_of,
    delete_object,
    new_nonce,
    written_info,
)

SMALLEST_PART = 8 * 1024 * 1024
MOST_PARTS = 10_000
IN_FLIGHT = 4

COPY_LIMIT = 5 * 1024**3
"""CopyObject takes objects up to this size; larger ones are copied in parts."""

SMALLEST_COPIED_PART = 512 * 1024 * 1024

Etags = dict[int, str]


def part_size_of(size: int, smallest: int = SMALLEST_PART) -> int:
    """The size of all parts but the last. Frozen: uploads of other releases depend on it."""
    part_size = smallest
    while part_size * MOST_PARTS < size:
        part_size *= 2
    return part_size


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload in parts that has begun. Nothing is to be seen of it before `complete`."""

    room: Room
    key: str
    upload_id: str
    nonce: str

    @classmethod
    def begin(cls, room: Room, key: str, attributes: Attributes) -> Self:
        nonce = new_nonce()
        answer = room.call(
            room.client.create_multipart_upload,
            Bucket=room.bucket,
            Key=room.key(key),
            **attribute_fields(attributes, nonce),
        )
        return cls(room, key, answer["UploadId"], nonce)

    @property
    def fields(self) -> dict[str, Any]:
        return {
            "Bucket": self.room.bucket,
            "Key": self.room.key(self.key),
            "UploadId": self.upload_id,
        }

    def parts(self) -> Iterator[tuple[int, int, str]]:
        """Number, size and ETag of each part that is there. One request for each 1,000."""
        page: dict[str, Any] = {}
        while True:
            answer = self.room.call(self.room.client.list_parts, **self.fields, **page)
            for part in answer.get("Parts", []):
                yield part["PartNumber"], part["Size"], part["ETag"]
            if not answer.get("IsTruncated"):
                return
            page = {"PartNumberMarker": answer["NextPartNumberMarker"]}

    def send(self, content: Content, number: int, offset: int, length: int, md5: bytes) -> str:
        """One part; returns its ETag. Idempotent."""
        answer = self.room.call(
            self.room.client.upload_part,
            **self.fields,
            PartNumber=number,
            Body=body_of(content, offset, length),
            ContentMD5=base64_md5(md5),
        )
        return answer["ETag"]

    def copy(self, source: ObjectInfo, number: int, offset: int, length: int) -> str:
        """One part from another object; returns its ETag. Idempotent."""
        answer = self.room.call(
            self.room.client.upload_part_copy,
            **self.fields,
            PartNumber=number,
            CopySource={"Bucket": self.room.bucket, "Key": self.room.key(source.key)},
            CopySourceIfMatch=f'"{source.etag}"',
            CopySourceRange=f"bytes={offset}-{offset + length - 1}",
        )
        return answer["CopyPartResult"]["ETag"]

    def complete(
        self, etags: Etags, size: int, attributes: Attributes, condition: Condition
    ) -> ObjectInfo:
        """Make the object. Raises as `Write.run` does."""
        room, method = self.room, self.room.client.complete_multipart_upload
        parts: Any = [{"PartNumber": number, "ETag": etags[number]} for number in sorted(etags)]

        def send() -> ObjectInfo:
            answer = room.send(
                method, MultipartUpload={"Parts": parts}, **self.fields, **condition.fields
            )
            served = room.clock.served(answer)
            return written_info(self.key, size, answer["ETag"], attributes, served)

        request = room.request(method, self.key)
        write = Write(room, request, self.key, lambda s: s.nonce == self.nonce, condition)
        written = write.run(send)
        # S3 dates such an object back to the beginning of its upload: only a HEAD can tell.
        seen = None
        with suppress(StoreError):
            seen = look(room, self.key)
        if seen is None or seen.nonce != self.nonce:
            return written
        if seen.info.tag_count < len(attributes.tags):
            self._tag(attributes)
        return replace(seen.info, tag_count=len(attributes.tags))

    def _tag(self, attributes: Attributes) -> None:
        """Ceph 16 forgets the tags that an upload began with."""
        tags: Any = [{"Key": key, "Value": value} for key, value in attributes.tags.items()]
        self.room.call(
            self.room.client.put_object_tagging,
            Bucket=self.room.bucket,
            Key=self.room.key(self.key),
            Tagging={"TagSet": tags},
        )

    def abort(self) -> None:
        """Give the space of its parts back, if the store can be reached."""
        with suppress(StoreError):
            self.room.call(self.room.client.abort_multipart_upload, **self.fields)


def copy_large(room: Room, source: ObjectInfo, target: str, condition: Condition) -> ObjectInfo:
    """Copy an object in parts, with metadata, content type and tags; other headers are lost.

    The condition is checked when the copy is completed. Raises as `Write.run` does.
    """
    size = part_size_of(source.size, SMALLEST_COPIED_PART)
    tags = read_tags(room, source.key)
    attributes = Attributes(source.metadata, source.content_type, tags)
    upload = Upload.begin(room, target, attributes)
    try:
        calls = {
            offset // size + 1: partial(
                upload.copy, source, offset // size + 1, offset, min(size, source.size - offset)
            )
            for offset in range(0, source.size, size)
        }
        etags: Etags = {}
        in_flight(calls, etags.__setitem__)
        info = upload.complete(etags, source.size, attributes, condition)
    except OutcomeUnknownError:
        raise
    except BaseException:
        upload.abort()
        raise
    if info.size != source.size:
        delete_object(room, target, NO_CONDITION)
        raise StoreError(
            f"copying {room.uri(source.key)} in parts gave {info.size} of {source.size} bytes",
            hint="this server can't copy parts: keep objects below 5 GiB, or use another one",
        )
    return info


def in_flight(calls: Mapping[int, Callable[[], str]], done: Callable[[int, str], None]) -> None:
    """Run calls, four at a time, and report the result of each to `done`, one after the other.

    The first error stops those that have not begun, and is raised when the others have ended.
    """
    stop = Event()
    with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="versioned-parts") as pool:
        numbers = {pool.submit(_run_unless, stop, call): number for number, call in calls.items()}
        try:
            for future in as_completed(numbers):
                result = future.result()
                if result is not None:
                    done(numbers[future], result)
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _run_unless(stop: Event, call: Callable[[], str]) -> str | None:
    """The result of a call, `None` once another has failed. Who waits for them would notice too
    late: it may be busy, while the next ones begin."""
    if stop.is_set():
        return None
    try:
        return call()
    except BaseException:
        stop.set()
        raise

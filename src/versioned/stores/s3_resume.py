"""Putting large objects in parts, and continuing where an earlier call was cut off."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial

from versioned.content import Content
from versioned.errors import (
    ContentChangedError,
    ObjectNotFoundError,
    OutcomeUnknownError,
    StoreError,
    StoreUnavailableError,
)
from versioned.stores.base import Attributes, ObjectInfo, Progress
from versioned.stores.s3_answers import code_of
from versioned.stores.s3_multipart import Etags, Upload, in_flight, part_size_of
from versioned.stores.s3_outcomes import NO_CONDITION
from versioned.stores.s3_reading import look, open_object, unquoted
from versioned.stores.s3_room import Room
from versioned.stores.s3_writing import damage, delete_object, put_object

_JSON = Attributes(content_type="application/json")


@dataclass(frozen=True, slots=True)
class UploadNote:
    """By which the next process finds an upload. Lies at `key`; `None` where nobody wants to resume. `identity` is all that an upload must
    have in common with this one to be continued by it."""

    room: Room
    key: str | None
    identity: dict[str, str | int]

    def load(self) -> tuple[str, str] | None:
        """Upload id and nonce of an upload that can be continued."""
        if self.key is None:
            return None
        try:
            with open_object(self.room, self.key, 0, None, None) as body:
                said = json.loads(b"".join(body))
        except (ObjectNotFoundError, ValueError):
            return None
        if not isinstance(said, dict) or not self.identity.items() <= said.items():
            return None
        upload_id, nonce = said.get("upload_id"), said.get("nonce")
        if isinstance(upload_id, str) and isinstance(nonce, str):
            return upload_id, nonce
        return None

    def save(self, upload_id: str, nonce: str) -> None:
        if self.key is None:
            return
        said = {**self.identity, "upload_id": upload_id, "nonce": nonce}
        with Content.open(json.dumps(said, indent=1).encode()) as content:
            put_object(self.room, self.key, content, _JSON, NO_CONDITION)

    def drop(self) -> None:
        """A note that stays behind costs its next reader one request."""
        if self.key is not None:
            with suppress(StoreError):
                delete_object(self.room, self.key, NO_CONDITION)


@dataclass(frozen=True, slots=True)
class _LargePut:
    room: Room
    key: str
    content: Content
    attributes: Attributes
    note: UploadNote
    part_size: int
    digests: list[bytes]
    progress: Progress | None

    def begin(self) -> tuple[Upload, Etags]:
        upload = Upload.begin(self.room, self.key, self.attributes)
        try:
            self.note.save(upload.upload_id, upload.nonce)
        except BaseException:
            upload.abort()
            raise
        return upload, {}

    def resume(self) -> tuple[Upload, Etags] | None:
        """An earlier upload of the same, and its parts whose bytes are right."""
        noted = self.note.load()
        if noted is None:
            return None
        upload = Upload(self.room, self.key, *noted)
        try:
            parts = list(upload.parts())
        except StoreUnavailableError as error:
            if _is_gone(error):
                return None
            raise
        right = {number: (length, md5.hex()) for number, (_, length, md5) in self._plan().items()}
        return upload, {n: tag for n, size, tag in parts if right.get(n) == (size, unquoted(tag))}

    def finish(self, upload: Upload, etags: Etags) -> ObjectInfo:
        try:
            self._send_missing(upload, etags)
            info = upload.complete(etags, self.content.size, self.attributes, NO_CONDITION)
        except ContentChangedError as error:
            upload.abort()
            self.note.drop()
            raise damage(self.content) from error
        except OutcomeUnknownError:
            raise  # it may be about to come true
        except BaseException:
            if self.note.key is None:
                upload.abort()
            raise
        self.note.drop()
        return info

    def _plan(self) -> dict[int, tuple[int, int, bytes]]:
        """Offset, length and MD5 of each part, by its number."""
        size, total = self.part_size, self.content.size
        return {
            index + 1: (index * size, min(size, total - index * size), md5)
            for index, md5 in enumerate(self.digests)
        }

    def _send_missing(self, upload: Upload, etags: Etags) -> None:
        plan = self._plan()
        if self.progress and etags:
            self.progress(sum(plan[n][1] for n in etags), self.content.size)
        calls = {
            number: partial(upload.send, self.content, number, *part)
            for number, part in plan.items()
            if number not in etags
        }

        def done(number: int, etag: str) -> None:
            etags[number] = etag
            if self.progress:
                self.progress(sum(plan[n][1] for n in etags), self.content.size)

        in_flight(calls, done)


def put_large(
    room: Room,
    key: str,
    content: Content,
    attributes: Attributes,
    *,
    resume_key: str | None,
    progress: Progress | None,
) -> ObjectInfo:
    """Write an object in parts; with `resume_key`, continue where an earlier call was cut off.

    An upload that failed is kept for the next call if there is a `resume_key`, else aborted.
    With KMS no part can be recognised, so all are sent again. Memory does not grow with the
    object. Raises as `Store.put` does.
    """
    part_size = part_size_of(content.size)
    note = UploadNote(room, resume_key, _identity(room, key, content, attributes, part_size))
    digests = content.part_digests(part_size)
    job = _LargePut(room, key, content, attributes, note, part_size, digests, progress)
    upload, etags = job.resume() or job.begin()
    try:
        return job.finish(upload, etags)
    except StoreUnavailableError as error:
        if not _is_gone(error):
            raise
    # Somebody else continued the same upload and completed it, or swept it away.
    seen = look(room, key)
    if seen is not None and seen.nonce == upload.nonce:
        return seen.info
    return job.finish(*job.begin())


def _identity(
    room: Room, key: str, content: Content, attributes: Attributes, part_size: int
) -> dict[str, str | int]:
    """What must be the same for an upload to be continued; see docs/formats/repository.md."""
    said = json.dumps(
        [
            dict(attributes.metadata),
            attributes.content_type,
            dict(attributes.tags),
            asdict(room.options),
        ],
        sort_keys=True,
    )
    return {
        "format": 1,
        "key": key,
        "part_size": part_size,
        "sha256": content.sha256,
        "size": content.size,
        "attributes": hashlib.sha256(said.encode()).hexdigest(),
    }


def _is_gone(error: StoreError) -> bool:
    return code_of(error.__cause__) == "NoSuchUpload"

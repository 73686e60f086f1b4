"""Which conditions a server enforces, found by trying each on objects made for it.

A condition that a server does not know is not refused: the request is carried out as if it had
none. So what counts is never the answer alone, but what is there afterwards.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from versioned.errors import StoreError
from versioned.stores.base import Capabilities
from versioned.stores.s3_answers import is_missing, status_of
from versioned.stores.s3_outcomes import NO_CONDITION, Condition
from versioned.stores.s3_reading import look, unquoted
from versioned.stores.s3_room import Room
from versioned.stores.s3_writing import base64_md5, delete_objects

Gather = Callable[..., list[bool]]

_REFUSALS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.CONFLICT,
    HTTPStatus.PRECONDITION_FAILED,
    HTTPStatus.NOT_IMPLEMENTED,
}
_ONE, _OTHER = b"one", b"other"
_WRONG = hashlib.md5(b"neither", usedforsecurity=False).hexdigest()
_IF_ABSENT = Condition(if_absent=True)
_IF_WRONG = Condition(if_match=_WRONG)


def probe(room: Room, gather: Gather) -> Capabilities:
    """Try each condition in earnest, and remove every trace. At most 40 requests in 9 waits.

    Raises what any request may, but nothing for a condition that is not enforced.
    """
    name = f".versioned-probe-{secrets.token_hex(8)}"
    trials = [_Trial(room, f"{name}-{number}") for number in range(5)]
    tests = (
        _Trial.create_only,
        _Trial.compare_and_set,
        _Trial.conditional_copy,
        _Trial.conditional_delete,
        _Trial.conditional_complete,
    )
    try:
        return Capabilities(
            *gather(*(partial(t, trial) for t, trial in zip(tests, trials, strict=True)))
        )
    finally:
        with suppress(StoreError):
            delete_objects(room, [n for trial in trials for n in (trial.name, trial.beside)])


@dataclass(frozen=True, slots=True)
class _Trial:
    """One condition, tried on an object under `name` and another beside it."""

    room: Room
    name: str

    @property
    def beside(self) -> str:
        return f"{self.name}-b"

    def create_only(self) -> bool:
        first = self._put(self.name, _ONE, _IF_ABSENT)
        second = self._put(self.name, _OTHER, _IF_ABSENT)
        return first and not second and self._holds(self.name, _ONE)

    def compare_and_set(self) -> bool:
        self._put(self.name, _ONE)
        if self._put(self.name, _OTHER, _IF_WRONG) or not self._holds(self.name, _ONE):
            return False
        right = Condition(if_match=self._etag(self.name))
        if not self._put(self.name, _OTHER, right) or not self._holds(self.name, _OTHER):
            return False
        created = self._put(self.beside, _ONE, _IF_WRONG)
        return not created and self._etag(self.beside) is None

    def conditional_copy(self) -> bool:
        self._put(self.name, _ONE)
        self._put(self.beside, _OTHER)
        if self._copy(_IF_ABSENT, self._etag(self.beside)) or not self._holds(self.name, _ONE):
            return False
        return not self._copy(NO_CONDITION, _WRONG) and self._holds(self.name, _ONE)

    def conditional_delete(self) -> bool:
        self._put(self.name, _ONE)
        if self._delete(_IF_WRONG) or not self._holds(self.name, _ONE):
            return False
        right = Condition(if_match=self._etag(self.name))
        return self._delete(right) and self._etag(self.name) is None

    def conditional_complete(self) -> bool:
        client, where = self.room.client, self._where(self.name)
        self._put(self.name, _ONE)
        upload: dict[str, Any] = {
            **where,
            "UploadId": self.room.call(client.create_multipart_upload, **where)["UploadId"],
        }
        part = self.room.call(
            client.upload_part, **upload, PartNumber=1, Body=_OTHER, ContentMD5=_md5(_OTHER)
        )
        parts: Any = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        completed = self._accepted(
            client.complete_multipart_upload, **upload, **_IF_ABSENT.fields, MultipartUpload=parts
        )
        if not completed:
            with suppress(StoreError):
                self.room.call(client.abort_multipart_upload, **upload)
        return not completed and self._holds(self.name, _ONE)

    def _where(self, name: str) -> dict[str, Any]:
        return {"Bucket": self.room.bucket, "Key": self.room.key(name)}

    def _put(self, name: str, body: bytes, condition: Condition = NO_CONDITION) -> bool:
        method = self.room.client.put_object
        return self._accepted(
            method, **self._where(name), Body=body, ContentMD5=_md5(body), **condition.fields
        )

    def _copy(self, condition: Condition, source_etag: str | None) -> bool:
        return self._accepted(
            self.room.client.copy_object,
            **self._where(self.name),
            CopySource=self._where(self.beside),
            CopySourceIfMatch=f'"{source_etag}"',
            **condition.fields,
        )

    def _delete(self, condition: Condition) -> bool:
        method = self.room.client.delete_object
        return self._accepted(method, **self._where(self.name), **condition.fields)

    def _accepted(self, method: Callable[..., Any], **fields: Any) -> bool:  # noqa: ANN401 - a request's
        with self.room.errors_of(method, self.name):
            try:
                self.room.send(method, **fields)
            except ClientError as error:
                if status_of(error) not in _REFUSALS:
                    raise
                return False
        return True

    def _holds(self, name: str, body: bytes) -> bool:
        method = self.room.client.get_object
        with self.room.errors_of(method, name):
            try:
                answer = self.room.send(method, **self._where(name))
            except ClientError as error:
                if is_missing(error):
                    return False
                raise
            return answer["Body"].read() == body

    def _etag(self, name: str) -> str | None:
        seen = look(self.room, name)
        return None if seen is None else unquoted(seen.info.etag)


def _md5(body: bytes) -> str:
    """Object Lock asks for it: a bucket with a default retention refuses a put without."""
    return base64_md5(hashlib.md5(body, usedforsecurity=False).digest())

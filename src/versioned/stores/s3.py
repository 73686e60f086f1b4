"""The S3 store: AWS, or any server that speaks its language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from versioned.content import Content
from versioned.errors import InvalidInputError, InvalidLocationError
from versioned.stores import s3_multipart
from versioned.stores.base import (
    SINGLE_PUT_LIMIT,
    Attributes,
    Capabilities,
    ListedObject,
    ObjectInfo,
    Progress,
)
from versioned.stores.s3_bucket import create_bucket
from versioned.stores.s3_errors import precondition_failed
from versioned.stores.s3_options import S3Options
from versioned.stores.s3_outcomes import NO_CONDITION, Condition, watch_attempts
from versioned.stores.s3_probe import probe
from versioned.stores.s3_reading import (
    S3Body,
    download_url,
    head,
    list_folders,
    list_objects,
    look,
    open_object,
    read_tags,
)
from versioned.stores.s3_resume import put_large
from versioned.stores.s3_room import Room, refuse_short_answers
from versioned.stores.s3_sweep import sweep_uploads
from versioned.stores.s3_workers import WORKERS, Workers
from versioned.stores.s3_writing import copy_object, delete_object, delete_objects, put_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

_ATTEMPTS = 5


class S3Store:
    """Objects below a prefix of a bucket; the contract is that of `versioned.stores.base.Store`.

    Takes any boto3 client for S3 and leaves it as it is, but for two event handlers. With
    `single_writer` conditions are checked by a request before the write, which is only right
    while nobody else writes. Raises InvalidLocationError for a bad bucket or prefix.
    """

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        prefix: str = "",
        *,
        options: S3Options = S3Options(),  # noqa: B008 - frozen
        settle: float = 2.0,
        single_writer: bool = False,
    ) -> None:
        self._room = Room(client, bucket, prefix, options)
        self._settle = settle
        self._single_writer = single_writer
        self._workers = Workers()
        watch_attempts(client)
        refuse_short_answers(client)

    @classmethod
    def connect(
        cls,
        bucket: str,
        prefix: str = "",
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        profile: str | None = None,
        addressing_style: str | None = None,
        options: S3Options = S3Options(),  # noqa: B008 - frozen
        settle: float = 2.0,
        single_writer: bool = False,
    ) -> Self:
        """A store with a client of its own; what is not given comes from where boto3 looks:
        the environment, the profile, the machine. No request is sent.

        Raises InvalidLocationError for a profile, region or endpoint that can't be used.
        """
        style: Any = {"addressing_style": addressing_style} if addressing_style else None
        try:
            session = boto3.Session(profile_name=profile, region_name=region)
            client = session.client("s3", endpoint_url=endpoint_url, config=client_config(style))
        except (BotoCoreError, ValueError) as error:
            raise InvalidLocationError(
                f"no client for s3://{bucket}: {error}", hint="check profile, region and endpoint"
            ) from error
        return cls(
            client, bucket, prefix, options=options, settle=settle, single_writer=single_writer
        )

    @property
    def capabilities(self) -> Capabilities | None:
        if self._single_writer:
            return Capabilities(create_only=True, compare_and_set=True)
        return None

    @property
    def settle(self) -> float:
        return self._settle

    def uri(self, key: str) -> str:
        """`s3://bucket/prefix/key`."""
        return self._room.uri(key)

    def now(self) -> datetime:
        return self._room.clock.now()

    def gather(self, *calls: Callable[[], T]) -> list[T]:
        return self._workers.gather(*calls)

    def head(self, key: str) -> ObjectInfo:
        return head(self._room, key).info

    def get(
        self, key: str, *, start: int = 0, length: int | None = None, if_match: str | None = None
    ) -> S3Body:
        return open_object(self._room, key, start, length, if_match)

    def tags(self, key: str) -> dict[str, str]:
        return read_tags(self._room, key)

    def put(
        self,
        key: str,
        content: Content,
        *,
        attributes: Attributes = Attributes(),  # noqa: B008 - frozen
        if_absent: bool = False,
        if_match: str | None = None,
        resume_key: str | None = None,
        progress: Progress | None = None,
    ) -> ObjectInfo:
        """As the protocol says. One request up to `SINGLE_PUT_LIMIT` bytes. Raises
        InvalidInputError for a larger object with a condition."""
        condition = Condition(if_absent=if_absent, if_match=if_match)
        if content.size > SINGLE_PUT_LIMIT:
            if condition:
                raise InvalidInputError(
                    f"{content.size} bytes can't be put under a condition",
                    hint=f"at most {SINGLE_PUT_LIMIT}; put them elsewhere and copy",
                )
            return put_large(
                self._room, key, content, attributes, resume_key=resume_key, progress=progress
            )
        condition = self._emulated(key, condition)
        info = put_object(self._room, key, content, attributes, condition)
        if progress:
            progress(content.size, content.size)
        return info

    def copy(self, source: ObjectInfo, target: str, *, if_absent: bool = False) -> ObjectInfo:
        condition = self._emulated(target, Condition(if_absent=if_absent))
        if source.size > s3_multipart.COPY_LIMIT:
            return s3_multipart.copy_large(self._room, source, target, condition)
        return copy_object(self._room, source, target, condition)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        condition = self._emulated(key, Condition(if_match=if_match))
        delete_object(self._room, key, condition)

    def delete_many(self, keys: Iterable[str]) -> None:
        delete_objects(self._room, keys)

    def list_objects(self, prefix: str, *, limit: int | None = None) -> list[ListedObject]:
        return list_objects(self._room, prefix, limit)

    def list_folders(self, prefix: str = "") -> list[str]:
        return list_folders(self._room, prefix)

    def download_url(self, key: str, *, seconds: int) -> str | None:
        return download_url(self._room, key, seconds)

    def create(self) -> None:
        create_bucket(self._room)

    def probe(self) -> Capabilities:
        return probe(self._room, self._workers.gather)

    def sweep(self, prefix: str, *, older_than: float, mend: bool) -> list[str]:
        return sweep_uploads(self._room, prefix, older_than=older_than, mend=mend)

    def close(self) -> None:
        """End the threads of `gather`. The client stays open: it may be somebody else's."""
        self._workers.close()

    def _emulated(self, key: str, condition: Condition) -> Condition:
        if not self._single_writer or not condition:
            return condition
        if not condition.stands(look(self._room, key)):
            request = self._room.request(self._room.client.head_object, key)
            raise precondition_failed(request, "the object is not as the condition asked")
        return NO_CONDITION


def client_config(s3: Any = None) -> Config:  # noqa: ANN401 - botocore's own dictionary
    """How our own clients behave. Checksums are by Content-MD5 only: with those that boto3 adds
    on its own, a Ceph gateway behind TLS answers 411. Links are signed as requests are: by
    itself boto3 signs some in the old way, which KMS and newer regions refuse."""
    return Config(
        signature_version="s3v4",
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=2 * WORKERS,
        s3=s3,
    )

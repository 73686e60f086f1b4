"""The protocol that every store speaks. Keys are relative to the store's own root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from versioned.content import Content
from versioned.layout import METADATA_KEY_ARTIFACT_NAME, METADATA_KEY_ARTIFACT_SHA256

T = TypeVar("T")

Progress = Callable[[int, int], None]
"""Called with the bytes done so far and the bytes in all, from any thread, in order."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is stored beside the bytes of an object.

    Metadata keys are lower-case ASCII; values are ASCII without control characters. `None`
    as the content type leaves it to the store.
    """

    metadata: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One line of a listing. `etag` has no quotes; `modified` is in UTC, by the store's clock."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object without its bytes.

    `etag` has no quotes; two that agree up to their first `-` hint at equal bytes, and prove
    nothing. `modified` and `served` are in UTC and of the store's clock: when the object was
    written, and when this was answered. Metadata keys come back in lower case with
    `_` where the store may have made a `-` of it (see `stored_metadata`).
    """

    key: str
    size: int
    etag: str
    modified: datetime
    served: datetime
    metadata: Mapping[str, str]
    content_type: str | None
    tag_count: int = 0


class Body(Protocol):
    """An object being read. Iterate it once for chunks of bytes, inside `with`."""

    info: ObjectInfo

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Which conditions a store was proved to enforce. A condition that is not enforced was
    seen to be accepted and ignored."""

    create_only: bool = False
    compare_and_set: bool = False
    conditional_copy: bool = False
    conditional_delete: bool = False
    conditional_complete: bool = False


ALL_CAPABILITIES = Capabilities(
    create_only=True,
    compare_and_set=True,
    conditional_copy=True,
    conditional_delete=True,
    conditional_complete=True,
)


class Store(Protocol):
    """One room of objects. Safe to use from several threads.

    Every method may raise AccessDeniedError, RepositoryNotFoundError (no such bucket or
    directory), WrongRegionError, StoreUnavailableError or StoreError. A read that fails has
    changed nothing. After StoreUnavailableError from a write nothing was written; after
    OutcomeUnknownError it may have been.
    """

    @property
    def capabilities(self) -> Capabilities | None:
        """What is known without asking; `None` where only a probe can tell."""

    @property
    def settle(self) -> float:
        """Seconds that whoever must exclude others waits after announcing it."""

    def uri(self, key: str) -> str:
        """A key as a URI that names this store too."""

    def now(self) -> datetime:
        """The store's clock, in UTC."""

    def gather(self, *calls: Callable[[], T]) -> list[T]:
        """Run independent requests at once, and return their results in order.

        Waits for all; then raises the first error, if any. What a call gathers itself runs one
        after the other.
        """

    def head(self, key: str) -> ObjectInfo:
        """Raises ObjectNotFoundError."""

    def get(
        self, key: str, *, start: int = 0, length: int | None = None, if_match: str | None = None
    ) -> AbstractContextManager[Body]:
        """Open an object, or `length` of its bytes from `start`, for streaming.

        `info.size` is always that of the whole object. The request is sent by the call, not by
        `with`. Raises ObjectNotFoundError, PreconditionFailedError where the ETag is not
        `if_match`. Reading raises StoreUnavailableError for a body that is cut off.
        """

    def tags(self, key: str) -> dict[str, str]:
        """Raises ObjectNotFoundError."""

    def put(
        self,
        key: str,
        content: Content,
        *,
        attributes: Attributes = ...,
        if_absent: bool = False,
        if_match: str | None = None,
        resume_key: str | None = None,
        progress: Progress | None = None,
    ) -> ObjectInfo:
        """Write an object whole: readers see the old or the new one, never a part. Atomic.

        With `if_absent` or `if_match` (an ETag) raises PreconditionFailedError where the
        condition is false; a lost answer is looked up, so the error is proof of defeat.
        Conditions are for objects of at most `SINGLE_PUT_LIMIT` bytes. An interrupted
        upload of a large object is resumed by the next `put` of the same content with the
        same `resume_key`, which the store may use for a note of its own. Raises
        ContentChangedError.
        """

    def copy(
        self,
        source: ObjectInfo,
        target: str,
        *,
        if_absent: bool = False,
    ) -> ObjectInfo:
        """Copy an object with its metadata, content type and tags, inside the store.

        The copy is of `source` as it was seen: where the source has changed since, raises
        PreconditionFailedError if `conditional_copy` was proved, otherwise it may copy the
        newer bytes and the caller has to look. `if_absent` is only to be trusted where
        `conditional_copy` was proved. Raises ObjectNotFoundError.
        """

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        """Idempotent. `if_match` is only to be trusted where `conditional_delete` was proved;
        then raises PreconditionFailedError where the object has another ETag."""

    def delete_many(self, keys: Iterable[str]) -> None:
        """Idempotent, in batches of 1000, not atomic. Raises StoreError naming the first key
        that could not be deleted, after trying all."""

    def list_objects(self, prefix: str, *, limit: int | None = None) -> list[ListedObject]:
        """All objects below a prefix in the order of their keys, or the first `limit`."""

    def list_folders(self, prefix: str = "") -> list[str]:
        """Names of the folders right below a prefix that ends with a slash, or right under the
        root; without slash, sorted."""

    def download_url(self, key: str, *, seconds: int) -> str | None:
        """Where anybody may download an object for so many seconds, without credentials; `None`
        where a store has no such thing, or not with its options. Asks nothing of the store: the object may be missing.
        Nobody must log it."""

    def create(self) -> None:
        """Make the bucket or the directory where it is missing. Idempotent."""

    def probe(self) -> Capabilities:
        """Try every condition for real on objects that are removed again."""

    def sweep(self, prefix: str, *, older_than: float, mend: bool) -> list[str]:
        """What crashed transfers left below a prefix, as a sentence each: unfinished uploads,
        unreferenced blobs. Only what is older than `older_than` seconds by the store's clock;
        with `mend` it is removed."""


SINGLE_PUT_LIMIT = 32 * 1024 * 1024
"""Objects up to this size are written by one request; larger ones in parts."""


def stored_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata as a store handed it back, with its keys in lower case.

    The two keys of the format get their underscores back: Ceph returns `artifact-sha256` for
    `artifact_sha256`, rclone `Artifact_sha256`.
    """
    lowered = {key.lower(): value for key, value in metadata.items()}
    return {_FORMAT_KEYS.get(key, key): value for key, value in lowered.items()}


_FORMAT_KEYS = {
    key.replace("_", "-"): key for key in (METADATA_KEY_ARTIFACT_NAME, METADATA_KEY_ARTIFACT_SHA256)
}

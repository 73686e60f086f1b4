"""What is about to be replaced goes to the archive first; what is there stays as it is."""

from __future__ import annotations

from s3pipeline.errors import PromotionConflictError, VersionTakenError
from s3pipeline.held import VERSION_KEY, Held
from s3pipeline.layout import archive_key
from s3pipeline.object_store import ObjectStore
from s3pipeline.reading import spooled
from versioned.content import Content
from versioned.errors import PreconditionFailedError
from versioned.stores.s3_outcomes import Condition


def archive(store: ObjectStore, held: Held, filename: str) -> str:
    """Keep exactly what was looked at under its version; returns the key. Idempotent.

    Its bytes, metadata, headers and tags are kept, and its sha256 is recorded where it was
    not. Raises VersionTakenError where the archive has other bytes under that version, and
    PromotionConflictError where the release is no longer what was looked at.
    """
    key = archive_key(held.version, filename)
    found = store.look(key)
    if found is None:
        with store.open(held.key, pinned=held) as reading, spooled(reading) as content:
            metadata = reading.held.labelled(content.sha256)
            return archive_content(store, key, content, metadata, reading.held)
    if found.size != held.size or sha256_of(store, found) != sha256_of(store, held):
        raise taken(store, found, filename, held.version)
    return key


def archive_content(
    store: ObjectStore, key: str, content: Content, metadata: dict[str, str], like: Held | None
) -> str:
    """Keep bytes that are at hand. Idempotent. Raises VersionTakenError."""
    try:
        store.put(key, content, metadata, Condition(if_absent=True), like=like)
    except PreconditionFailedError as error:
        found = store.look(key)
        if found is None:
            raise PromotionConflictError(
                f"{store.uri(key)} was removed by somebody else meanwhile", hint="try again"
            ) from error
        if not holds(store, found, content.size, content.sha256):
            filename = key.rpartition("/")[2]
            raise taken(store, found, filename, metadata[VERSION_KEY]) from error
    return key


def holds(store: ObjectStore, held: Held, size: int, sha256: str) -> bool:
    """Whether these are its bytes. Reads them where no sha256 was recorded."""
    return held.size == size and sha256_of(store, held) == sha256


def sha256_of(store: ObjectStore, held: Held) -> str:
    """As recorded, or else of all its bytes. Raises PromotionConflictError."""
    if held.sha256 is not None:
        return held.sha256
    with store.open(held.key, pinned=held) as reading:
        return reading.sha256()


def taken(store: ObjectStore, found: Held, filename: str, version: str) -> VersionTakenError:
    return VersionTakenError(
        f"version {version!r} of {filename!r} stands for other bytes already, "
        f"in {store.uri(found.key)}",
        hint="give the new bytes another version; two old releases with one version have to be "
        "told apart by hand: move the archived one to another key, then try again",
    )

"""The local store: a directory with a SQLite table of objects and a file for each content.

versioned.db        which objects there are
blobs/ab/<sha256>   their bytes: immutable, one file however many objects hold them
tmp/                files on their way to one of the two
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from versioned.content import Content
from versioned.errors import (
    ObjectNotFoundError,
    StoreError,
    StoreUnavailableError,
    VersionedError,
)
from versioned.stores import local_rows
from versioned.stores.base import (
    ALL_CAPABILITIES,
    Attributes,
    Capabilities,
    ListedObject,
    ObjectInfo,
    Progress,
)
from versioned.stores.local_blobs import Blobs, Staged
from versioned.stores.local_body import LocalBody
from versioned.stores.local_database import Database
from versioned.stores.local_errors import damaged_blob, translated
from versioned.stores.local_rows import Row, check_condition, new_row, remove_row, replace_row
from versioned.stores.local_sweep import sweep_orphans, sweep_unfinished

T = TypeVar("T")

_DELETE_BATCH = 1000
_STAGE_ATTEMPTS = 10


class LocalStore:
    """Objects in a directory; the contract is that of `versioned.stores.base.Store`.

    Every condition is enforced, by SQLite's transactions, between threads and processes of
    one machine; a network file system is not safe. Nothing is created before `create()`.
    Reading works in a directory that is read-only. Safe across forks.
    """

    def __init__(self, root: str | os.PathLike[str], *, settle: float = 0.05) -> None:
        self._root = Path(os.path.abspath(root))  # noqa: PTH100 - a URI must have no ".." left
        self._settle = settle
        self._database = Database(self._root)
        self._blobs = Blobs(self._root)

    @property
    def capabilities(self) -> Capabilities:
        return ALL_CAPABILITIES

    @property
    def settle(self) -> float:
        return self._settle

    def uri(self, key: str) -> str:
        """`file:///the/directory#the/key`; without a key that of the directory."""
        return self._root.as_uri() + (f"#{quote(key)}" if key else "")

    def now(self) -> datetime:
        return datetime.now(UTC)

    def gather(self, *calls: Callable[[], T]) -> list[T]:
        """One after another: no request leaves the machine."""
        results: list[T] = []
        errors: list[Exception] = []
        for call in calls:
            try:
                results.append(call())
            except Exception as error:  # noqa: BLE001 - the rest must run; raised below
                errors.append(error)
        if errors:
            raise errors[0]
        return results

    def head(self, key: str) -> ObjectInfo:
        return self._required(key).info()

    def get(
        self, key: str, *, start: int = 0, length: int | None = None, if_match: str | None = None
    ) -> LocalBody:
        """As the protocol says. An object once opened is read whole, even if it is overwritten
        or deleted meanwhile. Raises ContentMismatchError where its bytes are damaged."""
        missing: Row | None = None
        while True:
            row = self._required(key)
            check_condition(key, row, if_absent=False, if_match=if_match)
            opened = self._blobs.open(row.blob)
            if opened is not None:
                return LocalBody(self._root, row, opened, start, length)
            # The same row twice: so the blob was not removed because the row was replaced.
            if row == missing:
                raise damaged_blob(key, f"{self._blobs.path(row.blob)} is missing")
            missing = row

    def tags(self, key: str) -> dict[str, str]:
        tags: dict[str, str] = json.loads(self._required(key).tags)
        return tags

    def put(
        self,
        key: str,
        content: Content,
        *,
        attributes: Attributes = Attributes(),  # noqa: B008 - frozen
        if_absent: bool = False,
        if_match: str | None = None,
        resume_key: str | None = None,  # noqa: ARG002 - nothing is ever half written
        progress: Progress | None = None,
    ) -> ObjectInfo:
        """As the protocol says; durable when it returns. Conditions hold for any size. Bytes
        that some object holds already are compared, not written again."""

        def check(connection: sqlite3.Connection) -> Row | None:
            found = local_rows.find(connection, key)
            check_condition(key, found, if_absent=if_absent, if_match=if_match)
            return found

        self._database.read(check)  # before any byte is written; decided again at the end
        for _ in range(_STAGE_ATTEMPTS):
            with self._blobs.staged(content, progress) as staged:
                row = self._settle_put(staged, check, new_row(key, content, attributes))
            if row is not None:
                return row.info()
        raise StoreUnavailableError(
            f"the file of {key!r} was removed again and again before it was in place",
            hint="try again when no sweep is running",
        )

    def _settle_put(
        self, staged: Staged, check: Callable[[sqlite3.Connection], Row | None], row: Row
    ) -> Row | None:
        """The row as written, or `None` where the content has to be staged again."""

        def change(connection: sqlite3.Connection) -> tuple[Row, list[str]] | None:
            replaced = check(connection)
            if not self._blobs.settle(staged):
                return None
            return replace_row(connection, row, replaced)

        try:
            outcome = self._database.write(change)
        except BaseException:
            if staged.settled:
                self._release([staged.blob])
            raise
        if outcome is None:
            return None
        written, unreferenced = outcome
        self._release(unreferenced)
        return written

    def copy(self, source: ObjectInfo, target: str, *, if_absent: bool = False) -> ObjectInfo:
        """As the protocol says, with every condition enforced. No bytes are copied. Raises
        ContentMismatchError where the bytes of the source are missing."""

        def change(connection: sqlite3.Connection) -> tuple[Row, list[str]]:
            found = local_rows.find(connection, source.key)
            if found is None:
                raise self._not_found(source.key)
            check_condition(source.key, found, if_absent=False, if_match=source.etag)
            replaced = local_rows.find(connection, target)
            check_condition(target, replaced, if_absent=if_absent, if_match=None)
            if not self._blobs.path(found.blob).exists():
                raise damaged_blob(source.key, f"{self._blobs.path(found.blob)} is missing")
            return replace_row(connection, replace(found, key=target), replaced)

        row, unreferenced = self._database.write(change)
        self._release(unreferenced)
        return row.info()

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        def change(connection: sqlite3.Connection) -> list[str]:
            found = local_rows.find(connection, key)
            if found is None:
                return []
            check_condition(key, found, if_absent=False, if_match=if_match)
            return remove_row(connection, found)

        self._release(self._database.write(change))

    def delete_many(self, keys: Iterable[str]) -> None:
        """As the protocol says; each batch is deleted whole or not at all."""
        remaining = iter(keys)
        failure: StoreError | None = None
        while batch := list(islice(remaining, _DELETE_BATCH)):
            try:
                self._delete_batch(batch)
            except StoreError as error:
                failure = failure or type(error)(
                    f"{batch[0]!r} could not be deleted: {error.message}", hint=error.hint
                )
        if failure:
            raise failure

    def _delete_batch(self, keys: list[str]) -> None:
        def change(connection: sqlite3.Connection) -> list[str]:
            found = (local_rows.find(connection, key) for key in keys)
            return [blob for row in found if row for blob in remove_row(connection, row)]

        self._release(self._database.write(change))

    def list_objects(self, prefix: str, *, limit: int | None = None) -> list[ListedObject]:
        return self._database.read(lambda one: local_rows.listed(one, prefix, limit))

    def list_folders(self, prefix: str = "") -> list[str]:
        return self._database.read(lambda one: local_rows.folders(one, prefix))

    def download_url(self, key: str, *, seconds: int) -> str | None:  # noqa: ARG002 - no server
        return None

    def create(self) -> None:
        self._database.create()

    def probe(self) -> Capabilities:
        """Nothing to try: SQLite enforces every condition."""
        self._database.read(lambda _: None)
        return ALL_CAPABILITIES

    def sweep(self, prefix: str, *, older_than: float, mend: bool) -> list[str]:
        """As the protocol says. A file belongs to no key, so interrupted writes are told of for
        any prefix, and unreferenced blobs for the empty one only."""
        self._database.read(lambda _: None)
        with translated(self._root):
            found = sweep_unfinished(self._blobs, older_than, mend=mend)
            if not prefix:
                found += sweep_orphans(self._database, self._blobs, older_than, mend=mend)
            return found

    def close(self) -> None:
        """Close the database, after what is under way. A store that is used again opens it
        again. Without this it is closed with the store, or at the end of the process."""
        self._database.close()

    def _required(self, key: str) -> Row:
        row = self._database.read(lambda connection: local_rows.find(connection, key))
        if row is None:
            raise self._not_found(key)
        return row

    def _not_found(self, key: str) -> ObjectNotFoundError:
        return ObjectNotFoundError(f"there is no object {key!r} in {self._root}")

    def _release(self, blobs: list[str]) -> None:
        """Remove those that nothing refers to. Never fails: what the write was for is done, and
        `sweep` finds what is left."""

        def change(connection: sqlite3.Connection) -> None:
            for blob in blobs:
                if not local_rows.is_referenced(connection, blob):
                    self._blobs.remove(blob)

        if blobs:
            with suppress(VersionedError):
                self._database.write(change)

"""The table of objects of a local store: made, read and changed in transactions."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from versioned.stores.local_connections import SCHEMA_VERSION, Lane, connect
from versioned.stores.local_errors import DATABASE_NAME, primary_code, translated
from versioned.stores.local_files import only_one, sync_folder

T = TypeVar("T")

_READ_ATTEMPTS = 5
_SCHEMA = f"""
    PRAGMA journal_mode = WAL;
    BEGIN;
    CREATE TABLE objects (
        key TEXT NOT NULL PRIMARY KEY,
        blob TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified INTEGER NOT NULL,
        metadata TEXT NOT NULL,
        content_type TEXT,
        tags TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX objects_by_blob ON objects (blob);
    PRAGMA user_version = {SCHEMA_VERSION};
    COMMIT;
"""


class Database:
    """The table of objects. Safe for threads, processes and forks; opened when first used."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._path = root / DATABASE_NAME
        # Two, so that reading never waits for a writer that waits for its turn.
        self._reading, self._writing = Lane(self._path), Lane(self._path)

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """The result of a query that sees one moment of the database.

        Raises RepositoryNotFoundError, AccessDeniedError, StoreUnavailableError, StoreError.
        """
        with translated(self._root):
            for _ in range(_READ_ATTEMPTS):
                try:
                    with self._reading.use() as connection:
                        connection.execute("BEGIN")
                        return query(connection)
                except sqlite3.OperationalError as error:
                    if not self._is_unwritable(error):
                        raise
                    failure = error
                if found := self._read_frozen(query):
                    return found[0]
            raise failure

    def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """The result of a change, durable when this returns. It happens whole or not at all,
        and no other writer, in any process, runs meanwhile. Errors as for `read`."""
        with translated(self._root), self._writing.use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            # On a file that may not be written BEGIN IMMEDIATE takes no lock and says nothing.
            connection.execute("DELETE FROM objects WHERE 0")
            result = change(connection)
            connection.execute("COMMIT")
            return result

    def create(self) -> None:
        """Make the directory and the database where they are missing. Idempotent; of many
        processes at once one makes it, and nobody sees it half made."""
        with translated(self._root):
            if not self._path.exists():
                self._root.mkdir(parents=True, exist_ok=True)
                with self._writing.lock, only_one(self._root):
                    if not self._path.exists():
                        self._build()
        self.read(lambda _: None)

    def close(self) -> None:
        """Close what is open, after what is under way. The next use opens it again."""
        self._reading.close()
        self._writing.close()

    def _build(self) -> None:
        folder = self._root / "tmp"
        folder.mkdir(exist_ok=True)
        unfinished = folder / f"{secrets.token_hex(16)}.db"
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            connection.executescript(_SCHEMA)
        for stale in ("-wal", "-shm"):  # of a lost database: SQLite would play them into this one
            Path(f"{self._path}{stale}").unlink(missing_ok=True)
        unfinished.rename(self._path)
        sync_folder(self._root)
        sync_folder(self._root.parent)

    def _is_unwritable(self, error: sqlite3.Error) -> bool:
        """Whether SQLite fails since it can't create its side files beside the database."""
        return (
            primary_code(error) in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
            and os.access(self._path, os.R_OK)
            and not os.access(self._root, os.W_OK)
        )

    def _read_frozen(self, query: Callable[[sqlite3.Connection], T]) -> tuple[T] | None:
        """Read without locks; `None` where somebody else wrote meanwhile, or is about to."""
        before = self._fingerprint()
        if before is None:
            return None
        try:
            with (
                self._reading.lock,
                closing(connect(self._path, "mode=ro&immutable=1")) as connection,
            ):
                found = query(connection)
        except sqlite3.Error:
            if self._fingerprint() == before:
                raise
            return None
        return (found,) if self._fingerprint() == before else None

    def _fingerprint(self) -> tuple[int, int, int] | None:
        """Changes when the database does; `None` while there are changes not merged into it."""
        found = self._path.stat()
        if Path(f"{self._path}-wal").exists():
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

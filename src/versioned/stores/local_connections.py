"""Connections to the SQLite file of a local store: shared by threads, safe across forks."""

from __future__ import annotations

import atexit
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from versioned.errors import StoreError
from versioned.stores.local_errors import missing_repository

BUSY_TIMEOUT = 30.0
SCHEMA_VERSION = 1


class Lane:
    """One connection, used by one thread at a time, and never open while a process forks.

    SQLite keeps its view of file locks in memory that a child inherits, while the locks stay
    with the parent: a child that opens the same database would believe it holds them, and its
    commits get lost when the parent closes. So a fork waits for what is under way, then closes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self._process = 0
        self.lock = threading.RLock()
        with Forks.lock:
            Forks.lanes.add(self)

    @contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone; what is not committed inside is rolled back."""
        with self.lock:
            try:
                connection = self._current()
                try:
                    yield connection
                finally:
                    connection.rollback()
            except sqlite3.Error:
                self.close()
                raise

    def close(self) -> None:
        with self.lock:
            if self._connection is not None and self._process == os.getpid():
                connection, self._connection = self._connection, None
                connection.close()

    def __del__(self) -> None:
        self.close()

    def _current(self) -> sqlite3.Connection:
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            self.close()
            raise missing_repository(self._path.parent) from None
        if self._connection is not None and self._process != os.getpid():
            raise StoreError(
                f"{self._path} was opened before this process was forked by other means than "
                "os.fork",
                hint="call close() on the store before the fork",
            )
        # A directory that was removed and made again must not be written under its old name.
        if self._connection is None or self._identity != (found.st_dev, found.st_ino):
            self.close()
            self._connection = connect(self._path, "mode=rw")
            self._identity = (found.st_dev, found.st_ino)
            self._process = os.getpid()
        return self._connection


class Forks:
    """All lanes of this process, and those that wait for a fork to be over."""

    lock = threading.RLock()
    lanes: ClassVar[weakref.WeakSet[Lane]] = weakref.WeakSet()
    held: ClassVar[list[Lane]] = []

    @classmethod
    def before(cls) -> None:
        cls.lock.acquire()
        for lane in list(cls.lanes):
            lane.lock.acquire()
            cls.held.append(lane)
            lane.close()

    @classmethod
    def after_in_parent(cls) -> None:
        for lane in cls.held:
            lane.lock.release()
        cls.held.clear()
        cls.lock.release()

    @classmethod
    def after_in_child(cls) -> None:
        for lane in cls.held:  # threads that waited for the old locks did not come along
            lane.lock = threading.RLock()
        cls.held.clear()
        cls.lock = threading.RLock()

    @classmethod
    def close_all(cls) -> None:
        for lane in list(cls.lanes):
            lane.close()


os.register_at_fork(
    before=Forks.before,
    after_in_parent=Forks.after_in_parent,
    after_in_child=Forks.after_in_child,
)
atexit.register(Forks.close_all)


def connect(path: Path, options: str) -> sqlite3.Connection:
    """Open a database that exists. Raises StoreError where it is not one of this schema."""
    connection = sqlite3.connect(
        f"{path.as_uri()}?{options}",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        _check_version(path, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(path: Path, version: int) -> None:
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} has the schema version {version}; this release knows {SCHEMA_VERSION}",
            hint="upgrade the package `versioned`",
        )
    if version < SCHEMA_VERSION:
        raise StoreError(f"{path} is no database of a repository", hint="choose another directory")

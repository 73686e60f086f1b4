"""What SQLite and the file system say, in the words of this package."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from versioned.errors import (
    AccessDeniedError,
    ContentMismatchError,
    RepositoryNotFoundError,
    StoreError,
    StoreUnavailableError,
    VersionedError,
)

DATABASE_NAME = "versioned.db"

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_FORBIDDEN = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_ACCESS = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_FILE = {errno.ENOENT, errno.ENOTDIR}


@contextmanager
def translated(root: Path) -> Iterator[None]:
    """Turns errors of SQLite and of the system into this package's own, by their codes."""
    try:
        yield
    except VersionedError:
        raise
    except sqlite3.Error as error:
        raise _of_sqlite(root, error) from error
    except OSError as error:
        raise _of_system(root, error) from error


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; 0 where the error is Python's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def missing_repository(root: Path) -> RepositoryNotFoundError:
    return RepositoryNotFoundError(
        f"there is no repository in {root}",
        hint="create it with `versioned init`, or bootstrap() in Python",
    )


def damaged_blob(key: str, found: str) -> ContentMismatchError:
    """`found` says what is wrong with the bytes of the object."""
    return ContentMismatchError(
        f"the bytes of {key!r} are damaged: {found}",
        hint="run `versioned verify` to see what else is damaged; restore the file from a backup",
    )


def _of_sqlite(root: Path, error: sqlite3.Error) -> VersionedError:
    code, database = primary_code(error), root / DATABASE_NAME
    if code in _BUSY:
        return StoreUnavailableError(
            f"{database} stayed locked by another process; nothing was written",
            hint="try again; look for a process that hangs: fuser versioned.db",
        )
    if code in _FORBIDDEN:
        return _denied(root, str(error))
    if code == sqlite3.SQLITE_CANTOPEN:
        return _denied(root, str(error)) if database.exists() else missing_repository(root)
    if code == sqlite3.SQLITE_FULL:
        return _full(root)
    if code in _DAMAGED:
        return StoreError(
            f"{database} is damaged: {error}",
            hint="restore it from a backup, or save what is left: sqlite3 versioned.db .recover",
        )
    return StoreError(f"{database} failed: {error}", hint="check the disk and its log")


def _of_system(root: Path, error: OSError) -> VersionedError:
    if error.errno in _NO_ACCESS:
        return _denied(root, str(error))
    if error.errno in _NO_ROOM:
        return _full(root)
    if error.errno in _NO_FILE and not (root / DATABASE_NAME).exists():
        return missing_repository(root)
    return StoreError(f"the repository in {root} failed: {error}", hint="check the disk")


def _denied(root: Path, found: str) -> AccessDeniedError:
    return AccessDeniedError(
        f"no access to the repository in {root}: {found}",
        hint="check who owns the directory and its files: writing needs write access to all, "
        "and so does the first reading after a crash",
    )


def _full(root: Path) -> StoreError:
    return StoreError(
        f"no room is left for the repository in {root}; nothing was written",
        hint="free some space or raise the quota, then try again",
    )

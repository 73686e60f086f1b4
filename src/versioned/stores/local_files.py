"""What the local store asks of a file system."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file that nothing refers to."""

    path: Path
    size: int


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Only one process at a time is inside, for each folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_all(file: BinaryIO, chunk: bytes) -> None:
    """Write to an unbuffered file, which may take less than it is given."""
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def names(folder: Path) -> list[str]:
    """The names in a folder; none where it is missing."""
    try:
        return [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []


def old_files(folder: Path, age: float) -> list[Leftover]:
    """Files in a folder that were last written to at least `age` seconds ago, by name."""
    found: list[Leftover] = []
    limit = time.time() - age
    for name in sorted(names(folder)):
        path = folder / name
        with suppress(FileNotFoundError):
            status = path.lstat()
            if path.is_file() and status.st_mtime <= limit:
                found.append(Leftover(path, status.st_size))
    return found

"""Zip archives opened with suspicion: nothing is unpacked, memory stays flat."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from versioned.errors import VersionedError
from versioned.packages.distributions.distribution import (
    BOMB_RATIO,
    BOMB_SIZE,
    LONGEST_METADATA,
)
from versioned.packages.errors import InvalidDistributionError

_LONGEST_READ = 8 * 1024 * 1024
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@contextmanager
def open_zip(filename: str, file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """The archive, with each path once. Whatever is wrong with it, while it is being read, too,
    raises InvalidDistributionError."""
    size = file.seek(0, io.SEEK_END)
    try:
        with zipfile.ZipFile(_Bounded(file)) as archive:
            _refuse_odd(filename, archive, size)
            yield archive
    except VersionedError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise InvalidDistributionError(
            f"{filename!r} can't be read as a zip archive",
            hint="was it cut off, or is it something else?",
        ) from error


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Whole, or a byte more than metadata may have."""
    with archive.open(member) as opened:
        return opened.read(LONGEST_METADATA + 1)


def _refuse_odd(filename: str, archive: zipfile.ZipFile, size: int) -> None:
    members = archive.infolist()
    unpacked = sum(one.file_size for one in members)
    if unpacked > BOMB_SIZE and unpacked > BOMB_RATIO * size:
        raise InvalidDistributionError(
            f"{filename!r} would unpack to {unpacked} bytes, {BOMB_RATIO} times its own size",
            hint="such an archive is not taken",
        )
    if len({one.filename for one in members}) != len(members):
        raise InvalidDistributionError(
            f"{filename!r} holds a path more than once",
            hint="tools would not agree on which of them counts; build it again",
        )
    if any(one.compress_type not in _METHODS for one in members):
        raise InvalidDistributionError(
            f"{filename!r} is not compressed in a way that every installer can undo",
            hint="store its files, or deflate them",
        )


class _Bounded(io.RawIOBase):
    """A file of which nothing large is read at once: the directory of an archive lies in memory
    whole, many times as large as in the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1, /) -> bytes:
        if size > _LONGEST_READ:
            raise zipfile.BadZipFile(f"its directory has {size} bytes")
        return self._file.read(size)

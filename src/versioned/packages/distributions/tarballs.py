"""Gzipped tar archives read in order and with suspicion: nothing is unpacked, memory stays flat."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Self

from versioned.errors import VersionedError
from versioned.packages.distributions.distribution import BOMB_RATIO, BOMB_SIZE
from versioned.packages.errors import InvalidDistributionError

_LONGEST_HEADER = 1024 * 1024
_EXTENSIONS = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}


@contextmanager
def open_tar(filename: str, file: BinaryIO) -> Iterator[tarfile.TarFile]:
    """The archive, to be gone through with `tar_files`. Whatever is wrong with it, while it is
    being read, too, raises InvalidDistributionError."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    try:
        with (
            gzip.GzipFile(fileobj=file) as unpacked,
            tarfile.open(
                fileobj=_Bounded(filename, unpacked, max(BOMB_SIZE, BOMB_RATIO * size)),
                mode="r|",
                tarinfo=_Header,
            ) as archive,
        ):
            yield archive
    except VersionedError:
        raise
    except (
        tarfile.TarError,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise InvalidDistributionError(
            f"{filename!r} can't be read as an archive",
            hint="was it cut off, or is it something else?",
        ) from error


def tar_files(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The plain files, in order; one can be read until the next is asked for."""
    while (member := archive.next()) is not None:
        vars(archive)["members"].clear()  # it would keep each one that it has passed
        if member.isfile() and not member.issparse():
            yield member


def drain(archive: tarfile.TarFile) -> None:
    """Read what follows the last member, so that the checksum of the whole is proved."""
    rest = archive.fileobj
    while rest is not None and rest.read(tarfile.RECORDSIZE):
        pass


class _Header(tarfile.TarInfo):
    """Refuses the headers that extend others where they are too long to be held."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> Self:  # noqa: ANN401 - as it is
        found = super().frombuf(buf, encoding, errors)
        if found.type in _EXTENSIONS and found.size > _LONGEST_HEADER:
            raise InvalidDistributionError(
                f"the archive has a header of {found.size} bytes",
                hint="such an archive is not taken",
            )
        return found


class _Bounded(io.RawIOBase):
    """What was compressed, up to a limit."""

    def __init__(self, filename: str, unpacked: gzip.GzipFile, limit: int) -> None:
        self._filename = filename
        self._unpacked = unpacked
        self._left = limit

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._unpacked.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise InvalidDistributionError(
                f"{self._filename!r} unpacks to more than {BOMB_RATIO} times its size",
                hint="such an archive is not taken",
            )
        return chunk

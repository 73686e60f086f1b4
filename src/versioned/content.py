"""What is stored: bytes, a file or a stream, made re-readable, sized and hashed. Flat memory."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

from versioned.errors import ContentChangedError, InvalidInputError

CHUNK_SIZE = 1024 * 1024
SPOOL_SIZE = 8 * CHUNK_SIZE

Source = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryIO


@dataclass(frozen=True, slots=True)
class Content:
    """A source that can be read again and from any place, by several threads at once.

    `size` is in bytes, `sha256` in lower-case hex; both are of the moment the content was
    opened, and a store must notice when the source has changed since. Close it after use:
    it is its own context manager.
    """

    size: int
    sha256: str
    _file: BinaryIO = field(repr=False)
    _start: int = field(repr=False)
    _owned: bool = field(repr=False)
    _lock: threading.Lock = field(repr=False, default_factory=threading.Lock)

    @classmethod
    def open(cls, source: Source) -> Content:
        """Content of bytes, of the file at a path, or of a binary file object.

        A file object is read from where it stands to its end; one that can't seek is spooled
        to a temporary file. Raises InvalidInputError for anything else, and what `open` raises.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            return cls(
                len(data), hashlib.sha256(data).hexdigest(), io.BytesIO(data), 0, _owned=True
            )
        if isinstance(source, (str, os.PathLike)):
            file: BinaryIO = Path(source).open("rb")  # noqa: SIM115 - closed with the content
            return cls._of_file(file, owned=True)
        if not hasattr(source, "read"):
            raise InvalidInputError(
                f"content can't be a {type(source).__name__}",
                hint="pass bytes, a path or a file opened in binary mode",
            )
        if _can_seek(source):
            return cls._of_file(source, owned=False)
        return cls._of_file(_spool(source), owned=True)

    @classmethod
    def _of_file(cls, file: BinaryIO, *, owned: bool) -> Content:
        start = file.tell()
        digest = hashlib.sha256()
        size = 0
        while chunk := _read_bytes(file, CHUNK_SIZE):
            digest.update(chunk)
            size += len(chunk)
        return cls(size, digest.hexdigest(), file, start, owned)

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`. Raises ContentChangedError where the source is now
        shorter."""
        with self._lock:
            self._file.seek(self._start + offset)
            data = self._file.read(length)
        if len(data) != length:
            raise changed_content()
        return data

    def chunks(self) -> Iterator[bytes]:
        """The whole content in chunks of at most `CHUNK_SIZE` bytes.

        Raises ContentChangedError at the end where the bytes are not those that were hashed.
        """
        digest = hashlib.sha256()
        for offset in range(0, self.size, CHUNK_SIZE):
            chunk = self.read(offset, min(CHUNK_SIZE, self.size - offset))
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != self.sha256:
            raise changed_content()

    def part_digests(self, part_size: int) -> list[bytes]:
        """The MD5 of each part, from one pass that also proves the whole unchanged."""
        digests: list[bytes] = []
        part, filled = hashlib.md5(usedforsecurity=False), 0
        for chunk in self.chunks():
            view = memoryview(chunk)
            while view:
                head = view[: part_size - filled]
                part.update(head)
                filled += len(head)
                view = view[len(head) :]
                if filled == part_size:
                    digests.append(part.digest())
                    part, filled = hashlib.md5(usedforsecurity=False), 0
        if filled or not digests:
            digests.append(part.digest())
        return digests

    def close(self) -> None:
        if self._owned:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ContentSlice(io.RawIOBase):
    """A part of a content as a raw binary file, to be read, sought and read again."""

    def __init__(self, content: Content, offset: int, length: int) -> None:
        self._content = content
        self._offset = offset
        self._length = length
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - typeshed's WriteableBuffer
        count = max(0, min(len(buffer), self._length - self._position))
        if count:
            buffer[:count] = self._content.read(self._offset + self._position, count)
            self._position += count
        return count


def changed_content() -> ContentChangedError:
    return ContentChangedError(
        "the source changed while it was being stored; nothing was stored",
        hint="store a snapshot of it, for SQLite one made with VACUUM INTO",
    )


def _can_seek(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable and seekable())


def _read_bytes(file: BinaryIO, length: int) -> bytes:
    chunk = file.read(length)
    if not isinstance(chunk, (bytes, bytearray, memoryview)):
        raise InvalidInputError(
            f"the file object gives {type(chunk).__name__}, not bytes",
            hint="open it in binary mode: open(path, 'rb')",
        )
    return bytes(chunk)


def _spool(file: BinaryIO) -> BinaryIO:
    spool: BinaryIO = tempfile.SpooledTemporaryFile(max_size=SPOOL_SIZE)  # type: ignore[assignment]  # noqa: SIM115
    try:
        while chunk := _read_bytes(file, CHUNK_SIZE):
            spool.write(chunk)
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    return spool

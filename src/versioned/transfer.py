"""Reading versions: streamed, resumed, checked against their sha256. Flat memory."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from versioned.content import CHUNK_SIZE
from versioned.context import Context
from versioned.errors import (
    ContentMismatchError,
    PreconditionFailedError,
    StoreUnavailableError,
)
from versioned.stores.base import ObjectInfo, Progress
from versioned.versions import sha256_of

RANGE_SIZE = 4 * 1024 * 1024
RANGES_AHEAD = 4
_ATTEMPTS = 5


class VerifiedReader:
    """One version, read in order from any offset, and proved at the end.

    The first request is sent when it is made and brings `info` and the first range, so a small
    object costs one request. Every further one is pinned to the ETag of the first.
    """

    def __init__(self, context: Context, key: str, *, meant: str | None = None) -> None:
        """`meant` is the sha256 that the caller knows already, from an alias say.

        Raises ObjectNotFoundError, ContaminatedError, ContentMismatchError.
        """
        self._context = context
        self._first, self.info = _read_range(context, key, 0, RANGE_SIZE, None)
        self.sha256 = sha256_of(self.info)
        if meant is not None and meant != self.sha256:
            raise ContentMismatchError(
                f"{key!r} holds sha256 {self.sha256[:12]}..., meant was {meant[:12]}...",
                hint="the version was overwritten by another tool; run versioned verify",
            )

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` on, in ranges; the next ones are on their way meanwhile."""
        if start < len(self._first):
            yield self._first[start:]
            start = len(self._first)
        starts = iter(range(start, self.info.size, RANGE_SIZE))
        pool = ThreadPoolExecutor(RANGES_AHEAD)
        try:
            ahead = deque(pool.submit(self._range, at) for at in islice(starts, RANGES_AHEAD))
            while ahead:
                yield ahead.popleft().result()
                ahead.extend(pool.submit(self._range, at) for at in islice(starts, 1))
        finally:
            pool.shutdown(cancel_futures=True)

    def _range(self, start: int) -> bytes:
        length = min(RANGE_SIZE, self.info.size - start)
        return _read_range(self._context, self.info.key, start, length, self.info.etag)[0]

    def check(self, sha256: str) -> None:
        """Raises ContentMismatchError unless this is the sha256 that was published."""
        if sha256 != self.sha256:
            raise ContentMismatchError(
                f"{self.info.key!r} reads as sha256 {sha256[:12]}..., "
                f"published was {self.sha256[:12]}...",
                hint="the object is damaged or was tampered with; run versioned verify",
            )


def _read_range(
    context: Context, key: str, start: int, length: int, etag: str | None
) -> tuple[bytes, ObjectInfo]:
    """A range whole. A connection that breaks costs what is missing, not what has arrived."""
    received: list[bytes] = []
    size = 0
    for attempt in range(_ATTEMPTS):
        try:
            with context.store.get(
                key, start=start + size, length=length - size, if_match=etag
            ) as body:
                info, etag = body.info, body.info.etag
                for chunk in body:
                    received.append(chunk)
                    size += len(chunk)
        except StoreUnavailableError:
            if attempt == _ATTEMPTS - 1:
                raise
        except PreconditionFailedError as error:
            raise ContentMismatchError(
                f"{key!r} was replaced while it was being read", hint="read it again"
            ) from error
        else:
            return b"".join(received), info
    raise AssertionError("unreachable")  # pragma: no cover


def read_bytes(context: Context, key: str) -> bytes:
    """A version whole. Raises ObjectNotFoundError, ContentMismatchError."""
    reader = VerifiedReader(context, key)
    data = b"".join(reader.chunks())
    reader.check(hashlib.sha256(data).hexdigest())
    return data


def read_to_file(reader: VerifiedReader, file: BinaryIO, progress: Progress | None) -> None:
    """A version into a binary file object, checked at the end: after ContentMismatchError the
    bytes are in the file all the same, and must not be used."""
    _pour(reader, file, 0, hashlib.sha256(), progress)


def _pour(
    reader: VerifiedReader,
    file: BinaryIO,
    start: int,
    digest: hashlib._Hash,
    progress: Progress | None,
) -> None:
    done = start
    for chunk in reader.chunks(start):
        file.write(chunk)
        digest.update(chunk)
        done += len(chunk)
        if progress:
            progress(done, reader.info.size)
    reader.check(digest.hexdigest())


def read_to_path(reader: VerifiedReader, path: Path, progress: Progress | None) -> None:
    """A version into a file that appears whole and proved, or not at all.

    It grows as `{path}.{sha256}.part` beside its place; one that an earlier run left is taken
    up where it ends. Safe to run twice at once. Raises ContentMismatchError, leaving no file.
    """
    part = _part(path, reader.sha256[:12])
    with os.fdopen(os.open(part, _PART_FLAGS, 0o666), "a+b") as file:
        mine = _lock(file, part)
        if mine:
            _fill(reader, file, part, progress)
            part.replace(path)
    if not mine:
        _read_beside(reader, path, progress)


_PART_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_LONG_NAME = 200


def _part(path: Path, mark: str) -> Path:
    """A file beside its place; a long name is cut, so that the mark still fits."""
    name = path.name if len(path.name.encode()) <= _LONG_NAME else path.name[:40]
    return path.with_name(f"{name}.{mark}.part")


def _lock(file: BinaryIO, part: Path) -> bool:
    """Whether the part is ours: not in use, and not renamed since it was opened."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return part.stat().st_ino == os.fstat(file.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _fill(reader: VerifiedReader, file: BinaryIO, part: Path, progress: Progress | None) -> None:
    start, digest = _kept(file, reader.info.size)
    try:
        try:
            _pour(reader, file, start, digest, progress)
        except ContentMismatchError:
            if start == 0:
                raise
            file.truncate(0)
            _pour(reader, file, 0, hashlib.sha256(), progress)
    except ContentMismatchError:
        part.unlink()
        raise
    file.flush()
    os.fsync(file.fileno())


def _kept(file: BinaryIO, size: int) -> tuple[int, hashlib._Hash]:
    """How much of an earlier run's bytes can be kept; they are hashed, not trusted."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK_SIZE):
        digest.update(chunk)
    if file.tell() <= size:
        return file.tell(), digest
    file.truncate(0)
    return 0, hashlib.sha256()


def _read_beside(reader: VerifiedReader, path: Path, progress: Progress | None) -> None:
    """Another process is filling the part: this one uses a file of its own."""
    part = _part(path, f"{os.getpid()}-{os.urandom(4).hex()}")
    try:
        with part.open("xb") as file:
            _pour(reader, file, 0, hashlib.sha256(), progress)
        part.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()

"""A local cache of downloads by sha256. Safe for many processes; every hit is hashed again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from pathlib import Path

from versioned.content import CHUNK_SIZE

DEFAULT_MAX_BYTES = 5 * 1024**3


class Cache:
    """Files named by their sha256 below a directory, the least recently used evicted first.

    `max_bytes` bounds the directory after each `add`. The directory may be deleted at any time.
    """

    def __init__(
        self, directory: str | os.PathLike[str], *, max_bytes: int = DEFAULT_MAX_BYTES
    ) -> None:
        self._directory = Path(directory)
        self._max_bytes = max_bytes

    def copy_to(self, sha256: str, path: Path) -> bool:
        """Whether the bytes were here; then they are at `path`, proved. A damaged file is
        removed; it counts as a miss, and so does a cache that can't be read."""
        if path.is_dir():
            return False
        held = self._path(sha256)
        part = _beside(path)
        try:
            if _copy_hashed(held, part) == sha256:
                part.replace(path)
                os.utime(held)
                return True
            held.unlink()
        except OSError:
            return False
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
        return False

    def add(self, sha256: str, path: Path) -> None:
        """Keep a copy of a file that was proved to have this sha256. Idempotent; a cache that
        can't be written keeps nothing."""
        held = self._path(sha256)
        part = _beside(held)
        with contextlib.suppress(OSError):
            if held.exists():
                return
            held.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(path, part)
                # By itself a file system may count in steps of milliseconds: then two are as old.
                now = time.time_ns()
                os.utime(part, ns=(now, now))
                part.replace(held)
            finally:
                part.unlink(missing_ok=True)
            self._evict()

    def _path(self, sha256: str) -> Path:
        return self._directory / sha256[:2] / sha256

    def _evict(self) -> None:
        held = []
        for path in self._directory.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                held.append((status.st_mtime_ns, status.st_size, path))
        excess = sum(size for _, size, _ in held) - self._max_bytes
        for _, size, path in sorted(held):
            if excess <= 0:
                return
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            excess -= size


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part")


def _copy_hashed(source: Path, target: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(CHUNK_SIZE):
            digest.update(chunk)
            writing.write(chunk)
    return digest.hexdigest()

"""The bytes of a local store: immutable files, named by their sha256."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from versioned.content import Content
from versioned.stores.base import Progress
from versioned.stores.local_errors import translated
from versioned.stores.local_files import Leftover, names, old_files, sync_folder, write_all

_SHA256 = re.compile(r"[0-9a-f]{64}")
_READ_ONLY = 0o444


@dataclass(slots=True)
class Staged:
    """Content on its way: `path` is its durable copy, `None` where a sound blob is there
    already. `settled` tells whether the copy has become the blob."""

    blob: str
    path: Path | None
    settled: bool = False


class Blobs:
    """`blobs/ab/<sha256>`, and `tmp/` for files that are being written.

    A blob is made and removed only inside a write transaction of the database, so that
    whoever holds one can rely on what is there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / "blobs"
        self._tmp = root / "tmp"

    def path(self, blob: str) -> Path:
        return self._folder / blob[:2] / blob

    def open(self, blob: str) -> tuple[BinaryIO, int] | None:
        """A blob and the size of its file, or `None` where it is missing."""
        with translated(self._root):
            try:
                file = self.path(blob).open("rb")
            except (FileNotFoundError, NotADirectoryError):
                return None
            return file, os.fstat(file.fileno()).st_size

    @contextmanager
    def staged(self, content: Content, progress: Progress | None) -> Iterator[Staged]:
        """Content made durable under a name of its own, which is removed at the end.

        Where the blob is there already and holds these very bytes, nothing is written.
        Raises ContentChangedError.
        """
        if self._holds(content):
            if progress:
                progress(content.size, content.size)
            yield Staged(content.sha256, None)
            return
        path = self._tmp / secrets.token_hex(16)
        try:
            self._write(path, content, progress)
            yield Staged(content.sha256, path)
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def settle(self, staged: Staged) -> bool:
        """Make the blob be there, durably; only inside a write transaction.

        False where the blob or the staged file was removed since it was staged: then stage
        again. A damaged blob is replaced.
        """
        target = self.path(staged.blob)
        if staged.path is None:
            found = target.exists()
        else:
            try:
                staged.path.replace(target)
            except FileNotFoundError:
                return False
            found = staged.settled = True
        if found:  # also another's: its writer may have crashed before this
            sync_folder(target.parent)
        return found

    def remove(self, blob: str) -> None:
        """Idempotent; only inside a write transaction, when no row refers to the blob."""
        self.path(blob).unlink(missing_ok=True)

    def shards(self) -> list[str]:
        return sorted(name for name in names(self._folder) if re.fullmatch(r"[0-9a-f]{2}", name))

    def old_blobs(self, shard: str, age: float) -> list[Leftover]:
        """Blobs of a shard that were written at least `age` seconds ago."""
        found = old_files(self._folder / shard, age)
        return [f for f in found if _SHA256.fullmatch(f.path.name) and f.path.name[:2] == shard]

    def old_unfinished(self, age: float) -> list[Leftover]:
        """Files under way that were last written to at least `age` seconds ago."""
        return old_files(self._tmp, age)

    def _holds(self, content: Content) -> bool:
        opened = self.open(content.sha256)
        if opened is None:
            return False
        file, size = opened
        with file:
            if size != content.size:
                return False
            for chunk in content.chunks():
                with translated(self._root):
                    if file.read(len(chunk)) != chunk:
                        return False
        return True

    def _write(self, path: Path, content: Content, progress: Progress | None) -> None:
        with translated(self._root):
            self._make_folders(content.sha256)
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _READ_ONLY)
        done = 0
        with open(descriptor, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor
            for chunk in content.chunks():
                with translated(self._root):
                    write_all(file, chunk)
                done += len(chunk)
                if progress:
                    progress(done, content.size)
            with translated(self._root):
                os.fsync(descriptor)
        if progress and not content.size:
            progress(0, 0)

    def _make_folders(self, blob: str) -> None:
        self._tmp.mkdir(exist_ok=True)
        shard = self.path(blob).parent
        if not shard.exists():
            self._folder.mkdir(exist_ok=True)
            shard.mkdir(exist_ok=True)
            sync_folder(self._folder)
            sync_folder(self._root)

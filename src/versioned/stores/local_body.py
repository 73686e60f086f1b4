"""An object of a local store, being read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from versioned.content import CHUNK_SIZE
from versioned.stores.local_errors import damaged_blob, translated
from versioned.stores.local_rows import Row


class LocalBody:
    """An object being read; the file is open from the start and closed by `with`."""

    def __init__(
        self, root: Path, row: Row, opened: tuple[BinaryIO, int], start: int, length: int | None
    ) -> None:
        self.info = row.info()
        self._root = root
        self._file, size = opened
        if size != row.size:
            self._file.close()
            raise damaged_blob(row.key, f"{size} of {row.size} bytes are there")
        self._file.seek(start)
        rest = max(row.size - start, 0)
        self._remaining = rest if length is None else min(length, rest)

    def __iter__(self) -> Iterator[bytes]:
        while self._remaining > 0:
            with translated(self._root):
                chunk = self._file.read(min(CHUNK_SIZE, self._remaining))
            if not chunk:
                raise damaged_blob(self.info.key, f"the last {self._remaining} bytes are gone")
            self._remaining -= len(chunk)
            yield chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

"""One object being read, in flat memory: from the first byte to the last of the same write."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, Self

from s3pipeline.errors import PromotionConflictError
from s3pipeline.held import Held
from s3pipeline.limits import check_size
from versioned.content import SPOOL_SIZE, Content
from versioned.errors import (
    ContentMismatchError,
    ObjectNotFoundError,
    PreconditionFailedError,
    StoreUnavailableError,
)
from versioned.stores.s3_reading import S3Body

_ATTEMPTS = 5


class Reading:
    """Iterate it once for chunks of bytes, inside `with`. `held` says what is being read.

    A connection that breaks is taken up where it broke, five times at most. Raises
    StoreUnavailableError, and PromotionConflictError where the object is gone by then.
    """

    def __init__(self, held: Held, body: S3Body, reopen: Callable[[int], S3Body]) -> None:
        self.held = held
        self._body = body
        self._reopen = reopen

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                for chunk in self._body:
                    received += len(chunk)
                    yield chunk
                break
            except StoreUnavailableError:
                if attempt == _ATTEMPTS:
                    raise
            self._resume(received)
        if received != self.held.size:
            raise StoreUnavailableError(
                f"{self.held.key!r} gave {received} of {self.held.size} bytes", hint="try again"
            )

    def _resume(self, start: int) -> None:
        self.__exit__()
        try:
            self._body = self._reopen(start)
        except (ObjectNotFoundError, PreconditionFailedError) as error:
            raise PromotionConflictError(
                f"{self.held.key!r} was changed while it was being read", hint="try again"
            ) from error

    def write_to(self, file: BinaryIO) -> str:
        """All bytes into a file; returns their sha256 in hex.

        Raises ContentMismatchError where another one was recorded: the bytes are in the file
        all the same, and must not be used.
        """
        digest = hashlib.sha256()
        for chunk in self:
            file.write(chunk)
            digest.update(chunk)
        self.check(digest.hexdigest())
        return digest.hexdigest()

    def check(self, sha256: str) -> None:
        """Raises ContentMismatchError unless this is the sha256 recorded, if one is."""
        recorded = self.held.sha256
        if recorded is not None and recorded != sha256:
            raise ContentMismatchError(
                f"{self.held.key!r} reads as sha256 {sha256[:12]}..., "
                f"recorded was {recorded[:12]}...",
                hint="the object is damaged or was tampered with; promote a good one",
            )

    def sha256(self) -> str:
        """Of the bytes, whatever was recorded."""
        digest = hashlib.sha256()
        for chunk in self:
            digest.update(chunk)
        return digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._body.__exit__()


@contextmanager
def spooled(reading: Reading) -> Iterator[Content]:
    """All bytes of an object as a content that can be sent: above 8 MiB in a temporary file,
    which is removed again. Raises TooLargeError for what can't be sent."""
    check_size(reading.held.key, reading.held.size)
    file: BinaryIO = tempfile.SpooledTemporaryFile(max_size=SPOOL_SIZE)  # type: ignore[assignment]  # noqa: SIM115
    with file as spool:
        for chunk in reading:
            spool.write(chunk)
        spool.seek(0)
        with Content.open(spool) as content:
            yield content

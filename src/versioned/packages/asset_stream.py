"""Assets as they are handed on to slow readers: one request, one chunk in memory, proved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack

from versioned.context import Context
from versioned.errors import (
    ContentMismatchError,
    ObjectNotFoundError,
    PreconditionFailedError,
    StoreUnavailableError,
)
from versioned.packages.assets import gone, key_of, refuse_unreadable
from versioned.packages.revision import Asset, Revision
from versioned.stores.base import Body
from versioned.versions import sha256_of

_ATTEMPTS = 5


class AssetStream:
    """The bytes of an asset from `start` up to, and without, `stop`.

    It is opened by one request. Raises AssetNotFoundError, PackageStatusError,
    ContentMismatchError, and the StoreError family.
    """

    def __init__(
        self, context: Context, revision: Revision, asset: Asset, *, start: int, stop: int
    ) -> None:
        refuse_unreadable(revision)
        self._context = context
        self._key = key_of(revision.place, asset)
        self._asset = asset
        self._start = start
        self._stop = stop
        self._etag: str | None = None
        self._held = ExitStack()
        self._body = self._opened(start)

    def chunks(self) -> Iterator[bytes]:
        """The bytes, once, as the store brings them. A connection to the store that breaks is
        taken up where it was. Read from 0 to the end they are proved: the last chunk comes only
        after the sha256 was found right. Raises ContentMismatchError."""
        digest = hashlib.sha256()
        whole = (self._start, self._stop) == (0, self._asset.size)
        left = self._stop - self._start
        for chunk in self._parts():
            left -= len(chunk)
            digest.update(chunk)
            if whole and left <= 0:
                self._check(digest.hexdigest())
            yield chunk
        if left:
            raise ContentMismatchError(
                f"{self._key!r} ended {left} bytes early", hint="run versioned packages doctor"
            )

    def close(self) -> None:
        """Let go of the store. Idempotent."""
        self._held.close()

    def _parts(self) -> Iterator[bytes]:
        at, failures = self._start, 0
        while True:
            try:
                for chunk in self._body:
                    at += len(chunk)
                    failures = 0
                    yield chunk
            except StoreUnavailableError:
                failures += 1
                if failures == _ATTEMPTS:
                    raise
                self._held.close()
                self._body = self._opened(at)
            else:
                return

    def _opened(self, at: int) -> Body:
        try:
            body = self._held.enter_context(
                self._context.store.get(
                    self._key, start=at, length=self._stop - at, if_match=self._etag
                )
            )
            self._check(sha256_of(body.info))
        except ObjectNotFoundError:
            raise gone(self._asset) from None
        except PreconditionFailedError as error:
            raise ContentMismatchError(
                f"{self._key!r} was replaced while it was being read", hint="read it again"
            ) from error
        except BaseException:
            self._held.close()
            raise
        self._etag = body.info.etag
        return body

    def _check(self, sha256: str) -> None:
        if sha256 != self._asset.sha256:
            raise ContentMismatchError(
                f"{self._key!r} has sha256 {sha256[:12]}, published was {self._asset.sha256[:12]}",
                hint="it is damaged or was tampered with; run versioned packages doctor",
            )

"""Whether the store enforces conditions, seen by trying: an answer alone proves nothing."""

from __future__ import annotations

import hashlib

from s3pipeline.layout import MARKER_KEY
from s3pipeline.object_store import ObjectStore
from versioned.content import Content
from versioned.errors import PreconditionFailedError, UnsafeStoreError
from versioned.stores.s3_outcomes import Condition

_BODY = b"s3promote writes this again and again, to see that the store refuses it.\n"
_WRONG = hashlib.md5(b"never the body", usedforsecurity=False).hexdigest()


class Proof:
    """That a bucket enforces conditions, found out before the first write and then kept."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._done = False

    def check(self) -> None:
        """Two small writes that have to be refused, three the first time ever.

        They carry the bytes that are there, so nothing changes where they are not refused.
        Raises UnsafeStoreError.
        """
        if self._done:
            return
        absent = Condition(if_absent=True)
        # The first write ever is carried out, and rightly; the next one must not be.
        create_only = self._is_refused(absent) or self._is_refused(absent)
        if not create_only or not self._is_refused(Condition(if_match=_WRONG)):
            raise UnsafeStoreError(
                f"{self._store.uri('')} does not enforce conditional writes: releases could be lost",
                hint="use a bucket without versioning on Ceph, or another server",
            )
        self._done = True

    def _is_refused(self, condition: Condition) -> bool:
        with Content.open(_BODY) as content:
            try:
                self._store.put(MARKER_KEY, content, {}, condition)
            except PreconditionFailedError:
                return True
        return False

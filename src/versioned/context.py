"""What all operations of one repository share."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime

from versioned import layout
from versioned.content import Content
from versioned.documents import dump, parse
from versioned.errors import InputTypeError, PreconditionFailedError, UnsafeStoreError
from versioned.steps import or_none
from versioned.stores.base import Attributes, Capabilities, ListedObject, ObjectInfo, Store

LEASE = 15 * 60.0
"""Seconds after which an announcement that was never taken back counts as a crash."""

UPLOAD_LEASE = 24 * 60 * 60.0
"""The same for uploads, which may take hours and can be resumed."""

JSON = Attributes(content_type="application/json")


def check_text(kind: str, text: object) -> None:
    """Raises InputTypeError unless it is a string or `None`."""
    if text is not None and not isinstance(text, str):
        raise InputTypeError(f"{kind} can't be {text!r}", hint="pass a string")


def boot_time() -> float:
    """A clock that nobody sets and that goes on while the machine sleeps, where there is one."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def _nobody(_name: str) -> None:
    """Nobody asked to be told."""


@dataclass(slots=True)
class Context:
    """A repository's store, its suffix, who acts, and the clock that waits.

    `sleep` and `monotonic` are the only clock that decides how long to wait; ages are told by
    the store's own clock. `on_change` is called with the name of an artifact after an alias of
    it was written or deleted, or a version published; it must not raise.
    """

    store: Store
    suffix: str = ""
    actor: str | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = boot_time
    on_change: Callable[[str], None] = _nobody
    _capabilities: Capabilities | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def capabilities(self) -> Capabilities:
        """What the store was proved to enforce: remembered, else recorded, else probed now.

        Raises UnsafeStoreError where not even create-only writes and compare-and-set are.
        """
        with self._lock:
            if self._capabilities is None:
                self._capabilities = self.store.capabilities or self._recorded() or self.probe()
        found = self._capabilities
        if not (found.create_only and found.compare_and_set):
            raise UnsafeStoreError(
                f"{self.store.uri('')} accepts conditional writes and does not enforce them",
                hint="use a bucket without versioning or another store, or open it with "
                "single_writer=True if nobody else ever writes",
            )
        return found

    def probe(self) -> Capabilities:
        """Try the store's conditions for real and record the outcome. Idempotent."""
        found = self.store.probe()
        record = {"format": 1, "capabilities": asdict(found), "at": stamp(self.store.now())}
        self.write(layout.REPOSITORY_KEY, dump(record))
        return found

    def reset_capabilities(self, found: Capabilities) -> None:
        """Forget what was remembered; the next operation goes by `found`."""
        self._capabilities = found

    def _recorded(self) -> Capabilities | None:
        raw = or_none(lambda: self.read(layout.REPOSITORY_KEY)[1])
        if raw is None:
            return None
        record = parse(layout.REPOSITORY_KEY, raw).mapping("capabilities")
        return Capabilities(**{f.name: record.flag(f.name) for f in fields(Capabilities)})

    def listed(self, folder: str, *, limit: int | None = None) -> list[ListedObject]:
        """The objects of a folder, or the first `limit`, without the empty one that a console
        draws a folder with."""
        asked = None if limit is None else limit + 1
        found = self.store.list_objects(folder, limit=asked)
        return [line for line in found if not line.key.endswith("/")][:limit]

    def read(self, key: str) -> tuple[ObjectInfo, bytes]:
        """A small object whole, in one request. Raises ObjectNotFoundError."""
        with self.store.get(key) as body:
            return body.info, b"".join(body)

    def write(
        self,
        key: str,
        data: bytes,
        *,
        attributes: Attributes = JSON,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> ObjectInfo:
        """A small object whole, in one request. Raises PreconditionFailedError."""
        with Content.open(data) as content:
            return self.store.put(
                key, content, attributes=attributes, if_absent=if_absent, if_match=if_match
            )

    def create_once(self, key: str, data: bytes) -> bool:
        """Whether this call created the object; if it was there already, nothing happens."""
        try:
            self.write(key, data, if_absent=True)
        except PreconditionFailedError:
            return False
        return True


def stamp(moment: datetime) -> str:
    """A time as ISO 8601 with microseconds, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def new_identity() -> str:
    """A random name that no other write has."""
    return secrets.token_hex(16)

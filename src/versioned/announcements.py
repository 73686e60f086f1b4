"""A deletion says what it will delete, waits, and only then looks who refers to it.

Whoever refers to a version reads the announcement first. Between them one of the two always
sees the other; `docs/design/deletion.md` has the argument. The latest announcement stays when
the deletion is done, so that a version seen before it was read is looked for once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from versioned import layout
from versioned.context import LEASE, Context, new_identity
from versioned.documents import Document, dump, parse
from versioned.errors import (
    ContaminatedError,
    DeletionInProgressError,
    InvalidVersionError,
    PreconditionFailedError,
)
from versioned.steps import or_none


@dataclass(frozen=True, slots=True)
class Announcement:
    """Versions that are being deleted, or were by the deletion that came last.

    `earlier` were deleted by the one before: a writer that looked in between learns of both.
    """

    identity: str
    versions: frozenset[str]
    earlier: frozenset[str]
    done: bool
    etag: str
    modified: datetime
    served: datetime

    @property
    def under_way(self) -> bool:
        """Whether the deletion may still be running; a crashed one counts until its lease ends."""
        return not self.done and (self.served - self.modified).total_seconds() < LEASE

    def refuse(self, name: str, versions: Iterable[str]) -> None:
        """Raises DeletionInProgressError for a version that is being deleted."""
        for version in versions:
            if version in self.versions and self.under_way:
                raise _in_progress(name, f"version {version} of {name!r} is being deleted")

    def mentions(self, versions: Iterable[str]) -> bool:
        """Whether one was deleted lately, so that seeing it before this was read proves nothing."""
        deleted = self.earlier | self.versions if self.done else self.earlier
        return not deleted.isdisjoint(versions)


def read_announcement(context: Context, name: str) -> Announcement | None:
    """The latest announcement of an artifact. One request. Raises ContaminatedError."""
    key = layout.announcement_key(name)
    found = or_none(lambda: context.read(key))
    if found is None:
        return None
    info, raw = found
    document = parse(key, raw)
    return Announcement(
        identity=document.text("identity"),
        versions=_numbers(document, "versions"),
        earlier=_numbers(document, "earlier"),
        done=document.flag("done"),
        etag=info.etag,
        modified=info.modified,
        served=info.served,
    )


def _numbers(document: Document, field: str) -> frozenset[str]:
    try:
        return frozenset(layout.normalize_version(v) for v in document.texts(field))
    except InvalidVersionError as error:
        raise ContaminatedError(
            f"{document.key!r}: {error.message}", hint="remove this object; it is only a notice"
        ) from error


@dataclass(frozen=True, slots=True)
class Deletion:
    """An announcement of one's own."""

    identity: str
    earlier: tuple[str, ...]
    etag: str


def announce(
    context: Context, name: str, versions: Iterable[str], before: Announcement | None
) -> Deletion:
    """Announce a deletion after the one that was read. Raises DeletionInProgressError."""
    if before and before.under_way:
        raise _in_progress(name, f"another deletion of {name!r} is under way")
    identity = new_identity()
    earlier = tuple(sorted(before.versions)) if before and before.done else ()
    body = _encode(identity, versions, earlier, done=False)
    try:
        info = context.write(
            layout.announcement_key(name),
            body,
            if_absent=before is None,
            if_match=before.etag if before else None,
        )
    except PreconditionFailedError as error:
        raise _in_progress(name, f"another deletion of {name!r} has just begun") from error
    return Deletion(identity, earlier, info.etag)


def conclude(context: Context, name: str, deletion: Deletion, deleted: Iterable[str]) -> None:
    """Say that it is done, and what was deleted in the end."""
    body = _encode(deletion.identity, deleted, deletion.earlier, done=True)
    context.write(layout.announcement_key(name), body, if_match=deletion.etag)


def close_crashed(
    context: Context, name: str, announcement: Announcement, gone: Iterable[str]
) -> None:
    """Conclude the deletion of somebody who crashed. Raises PreconditionFailedError."""
    earlier = tuple(sorted(announcement.earlier))
    conclude(context, name, Deletion(announcement.identity, earlier, announcement.etag), gone)


def _encode(identity: str, versions: Iterable[str], earlier: Iterable[str], *, done: bool) -> bytes:
    return dump(
        {
            "format": 1,
            "identity": identity,
            "versions": sorted(versions, key=int),
            "earlier": sorted(earlier, key=int),
            "done": done,
        }
    )


def _in_progress(name: str, message: str) -> DeletionInProgressError:
    return DeletionInProgressError(
        message, hint=f"repeat in a moment; after a crash: versioned doctor --mend {name}"
    )

"""Rows of the table of objects, and every statement that touches them."""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime, timedelta

from versioned.content import Content
from versioned.errors import PreconditionFailedError
from versioned.stores.base import Attributes, ListedObject, ObjectInfo, stored_metadata

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """An object: `blob` is the sha256 of its bytes, `modified` counts microseconds since 1970,
    `metadata` and `tags` are JSON."""

    key: str
    blob: str
    size: int
    etag: str
    modified: int
    metadata: str
    content_type: str | None
    tags: str

    def info(self) -> ObjectInfo:
        """What a store tells of this object now."""
        return ObjectInfo(
            key=self.key,
            size=self.size,
            etag=self.etag,
            modified=_moment(self.modified),
            served=datetime.now(UTC),
            metadata=json.loads(self.metadata),
            content_type=self.content_type,
            tag_count=len(json.loads(self.tags)),
        )


_COLUMNS = ", ".join(field.name for field in fields(Row))
_MARKS = ", ".join("?" for _ in fields(Row))


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def find(connection: sqlite3.Connection, key: str) -> Row | None:
    found = connection.execute(f"SELECT {_COLUMNS} FROM objects WHERE key = ?", (key,)).fetchone()  # noqa: S608 - our own names
    return None if found is None else Row(*found)


def check_condition(key: str, row: Row | None, *, if_absent: bool, if_match: str | None) -> None:
    """Raises PreconditionFailedError where what was found is not what was asked for."""
    if if_absent and row is not None:
        raise PreconditionFailedError(f"{key!r} is there already", hint="nothing was written")
    if if_match is not None and (row is None or row.etag != if_match):
        found = "is not there" if row is None else f"has the ETag {row.etag}"
        raise PreconditionFailedError(f"{key!r} {found}, not {if_match}", hint="read it again")


def new_row(key: str, content: Content, attributes: Attributes) -> Row:
    """A row for `replace_row`, which gives it its ETag and its time."""
    return Row(
        key=key,
        blob=content.sha256,
        size=content.size,
        etag="",
        modified=0,
        metadata=json.dumps(stored_metadata(attributes.metadata)),
        content_type=attributes.content_type,
        tags=json.dumps(dict(attributes.tags)),
    )


def replace_row(
    connection: sqlite3.Connection, row: Row, replaced: Row | None
) -> tuple[Row, list[str]]:
    """Write a row over the one found under its key, with an ETag that no other write has.

    Returns it as written, and the blobs that lost their last row.
    """
    now = (datetime.now(UTC) - _EPOCH) // _MICROSECOND
    row = replace(row, etag=f"{row.blob}-{secrets.token_hex(8)}", modified=now)
    connection.execute(f"REPLACE INTO objects ({_COLUMNS}) VALUES ({_MARKS})", astuple(row))  # noqa: S608 - our own names
    return row, _unreferenced(connection, replaced)


def remove_row(connection: sqlite3.Connection, row: Row) -> list[str]:
    """Delete a row; returns the blobs that lost their last one."""
    connection.execute("DELETE FROM objects WHERE key = ?", (row.key,))
    return _unreferenced(connection, row)


def _unreferenced(connection: sqlite3.Connection, former: Row | None) -> list[str]:
    if former is None or is_referenced(connection, former.blob):
        return []
    return [former.blob]


def is_referenced(connection: sqlite3.Connection, blob: str) -> bool:
    query = "SELECT 1 FROM objects WHERE blob = ? LIMIT 1"
    return connection.execute(query, (blob,)).fetchone() is not None


def referenced_blobs(connection: sqlite3.Connection, shard: str) -> set[str]:
    """Every blob in use whose name starts with two hex digits."""
    query = "SELECT DISTINCT blob FROM objects WHERE blob >= ? AND blob < ?"
    return {blob for (blob,) in connection.execute(query, (shard, f"{shard}g"))}


def listed(connection: sqlite3.Connection, prefix: str, limit: int | None) -> list[ListedObject]:
    """Objects below a prefix in the order of their keys' UTF-8 bytes."""
    # No key has the byte FF, so this range holds all keys with the prefix and no other.
    found = connection.execute(
        "SELECT key, size, etag, modified FROM objects "
        "WHERE key >= ? AND key < CAST(? AS TEXT) ORDER BY key LIMIT ?",
        (prefix, prefix.encode() + b"\xff", -1 if limit is None else limit),
    )
    return [ListedObject(key, size, etag, _moment(time)) for key, size, etag, time in found]


def folders(connection: sqlite3.Connection, prefix: str) -> list[str]:
    """The next components of all keys below a prefix that have one more slash, sorted; one
    look-up a folder."""
    names: list[str] = []
    comparison, bound = ">=", prefix
    while True:
        query = f"SELECT key FROM objects WHERE key {comparison} ? ORDER BY key LIMIT 1"  # noqa: S608 - one of two signs
        found = connection.execute(query, (bound,)).fetchone()
        if found is None or not found[0].startswith(prefix):
            return sorted(names)
        name, slash, _ = found[0][len(prefix) :].partition("/")
        if slash:
            names.append(name)
        # "0" follows "/": the first key behind everything in the folder.
        comparison, bound = (">=", f"{prefix}{name}0") if slash else (">", found[0])

"""What a hook has been told of one artifact: `docs/formats/events.md`. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from versioned.context import stamp
from versioned.documents import Document, dump, parse
from versioned.errors import ContaminatedError


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest change of an alias, or the newest version, that a hook knows of.

    `position` is its number. `identity` names the write, for a version it is the id of its
    event. `previous` is the SHA-256 of the ledger entry before. `revision` is the ETag that the
    alias, or the version, had then; empty where an earlier state was told, or a deletion.
    """

    position: int = 0
    identity: str = ""
    previous: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The marks of one hook in one artifact."""

    published: Mark = field(default_factory=Mark)
    aliases: Mapping[str, Mark] = field(default_factory=dict)

    def moved(self, alias: str | None, mark: Mark) -> Cursor:
        """The cursor with one mark moved: that of an alias, or of the versions for `None`."""
        if alias is None:
            return replace(self, published=mark)
        return replace(self, aliases={**self.aliases, alias: mark})


def encode_cursor(cursor: Cursor, *, hook: str, artifact: str, at: str) -> bytes:
    """The document of a cursor."""
    return dump(
        {
            "format": 1,
            "hook": hook,
            "artifact": artifact,
            "at": at,
            "published": asdict(cursor.published),
            "aliases": {alias: asdict(mark) for alias, mark in cursor.aliases.items()},
        }
    )


def decode_cursor(key: str, raw: bytes) -> Cursor | None:
    """`None` for a damaged document: then it is as if the hook had been told nothing."""
    try:
        document = parse(key, raw)
        aliases = document.mapping("aliases")
        return Cursor(
            published=_mark(document.mapping("published")),
            aliases={alias: _mark(aliases.mapping(alias)) for alias in aliases.data},
        )
    except ContaminatedError:
        return None


def _mark(document: Document) -> Mark:
    return Mark(
        position=document.integer("position"),
        identity=document.text("identity"),
        previous=document.text("previous"),
        revision=document.text("revision"),
    )


def encode_since(hook: str, since: datetime) -> bytes:
    """The document that says from when on a hook is told."""
    return dump({"format": 1, "hook": hook, "since": stamp(since)})


def decode_since(key: str, raw: bytes) -> datetime:
    """Raises ContaminatedError."""
    text = parse(key, raw).text("since")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ContaminatedError(
            f"{key!r}: {text!r} is not a time",
            hint="restore it, or remove that object: then the hook begins anew",
        ) from error

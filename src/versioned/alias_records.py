"""How alias states and ledger entries are written: `docs/formats/aliases.md`. Pure: no I/O.

The file holds exactly the eight fields of the public format, so the other package can read it.
What it has no field for (who, why, which bytes, which ledger position) travels as the user
metadata `versioned-event` of the same object, so both change in one write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from versioned import layout
from versioned.context import stamp
from versioned.documents import Document, dump, dump_header, parse
from versioned.errors import ContaminatedError, InvalidInputError, InvalidVersionError
from versioned.models import Alias, LedgerEntry
from versioned.stores.base import Attributes, ObjectInfo

EVENT_KEY = "versioned-event"
_FAR_FUTURE = datetime(9000, 1, 1, tzinfo=UTC)
_EVENT_LIMIT = 1800
"""Bytes of the event as a header; S3 takes 2048 of user metadata in all."""


@dataclass(frozen=True, slots=True)
class Event:
    """Who wrote an alias state and why, and where the ledger stood before it.

    `position` and `previous` are the newest ledger entry and the SHA-256 of its body; 0 and
    empty where there is none. `deleting` marks a state that is about to be deleted.
    """

    identity: str
    position: int
    previous: str
    by: str | None = None
    message: str | None = None
    sha256: str | None = None
    secondary_sha256: str | None = None
    restores: str | None = None
    deleting: bool = False


@dataclass(frozen=True, slots=True)
class HeldAlias:
    """An alias as it lies in the store. `event` is `None` where another tool wrote it."""

    alias: Alias
    event: Event | None
    modified: datetime
    served: datetime

    @property
    def identity(self) -> str:
        """The name of the write that made this state, the same for all who look."""
        if self.event:
            return self.event.identity
        return f"foreign-{self.alias.revision}-{stamp(self.modified)}"


def encode_alias(alias: Alias) -> bytes:
    """The file of an alias: the eight fields of the public format."""
    return dump(
        {
            "name": alias.name,
            "alias": alias.alias,
            "update_at": alias.update_at,
            "version": alias.version,
            "secondary_version": alias.secondary_version,
            "secondary_version_weight": alias.secondary_version_weight,
            "version_s3uri": alias.version_uri,
            "secondary_version_s3uri": alias.secondary_version_uri,
        }
    )


def event_attributes(event: Event) -> Attributes:
    """The metadata of an alias file. Raises InvalidInputError where it does not fit."""
    header = dump_header(
        {
            name: value
            for name in Event.__slots__
            if (value := getattr(event, name)) is not None and value is not False
        }
    )
    if len(header) > _EVENT_LIMIT:
        raise InvalidInputError(
            f"the message needs {len(header) - _EVENT_LIMIT} bytes more than S3 has room for",
            hint="say it shorter, or put a link",
        )
    return Attributes(metadata={EVENT_KEY: header}, content_type="application/json")


def decode_alias(
    name: str, alias: str, raw: bytes, info: ObjectInfo, uri: Callable[[str], str]
) -> HeldAlias:
    """Read an alias file; `uri` gives the address of a version. Raises ContaminatedError."""
    document = parse(info.key, raw)
    event = _decode_event(info)
    version = _version(document, "version")
    secondary = document.text_or_none("secondary_version") and _version(
        document, "secondary_version"
    )
    weight = document.data.get("secondary_version_weight")
    if secondary is None:
        weight = None
    elif not isinstance(weight, int) or isinstance(weight, bool) or not 0 <= weight < 100:  # noqa: PLR2004
        raise ContaminatedError(
            f"{info.key!r}: the weight {weight!r} is not from 0 to 99",
            hint="versioned doctor --mend sets it aside; then put it again",
        )
    document.text("version_s3uri")
    return HeldAlias(
        alias=Alias(
            name=name,
            alias=alias,
            update_at=_moment(document.data.get("update_at"), info),
            version=version,
            secondary_version=secondary,
            secondary_version_weight=weight,
            version_uri=uri(version),
            secondary_version_uri=secondary and uri(secondary),
            sha256=event.sha256 if event else None,
            secondary_sha256=event.secondary_sha256 if event else None,
            by=event.by if event else None,
            message=event.message if event else None,
            revision=info.etag,
        ),
        event=event,
        modified=info.modified,
        served=info.served,
    )


def _version(document: Document, field: str) -> str:
    try:
        return layout.normalize_version(document.text(field))
    except InvalidVersionError as error:
        raise ContaminatedError(
            f"{document.key!r}: {error.message}",
            hint="versioned doctor --mend sets it aside; then put it again",
        ) from error


def _sha256(document: Document, field: str) -> str | None:
    text = document.text_or_none(field)
    return None if text is None else layout.validate_sha256(document.key, text)


def _moment(written: object, info: ObjectInfo) -> str:
    """The other package writes `unknown`: then the store's own time is all there is."""
    try:
        moment = datetime.fromisoformat(written) if isinstance(written, str) else info.modified
        in_order = moment.tzinfo is not None and moment <= _FAR_FUTURE
        return stamp(moment if in_order else info.modified)
    except (ValueError, OverflowError):
        return stamp(info.modified)


def _decode_event(info: ObjectInfo) -> Event | None:
    raw = info.metadata.get(EVENT_KEY)
    if raw is None:
        return None
    document = parse(info.key, raw)
    return Event(
        identity=document.text("identity"),
        position=document.integer("position"),
        previous=document.text("previous"),
        by=document.text_or_none("by"),
        message=document.text_or_none("message"),
        sha256=_sha256(document, "sha256"),
        secondary_sha256=_sha256(document, "secondary_sha256"),
        restores=document.text_or_none("restores"),
        deleting=document.data.get("deleting") is True,
    )


def digest(body: bytes) -> str:
    """What links a ledger entry to the one before it."""
    return hashlib.sha256(body).hexdigest()


def encode_put_entry(held: HeldAlias, position: int, previous: str) -> bytes:
    """The ledger entry of a superseded state: the same bytes for all who write it."""
    alias, event = held.alias, held.event
    return dump(
        {
            "format": 1,
            "artifact": alias.name,
            "alias": alias.alias,
            "action": "put",
            "position": position,
            "previous": previous,
            "at": alias.update_at,
            "by": alias.by,
            "message": alias.message,
            "identity": held.identity,
            "restores": event.restores if event else None,
            "state": {
                "version": alias.version,
                "secondary_version": alias.secondary_version,
                "secondary_version_weight": alias.secondary_version_weight,
                "sha256": alias.sha256,
                "secondary_sha256": alias.secondary_sha256,
            },
        }
    )


def encode_delete_entry(
    name: str,
    alias: str,
    *,
    position: int,
    previous: str,
    at: str,
    by: str | None,
    message: str | None,
    identity: str,
) -> bytes:
    """The ledger entry that says that an alias was deleted."""
    fields: dict[str, Any] = {
        "format": 1,
        "artifact": name,
        "alias": alias,
        "action": "delete",
        "position": position,
        "previous": previous,
        "at": at,
        "by": by,
        "message": message,
        "identity": identity,
        "restores": None,
        "state": None,
    }
    return dump(fields)


def entry_of(held: HeldAlias) -> LedgerEntry:
    """The current state in the shape of a ledger entry."""
    alias = held.alias
    return LedgerEntry(
        name=alias.name,
        alias=alias.alias,
        action="put",
        at=alias.update_at,
        by=alias.by,
        message=alias.message,
        position=None,
        identity=held.identity,
        state=alias,
        restores=held.event.restores if held.event else None,
    )


def decode_entry(key: str, raw: bytes, uri: Callable[[str], str]) -> LedgerEntry:
    """Read a ledger entry. Raises ContaminatedError."""
    document = parse(key, raw)
    name, alias, at = document.text("artifact"), document.text("alias"), document.text("at")
    state = document.mapping_or_none("state")
    held: Alias | None = None
    if state is not None:
        version = _version(state, "version")
        secondary = state.text_or_none("secondary_version") and _version(state, "secondary_version")
        held = Alias(
            name=name,
            alias=alias,
            update_at=at,
            version=version,
            secondary_version=secondary,
            secondary_version_weight=state.integer("secondary_version_weight")
            if secondary
            else None,
            version_uri=uri(version),
            secondary_version_uri=secondary and uri(secondary),
            sha256=_sha256(state, "sha256"),
            secondary_sha256=_sha256(state, "secondary_sha256"),
            by=document.text_or_none("by"),
            message=document.text_or_none("message"),
        )
    return LedgerEntry(
        name=name,
        alias=alias,
        action="put" if held else "delete",
        at=at,
        by=document.text_or_none("by"),
        message=document.text_or_none("message"),
        position=document.integer("position"),
        identity=document.text("identity"),
        state=held,
        restores=document.text_or_none("restores"),
    )

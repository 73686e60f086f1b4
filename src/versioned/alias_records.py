"""How alias states are written: `docs/formats/aliases.md`. Pure: no I/O.

The file holds exactly the eight fields of the public format, so the other package can read it.
What it has no field for (who, why, which bytes, which ledger position) travels as the user
metadata `versioned-event` of the same object, so both change in one write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from versioned.alias_fields import (
    decode_cause,
    decode_split,
    encode_cause,
    encode_split,
    read_sha256,
    read_version,
)
from versioned.context import stamp
from versioned.documents import dump, dump_header, parse
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.models import FULL_WEIGHT, Alias, Canary, Cause
from versioned.routing import BUCKETS
from versioned.stores.base import Attributes, ObjectInfo

EVENT_KEY = "versioned-event"
_FAR_FUTURE = datetime(9000, 1, 1, tzinfo=UTC)
_EVENT_LIMIT = 1800
"""Bytes of the event as a header; S3 takes 2048 of user metadata in all."""


@dataclass(frozen=True, slots=True)
class Event:
    """Who wrote an alias state and why, and where the ledger stood before it.

    `position` and `previous` are the newest ledger entry and the SHA-256 of its body; 0 and
    empty where there is none. `split` is that of the alias, without URIs. `deleting` marks a
    state that is about to be deleted.
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
    split: tuple[Canary, ...] = ()
    cause: Cause | None = None


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
    fields = {name: getattr(event, name) for name in Event.__slots__}
    fields |= {"split": encode_split(event.split), "cause": encode_cause(event.cause)}
    header = dump_header({k: v for k, v in fields.items() if v is not None and v is not False})
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
    version = read_version(document, "version")
    secondary = document.text_or_none("secondary_version") and read_version(
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
    split = _split_that_fits(event, secondary, weight, uri)
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
            split=split,
        ),
        event=event,
        modified=info.modified,
        served=info.served,
    )


def _split_that_fits(
    event: Event | None, secondary: str | None, weight: int | None, uri: Callable[[str], str]
) -> tuple[Canary, ...]:
    """The split of an event, unless another tool kept the event and changed the file."""
    if event is None or not event.split:
        return ()
    first = event.split[0]
    if (first.version, first.basis_points * FULL_WEIGHT // BUCKETS) != (secondary, weight):
        return ()
    return tuple(replace(canary, uri=uri(canary.version)) for canary in event.split)


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
        sha256=read_sha256(document, "sha256"),
        secondary_sha256=read_sha256(document, "secondary_sha256"),
        restores=document.text_or_none("restores"),
        deleting=document.data.get("deleting") is True,
        split=decode_split(document, str),
        cause=decode_cause(document),
    )

"""How ledger entries are written: `docs/formats/aliases.md`. Pure: no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from versioned.alias_fields import (
    decode_cause,
    decode_split,
    encode_cause,
    encode_split,
    read_sha256,
    read_version,
)
from versioned.alias_records import HeldAlias
from versioned.documents import dump, parse
from versioned.models import Alias, Cause, LedgerEntry


def digest(body: bytes) -> str:
    """What links a ledger entry to the one before it."""
    return hashlib.sha256(body).hexdigest()


def encode_put_entry(held: HeldAlias, position: int, previous: str) -> bytes:
    """The ledger entry of a superseded state: the same bytes for all who write it."""
    alias, event = held.alias, held.event
    state: dict[str, Any] = {
        "version": alias.version,
        "secondary_version": alias.secondary_version,
        "secondary_version_weight": alias.secondary_version_weight,
        "sha256": alias.sha256,
        "secondary_sha256": alias.secondary_sha256,
    }
    if alias.split:
        state["split"] = encode_split(alias.split)
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
            "state": state,
        }
        | _cause_field(event.cause if event else None)
    )


def _cause_field(cause: Cause | None) -> dict[str, Any]:
    return {"cause": encode_cause(cause)} if cause else {}


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
    cause: Cause | None,
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
    return dump(fields | _cause_field(cause))


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
        cause=held.event.cause if held.event else None,
    )


def decode_entry(key: str, raw: bytes, uri: Callable[[str], str]) -> LedgerEntry:
    """Read a ledger entry. Raises ContaminatedError."""
    document = parse(key, raw)
    name, alias, at = document.text("artifact"), document.text("alias"), document.time("at")
    state = document.mapping_or_none("state")
    held: Alias | None = None
    if state is not None:
        version = read_version(state, "version")
        secondary = state.text_or_none("secondary_version") and read_version(
            state, "secondary_version"
        )
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
            sha256=read_sha256(state, "sha256"),
            secondary_sha256=read_sha256(state, "secondary_sha256"),
            by=document.text_or_none("by"),
            message=document.text_or_none("message"),
            split=decode_split(state, uri),
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
        cause=decode_cause(document),
    )

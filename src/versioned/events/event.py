"""What a hook is told of a change: a CloudEvents 1.0 document. Pure: no I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from versioned.documents import dump
from versioned.models import Artifact, Canary, LedgerEntry, Operation
from versioned.targets import shares_of

VERSION_PUBLISHED = "versioned.version.published"
ALIAS_PUT = "versioned.alias.put"
ALIAS_DELETED = "versioned.alias.deleted"
_BY_OPERATION: dict[Operation, str] = {
    "promote": "versioned.alias.promoted",
    "demote": "versioned.alias.demoted",
    "rollback": "versioned.alias.rolledback",
    "rollout": "versioned.alias.rolledout",
}
TYPES = (VERSION_PUBLISHED, ALIAS_PUT, *_BY_OPERATION.values(), ALIAS_DELETED)
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one artifact.

    `id` are 32 hex digits, the same whoever tells it and however often; `type` is one of
    `TYPES`; `time` is ISO 8601 in UTC; `source` is the repository's URI; `subject` is what
    changed, as `app@prod` or `app@12`; `data` is ready for JSON, see `docs/formats/events.md`.
    """

    id: str
    type: str
    time: str
    artifact: str
    subject: str
    source: str
    data: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The CloudEvents document."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": self.time,
            "subject": self.subject,
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }

    def encode(self) -> bytes:
        """The document as it is sent, in ASCII."""
        return dump(self.to_dict())


def alias_event(
    source: str, position: int, entry: LedgerEntry, before: LedgerEntry | None
) -> Event:
    """The event of a change of an alias; `before` is the change with the number before, where
    there is one."""
    cause = entry.cause
    data = {
        "artifact": entry.name,
        "alias": entry.alias,
        "position": position,
        "version": entry.state.version if entry.state else None,
        "sha256": entry.state.sha256 if entry.state else None,
        "operation": cause.operation if cause else entry.action,
        "by": entry.by,
        "message": entry.message,
        "overrides": list(cause.overrides) if cause else [],
        "rollout": cause.rollout if cause else None,
        "serial": cause.serial if cause else None,
        "restores": entry.restores,
        "before": _state(before),
        "after": _state(entry),
    }
    return Event(
        id=_id_of(entry.identity),
        type=_type_of(entry),
        time=entry.at,
        artifact=entry.name,
        subject=f"{entry.name}@{entry.alias}",
        source=source,
        data=data,
    )


def version_event(source: str, artifact: Artifact, by: str | None) -> Event:
    """The event of a published version."""
    data = {
        "artifact": artifact.name,
        "version": artifact.version,
        "sha256": artifact.sha256,
        "size": artifact.size,
        "uri": artifact.uri,
        "by": by,
    }
    return Event(
        id=version_id(artifact),
        type=VERSION_PUBLISHED,
        time=artifact.update_at,
        artifact=artifact.name,
        subject=f"{artifact.name}@{artifact.version}",
        source=source,
        data=data,
    )


def version_id(artifact: Artifact) -> str:
    """The id of a version's event: it follows from the artifact, the number and the bytes."""
    return _digest(f"{artifact.name}\n{artifact.version}\n{artifact.sha256}")


def _id_of(identity: str) -> str:
    """Writes of other tools have identities with dots, which a signature must not meet."""
    return identity if _ID.fullmatch(identity) else _digest(identity)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _type_of(entry: LedgerEntry) -> str:
    if entry.action == "delete":
        return ALIAS_DELETED
    return _BY_OPERATION[entry.cause.operation] if entry.cause else ALIAS_PUT


def _state(entry: LedgerEntry | None) -> dict[str, Any] | None:
    if entry is None or entry.state is None:
        return None
    state = entry.state
    shares = [Canary(v, points, "", state.sha256_of(v)) for v, points in shares_of(state)]
    return {
        "version": state.version,
        "sha256": state.sha256,
        "shares": [
            {"version": s.version, "basis_points": s.basis_points, "sha256": s.sha256}
            for s in shares
        ],
    }

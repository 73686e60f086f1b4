"""Fields that the files of aliases and ledger entries share: `docs/formats/aliases.md`. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from versioned import layout, naming
from versioned.documents import Document
from versioned.errors import ContaminatedError, InvalidVersionError
from versioned.models import OPERATIONS, Canary, Cause
from versioned.routing import BUCKETS


def read_version(document: Document, field: str) -> str:
    try:
        return layout.normalize_version(document.text(field))
    except InvalidVersionError as error:
        raise ContaminatedError(
            f"{document.key!r}: {error.message}",
            hint="versioned doctor --mend sets it aside; then put it again",
        ) from error


def read_sha256(document: Document, field: str) -> str | None:
    text = document.text_or_none(field)
    return None if text is None else naming.validate_sha256(document.key, text)


def encode_split(split: tuple[Canary, ...]) -> list[list[Any]] | None:
    return [[c.version, c.basis_points, c.sha256] for c in split] or None


def decode_split(document: Document, uri: Callable[[str], str]) -> tuple[Canary, ...]:
    found: list[Canary] = []
    for line in document.lists("split"):
        match line:
            case [str() as version, int() as points, str() | None as sha256] if (
                0 <= points < BUCKETS and not isinstance(points, bool)
            ):
                known = sha256 and naming.validate_sha256(document.key, sha256)
                normal = read_version(Document(document.key, {"split": version}), "split")
                found.append(Canary(normal, points, uri(normal), known))
            case _:
                raise ContaminatedError(
                    f"{document.key!r}: {line!r} is not a share of a split",
                    hint="versioned doctor --mend sets it aside; then put it again",
                )
    if sum(canary.basis_points for canary in found) >= BUCKETS:
        raise ContaminatedError(
            f"{document.key!r}: its canaries have more than all of the traffic",
            hint="versioned doctor --mend sets it aside; then put it again",
        )
    return tuple(found)


def encode_cause(cause: Cause | None) -> dict[str, Any] | None:
    if cause is None:
        return None
    fields = {**asdict(cause), "overrides": list(cause.overrides) or None}
    return {name: value for name, value in fields.items() if value is not None}


def decode_cause(document: Document) -> Cause | None:
    cause = document.mapping_or_none("cause")
    if cause is None:
        return None
    operation = cause.text("operation")
    if operation not in OPERATIONS:
        raise ContaminatedError(
            f"{document.key!r}: {operation!r} is not an operation", hint="update this program"
        )
    return Cause(
        operation=operation,
        overrides=tuple(cause.texts("overrides")) if "overrides" in cause.data else (),
        rollout=cause.text_or_none("rollout"),
        serial=cause.integer("serial") if "serial" in cause.data else None,
    )

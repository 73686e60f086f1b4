"""JSON documents read with suspicion: every field is checked, every fault names its key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from versioned.errors import ContaminatedError


class Document:
    """A JSON object under a key of the repository; its readers raise ContaminatedError."""

    def __init__(self, key: str, data: Mapping[str, Any]) -> None:
        self.key = key
        self.data = data

    def text(self, field: str) -> str:
        value = self._field(field)
        if not isinstance(value, str):
            raise self._fault(field, "a string")
        return value

    def text_or_none(self, field: str) -> str | None:
        return None if self.data.get(field) is None else self.text(field)

    def time(self, field: str) -> str:
        """A time with its offset, as it was written."""
        text = self.text(field)
        if not is_time(text):
            raise self._fault(field, "a time")
        return text

    def integer(self, field: str) -> int:
        value = self._field(field)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._fault(field, "an integer")
        return value

    def flag(self, field: str) -> bool:
        value = self._field(field)
        if not isinstance(value, bool):
            raise self._fault(field, "true or false")
        return value

    def mapping(self, field: str) -> Document:
        value = self._field(field)
        if not isinstance(value, dict):
            raise self._fault(field, "an object")
        return Document(self.key, value)

    def mapping_or_none(self, field: str) -> Document | None:
        return None if self.data.get(field) is None else self.mapping(field)

    def texts(self, field: str) -> list[str]:
        value = self._field(field)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._fault(field, "a list of strings")
        return value

    def lists(self, field: str) -> list[list[Any]]:
        """Empty where the field is missing."""
        value = self.data.get(field, [])
        if not isinstance(value, list) or not all(isinstance(v, list) for v in value):
            raise self._fault(field, "a list of lists")
        return value

    def _field(self, field: str) -> Any:  # noqa: ANN401 - JSON is anything until it was checked
        if field not in self.data:
            raise ContaminatedError(
                f"{self.key!r} has no field {field!r}",
                hint=_remedy(self.key),
            )
        return self.data[field]

    def _fault(self, field: str, wanted: str) -> ContaminatedError:
        return ContaminatedError(
            f"{self.key!r}: {field!r} is not {wanted}",
            hint=_remedy(self.key),
        )


def _remedy(key: str) -> str:
    if "/aliases/" in key:
        return "restore it, or let versioned doctor --mend set it aside; then put it again"
    if "/rollouts/" in key:
        return "restore it, or remove it: its alias stays as it is, and a new rollout can start"
    return "restore it from a backup"


def is_time(text: str) -> bool:
    """Whether it is an ISO 8601 time with an offset, which can be told in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return moment.tzinfo is not None


def parse(key: str, raw: bytes | str) -> Document:
    """Raises ContaminatedError for anything but a JSON object in UTF-8."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ContaminatedError(
            f"{key!r} is not JSON: {error}",
            hint=_remedy(key),
        ) from error
    if not isinstance(data, dict):
        raise ContaminatedError(f"{key!r} is not a JSON object", hint=_remedy(key))
    return Document(key, data)


def dump(data: Mapping[str, Any]) -> bytes:
    """The one way in which a document is written: sorted, compact, ASCII."""
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def dump_header(data: Mapping[str, Any]) -> str:
    """A document that survives as an HTTP header: no space is left for a server to fold."""
    return dump(data).decode().replace(" ", "\\u0020")

"""Numbers, times and states in the words of people. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from versioned.models import Alias, Artifact, Cause

SHORT_SHA = 12
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_KIBI = 1024


def safe(text: str) -> str:
    """The text with everything escaped that a terminal might obey: control characters, line
    breaks, characters that turn the direction of writing."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode()
        for c in text
    )


def size_words(count: int) -> str:
    """`512 B`, `12.0 KiB`, `3.4 GiB`."""
    if count < _KIBI:
        return f"{count} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= _KIBI
        if amount < _KIBI - 0.05:
            return f"{amount:.1f} {unit}"
    return f"{amount / _KIBI:.1f} PiB"


def age_words(moment: datetime, now: datetime) -> str:
    """`now` within a minute, then `5m`, `3h`, `12d`."""
    seconds = int((now - moment).total_seconds())
    for length, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return "now"


def age_of(thing: Artifact | Alias) -> str:
    """How long ago a version or an alias was written, by this machine's clock."""
    return age_words(thing.update_datetime, datetime.now(UTC))


def time_words(stamp: str) -> str:
    """An ISO 8601 time as `2026-03-01 17:05:09Z`."""
    moment = datetime.fromisoformat(stamp).astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def content_words(artifact: Artifact) -> str:
    """The size of a version and the start of its sha256."""
    return f"{size_words(artifact.size)}, sha256 {artifact.sha256[:SHORT_SHA]}"


def count_words(count: int, noun: str) -> str:
    """`1 version`, `2 versions`, `3 aliases`, `4 entries`."""
    if count == 1:
        return f"1 {noun}"
    if noun.endswith("y"):
        return f"{count:,} {noun.removesuffix('y')}ies"
    return f"{count:,} {noun}{'es' if noun.endswith('s') else 's'}"


def cause_words(cause: Cause) -> str:
    """`promote`, `promote (forced past soak, integration)`."""
    forced = f" (forced past {', '.join(cause.overrides)})" if cause.overrides else ""
    return f"{cause.operation}{forced}"


def ref(name: str, version: str) -> str:
    return f"{name}@{version}"

"""What a client wants and what it has already, as its headers say (RFC 9110). Pure."""

from __future__ import annotations

from collections.abc import Sequence


def choose(accept: str | None, offered: Sequence[str]) -> str | None:
    """The offered media type that is wanted most, the first of several; `None` where none is."""
    ranges = [_parsed(one) for one in (accept or "").split(",") if one.strip()]
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda one: _quality(one, ranges))
    return best if _quality(best, ranges) > 0 else None


def _parsed(text: str) -> tuple[str, float]:
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return media, min(1.0, max(0.0, float(quality)))
    except ValueError:
        return media, 0.0


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """That of the most precise range that covers it."""
    covering = (media, f"{media.partition('/')[0]}/*", "*/*")
    return next((q for wanted in covering for one, q in ranges if one == wanted), 0.0)


def names_etag(if_none_match: str | None, etag: str) -> bool:
    """Whether a client has this already. A proxy that packs pages makes an ETag weak."""
    held = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return etag in held or held == ["*"]

"""Fields that the documents of a pipeline share, checked on their way in and out. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from versioned import layout, naming
from versioned.context import check_text
from versioned.documents import Document
from versioned.errors import ContaminatedError, InvalidInputError

FORMAT = 1
MAX_TEXT = 2000


def check_note(kind: str, text: str | None) -> None:
    """Raises InputTypeError for what is no text, InvalidInputError for one that is too long."""
    check_text(kind, text)
    if text is not None and len(text) > MAX_TEXT:
        raise InvalidInputError(
            f"the {kind} has {len(text)} characters, not at most {MAX_TEXT}",
            hint="say it shorter, or put a link",
        )


def check_url(url: str | None) -> None:
    """Raises InvalidInputError for anything but a printable address of the web."""
    check_note("url", url)
    if url is None:
        return
    try:
        parts = urlsplit(url)
        proper = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        proper = False
    if not proper or not url.isprintable() or " " in url:
        raise InvalidInputError(
            f"{url!r} is not the address of a report", hint="it starts with https:// or http://"
        )


def read_link(document: Document) -> str:
    """The SHA-256 of the document before, empty for the first. Raises ContaminatedError."""
    previous = document.text("previous")
    return naming.validate_sha256(document.key, previous) if previous else previous


def check_format(document: Document) -> None:
    """Raises ContaminatedError for what a newer program wrote."""
    if document.integer("format") != FORMAT:
        raise ContaminatedError(
            f"{document.key!r} is written in a way that this program doesn't know",
            hint="update it",
        )


def check_place(document: Document, folder: str, position: int) -> None:
    """Raises ContaminatedError for a document that lies under another key than it says: who may
    write to one room must not speak for another."""
    key = layout.entry_key(folder, position)
    if document.key != key:
        raise ContaminatedError(
            f"{document.key!r} says of itself that it is {key!r}",
            hint="something else wrote it; record it again",
        )

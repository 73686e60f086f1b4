"""From a text that names an image to what it uses; also with variables in it. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from versioned.images.errors import InvalidImageError
from versioned.images.reference import ImageReference
from versioned.images.sources.base import ImageUse

Lookup = Callable[[str], str | None]
"""The value of a variable, or of a template's expression; `None` where it is not known."""

_UNKNOWN = "\0"
_MAX_LENGTH = 4096
_SCHEME = re.compile(r"(?:docker|oci)://")
_START = re.compile(r"\$\$|\$(?P<name>[A-Za-z_]\w*)|(?P<braces>\$\{)|(?P<template>\{\{)")
_BRACES = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:(?P<operator>:?[-?+])(?P<argument>.*))?", re.DOTALL)
_PINNED = re.compile(r".*?(?P<tag>:[^\0:@/]+)?(?P<digest>@[^\0@]+)?", re.DOTALL)
_LABEL = r"[a-zA-Z0-9][a-zA-Z0-9-]{0,62}"
_QUALIFIED = re.compile(
    r"(?:(?<=docker://)|(?<=oci://)|(?<![\w./:@$-]))"
    rf"(?:(?:{_LABEL}\.)+{_LABEL}(?::\d{{1,5}})?|{_LABEL}:\d{{1,5}})"
    r"(?:/[a-z0-9._-]{1,128}){1,16}"
    r"(?::\w(?:[\w.-]{0,126}\w)?)?(?:@sha256:[0-9a-f]{64})?"
    r"(?![\w/:@-])"
)
_DIGEST = re.compile(r"(?<![\w-])sha256:[0-9a-f]{64}(?![\w])")


def nothing_known(_name: str) -> None:
    """The lookup where no variable has a value."""


def uses_of_text(text: str, user: str, lookup: Lookup = nothing_known) -> list[ImageUse]:
    """What a text uses that has to be an image: `app:1.4`, `${REGISTRY:-host}/app:$TAG`,
    `app:{{ .Values.tag }}`.

    Where the tag depends on a variable, whatever its value is now, the whole repository counts.
    Raises InvalidImageError for a text that is no image, or whose repository is not known.
    """
    text = _SCHEME.sub("", text.strip(), count=1)
    if len(text) > _MAX_LENGTH:
        raise InvalidImageError(f"{text[:80]!r}... is no image", hint="it is too long for one")
    pieces = list(_pieces(text, lookup))
    known = "".join(_UNKNOWN if value is None else value for value, _ in pieces)
    literal = "".join(value if value and fixed else _UNKNOWN for value, fixed in pieces)
    pinned = _PINNED.fullmatch(literal)
    if _UNKNOWN not in literal or (
        _UNKNOWN not in known and pinned and (pinned["tag"] or pinned["digest"])
    ):
        return [ImageUse.of(known, user)]
    name = known.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    name = f"{folder}{slash}{last.partition(':')[0]}"
    if _UNKNOWN in name or not name:
        raise InvalidImageError(
            f"{text[:120]!r} does not tell which repository it means",
            hint="write the registry and the repository out, or give the variables defaults",
        )
    return [ImageUse.of(name, user)]


def uses_within(text: str, user: str) -> Iterator[ImageUse]:
    """Whatever a text names that is an image for certain: in full, with a registry, a repository
    and a tag; or by a digest."""
    for digest in _DIGEST.findall(text):
        yield ImageUse(user, digest=digest)
    for match in _QUALIFIED.finditer(text) if "/" in text else ():
        try:
            image = ImageReference.parse(match[0])
        except InvalidImageError:
            continue
        if image.tag or image.digest:
            yield ImageUse.of(image, user)


def _pieces(text: str, lookup: Lookup) -> Iterator[tuple[str | None, bool]]:
    """Values in order, `None` for one that is not known, each with whether it stands there."""
    position = 0
    for match in _START.finditer(text):
        if match.start() < position:
            continue
        if match.start() > position:
            yield text[position : match.start()], True
        position = match.end()
        if match["name"]:
            yield lookup(match["name"]), False
        elif match["template"]:
            position = _end(text, position, "}}", None)
            yield lookup(text[match.end() : position - 2].strip(" -")), False
        elif match["braces"]:
            position = _end(text, position, "}", "${")
            yield _of_braces(text[match.end() : position - 1], lookup), False
        else:
            yield "$", True
    if position < len(text):
        yield text[position:], True


def _end(text: str, start: int, closing: str, opening: str | None) -> int:
    """Where what was opened before `start` ends, with others inside it."""
    depth, position = 1, start
    while depth:
        if text.startswith(closing, position):
            depth -= 1
            position += len(closing)
        elif opening and text.startswith(opening, position):
            depth += 1
            position += len(opening)
        elif position >= len(text):
            raise InvalidImageError(f"{text[:120]!r} is no image: {closing!r} is missing", hint="")
        else:
            position += 1
    return position


def _of_braces(inner: str, lookup: Lookup) -> str | None:
    match = _BRACES.fullmatch(inner)
    if not match:
        raise InvalidImageError(
            f"'${{{inner[:120]}}}' is no variable", hint="use ${NAME} or ${NAME:-default}"
        )
    value, operator = lookup(match["name"]), match["operator"] or ""
    if operator.endswith("+"):
        return None  # it depends on whether the variable is set
    if value or (value is not None and not operator.startswith(":")):
        return value
    if operator.endswith("-"):
        parts = [part for part, _ in _pieces(match["argument"], lookup)]
        return None if None in parts else "".join(part or "" for part in parts)
    return None

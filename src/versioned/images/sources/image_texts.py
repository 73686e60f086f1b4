"""From a text that names an image to what it uses; also with variables in it. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from versioned.images.errors import InvalidImageError
from versioned.images.reference import ImageReference
from versioned.images.sources.base import ImageUse

Lookup = Callable[[str], str | None]
"""The value of a variable, or of a template's expression; `None` where it is not known."""

_Piece = tuple[str | None, bool]
_UNKNOWN = "\0"
_MAX_LENGTH = 4096
_SCHEME = re.compile(r"(?:docker|oci)://")
_START = re.compile(r"\$\$|\$(?P<name>[A-Za-z_]\w*)|(?P<braces>\$\{)|(?P<template>\{\{)")
_BRACES = re.compile(r"(?P<name>[A-Za-z_]\w*)(?:(?P<operator>:?[-?+])(?P<argument>.*))?", re.DOTALL)
_PINNED = re.compile(r".*?(?P<tag>:[^\0:@/]+)?(?P<digest>@[^\0@]+)?", re.DOTALL)
_LABEL = r"[a-zA-Z0-9][a-zA-Z0-9-]{0,62}"
_QUALIFIED = re.compile(
    r"(?:(?<=docker://)|(?<=oci://)|(?<![\w./:@$-]))"
    rf"(?P<name>(?>(?:{_LABEL}\.)+{_LABEL}(?::\d{{1,5}})?|{_LABEL}:\d{{1,5}})"
    r"(?:/[a-z0-9._-]{1,128}+){1,16}+)"
    r"(?P<version>(?::\w[\w.-]{0,127}+)?+(?:@sha256:[0-9a-f]{64})?+)"
    r"(?P<more>[\w/:@$({<%-])?"
)
"""Nothing is given back: what does not fit as a whole is a use of the whole repository."""
_NO_IMAGE = re.compile(r"(?:.*\.)?(?:k8s|kubernetes)\.io/.*|.*/v\d+(?:(?:alpha|beta)\d+)?")
"""Groups and versions of APIs, and keys of labels."""
_DIGEST = re.compile(r"(?<![\w-])sha256:[0-9a-f]{64}(?![\w])")


def nothing_known(_name: str) -> None:
    """The lookup where no variable has a value."""


def uses_of_text(text: str, user: str, lookup: Lookup = nothing_known) -> list[ImageUse]:
    """What a text uses that has to be an image: `app:1.4`, `${REGISTRY:-host}/app:$TAG`,
    `app:{{ .Values.tag }}`.

    Where the tag depends on a variable, whatever its value is now, the whole repository counts;
    where what stands before the first slash does, any registry. The default of a variable proves
    nothing. Raises InvalidImageError for a text that is no image, or whose repository is not known.
    """
    text = _SCHEME.sub("", text.strip(), count=1)
    if len(text) > _MAX_LENGTH:
        raise InvalidImageError(f"{text[:80]!r}... is no image", hint="it is too long for one")
    pieces, is_anywhere = _without_host(list(_pieces(text, lookup)))
    known = "".join(_UNKNOWN if value is None else value for value, _ in pieces)
    literal = "".join(value if value and fixed else _UNKNOWN for value, fixed in pieces)
    pinned = _PINNED.fullmatch(literal)
    if _UNKNOWN not in literal or (
        _UNKNOWN not in known and pinned and (pinned["tag"] or pinned["digest"])
    ):
        return [_use(known, user, is_anywhere=is_anywhere)]
    name = known.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    name = f"{folder}{slash}{last.partition(':')[0]}"
    if _UNKNOWN in name or not name:
        raise InvalidImageError(
            f"{text[:120]!r} does not tell which repository it means",
            hint="write the registry and the repository out, or give the variables defaults",
        )
    return [_use(name, user, is_anywhere=is_anywhere)]


def _without_host(pieces: list[_Piece]) -> tuple[list[_Piece], bool]:
    """What stands behind the first slash, where something that varies stands before it."""
    for place, (value, is_fixed) in enumerate(pieces):
        _, slash, behind = (value or "").partition("/") if is_fixed else ("", "", "")
        if slash:
            varies = place > 0 and not all(fixed for _, fixed in pieces[:place])
            return ([(behind, True), *pieces[place + 1 :]], True) if varies else (pieces, False)
    return pieces, False


def _use(text: str, user: str, *, is_anywhere: bool) -> ImageUse:
    if not is_anywhere:
        return ImageUse.of(text, user)
    image = ImageReference.parse(f"any.invalid/{text}")
    return ImageUse(user, None, image.repository, image.tag, image.digest)


def uses_within(text: str, user: str, *, is_part: bool = False) -> Iterator[ImageUse]:
    """Whatever a text names in full, with a registry and a repository, or by a digest. Without a
    plain tag or digest, the whole repository; unless it is a part of an image."""
    for digest in _DIGEST.findall(text):
        yield ImageUse(user, digest=digest)
    for match in _QUALIFIED.finditer(text) if "/" in text else ():
        name, version = match["name"].rstrip("._-"), match["version"]
        is_whole = version and not match["more"] and not version.endswith(".")
        if not is_whole and (is_part or _NO_IMAGE.fullmatch(name)):
            continue
        try:
            yield ImageUse.of(f"{match['name']}{version}" if is_whole else name, user)
        except InvalidImageError:
            continue


def _pieces(text: str, lookup: Lookup) -> Iterator[_Piece]:
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
    return value if value or not operator.startswith(":") else None

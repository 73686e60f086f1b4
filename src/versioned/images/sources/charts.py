"""The templates of Helm charts: which lines name an image, and whether the values say which. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from versioned.errors import InvalidInputError
from versioned.images.errors import InvalidImageError
from versioned.images.sources.base import ImageUse
from versioned.images.sources.image_fields import KeyPath, NamedImages, is_global_registry
from versioned.images.sources.image_texts import uses_of_text, uses_within

_LINE = re.compile(r"""\s*(?:-\s+)?(?P<quote>["']?)image(?P=quote)\s*:(?:\s+(?P<value>.*\S))?\s*""")
_VALUE = re.compile(r"\.Values\.([\w-]+(?:\.[\w-]+)*)")
_PLAIN_VALUE = re.compile(
    r"\$?\.Values\.(?P<path>[\w-]+(?:\.[\w-]+)*)(?:\s*\|\s*(?:quote|squote|trim|toString))*"
)
_PIPES = r"(?:\s*\|\s*(?:quote|squote|trim|toString|default\s+[^|{}()]+))*"
_PLAIN_TAG = re.compile(
    rf"\{{\{{-?\s*\$?\.Values\.(?P<path>[\w-]+(?:\.[\w-]+)*){_PIPES}\s*-?\}}\}}"
)
_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_HOLE = "\0"
_NOTHING = {"", "~", "null", '""', "''"}


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A line of a template that names an image."""

    name: str
    line: int
    text: str


def lines_with_images(name: str, text: str) -> tuple[list[TemplateLine], set[ImageUse]]:
    """The lines of a template with the key `image` and something behind it, and whatever the
    template names in full. Raises InvalidInputError for an image that begins on the next line."""
    found: list[TemplateLine] = []
    uses: set[ImageUse] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        uses |= set(uses_within(line, f"{name}:{number}"))
        match = _LINE.fullmatch(line)
        value = _unquoted(match["value"] or "") if match else ""
        if value.startswith(("|", ">")):
            raise _failed(name, number, "an image over several lines can't be read")
        if value not in _NOTHING:
            found.append(TemplateLine(name, number, value))
    return found, uses


def uses_of_line(
    line: TemplateLine,
    values: NamedImages,
    above: Sequence[NamedImages],
    registries: tuple[str, ...],
) -> list[ImageUse]:
    """What it uses beside what the values name: nothing where it takes the image from there as it
    is; all repositories that it may mean where it makes a tag of its own.

    `values` are those of its chart, `above` those of the charts that this one is a part of, which
    say its values under its name, and those outside of charts; `registries` may take the place of
    those of all images. Raises InvalidInputError where neither the line nor the values tell the
    repository.
    """
    templates = _templates_of_name(line.text)
    paths = [tuple(path.split(".")) for one in templates for path in _VALUE.findall(one)]
    if templates and _tell(paths, values, above):
        if _is_exact(line.text, paths, [values, *above]):
            return []
        return _repositories(line, paths, [values, *above], registries)

    def lookup(expression: str) -> str | None:
        match = _PLAIN_VALUE.fullmatch(expression)
        path = tuple(match["path"].split(".")) if match else ()
        texts = {text for one in (values, *above) for text in one.texts.get(path, ())}
        return next(iter(texts)) if len(texts) == 1 else None

    try:
        return uses_of_text(line.text, f"{line.name}:{line.line}", lookup)
    except InvalidImageError as error:
        raise _failed(line.name, line.line, error.message) from None


def _templates_of_name(text: str) -> list[str]:
    """The expressions that a repository is made of, without the tag; none where anything else is
    a part of it."""
    name = _TEMPLATE.sub(_HOLE, text).partition("@")[0]
    folder, _, last = name.rpartition("/")
    name = f"{folder}/{last.partition(':')[0]}"
    if name.strip(f"{_HOLE}/"):
        return []
    return [match[0] for match in _TEMPLATE.finditer(text)][: name.count(_HOLE)]


def _tell(paths: Sequence[KeyPath], values: NamedImages, above: Sequence[NamedImages]) -> bool:
    """Whether all these values belong to images that are named; where there are none (a define
    or a loop stands between) whether any image is named."""
    under = {
        path[-length:]
        for one in above
        for path in one.image_paths
        for length in range(1, len(path))
    }
    known = values.image_paths | under
    return bool(known) and all(
        path in known or path[:-1] in known or is_global_registry(path) for path in paths
    )


def _is_exact(text: str, paths: Sequence[KeyPath], named: Sequence[NamedImages]) -> bool:
    """Whether what the values say is the image, with nothing changed: it is there in one piece, or
    the tag or digest behind the repository is that of the same image."""
    name, mark, version = _parted(text)
    if not paths:
        return False
    if not mark:
        whole = _PLAIN_TAG.fullmatch(text)
        return bool(whole) and any(_ends(one, paths[-1]) for n in named for one in n.paths)
    match = _PLAIN_TAG.fullmatch(version)
    if not match or not name:
        return False
    path = tuple(match["path"].split("."))
    return path[:-1] == paths[-1][:-1] and path[-1] == {":": "tag", "@": "digest"}[mark]


def _parted(text: str) -> tuple[str, str, str]:
    """The name, `:` or `@`, and what stands behind; marks inside of templates are none."""
    masked = _TEMPLATE.sub(lambda match: _HOLE * len(match[0]), text)
    start = masked.rfind("/") + 1
    marks = [place for mark in ":@" if (place := masked.find(mark, start)) >= 0]
    place = min(marks, default=len(text))
    return text[:place], text[place : place + 1], text[place + 1 :]


def _repositories(
    line: TemplateLine,
    paths: Sequence[KeyPath],
    named: Sequence[NamedImages],
    registries: tuple[str, ...],
) -> list[ImageUse]:
    """Of all images that are named under these keys, or anywhere, whole."""
    where = f"{line.name}:{line.line}"
    keys = {key for path in paths for key in (path, path[:-1])} or {()}
    uses: list[ImageUse] = []
    for one in named:
        for parts in one.parts:
            if parts.repositories and any(_ends(parts.path, key) for key in keys):
                bare = replace(parts, where=where, tags=(), digests=(), has_tag=True)
                uses += bare.uses(registries)
        for path in one.paths:
            if any(_ends(path, key) for key in keys):
                uses += [use for text in one.texts.get(path, ()) for use in _bare(text, where)]
    return uses


def _bare(text: str, where: str) -> list[ImageUse]:
    try:
        found = uses_of_text(text, where)
    except InvalidImageError:  # the values were refused for it already, where it counts
        return []
    return [replace(one, tag=None, digest=None) for one in found]


def _ends(path: KeyPath, key: KeyPath) -> bool:
    return path[len(path) - len(key) :] == key if len(key) <= len(path) else False


def _unquoted(value: str) -> str:
    """Without quotes and comments, as far as a line can tell."""
    quote = value[:1]
    if quote in {'"', "'"} and quote in value[1:]:
        return value[1 : value.rindex(quote)].strip()
    return re.split(r"\s#", value, maxsplit=1)[0].strip() if not value.startswith("#") else ""


def _failed(name: str, line: int, problem: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name}:{line}: {problem}",
        hint="name the repository in the chart's values, or don't look at this chart",
    )

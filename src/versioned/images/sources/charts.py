"""The templates of Helm charts: which lines name an image, and whether the values say which. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from versioned.errors import InvalidInputError
from versioned.images.errors import InvalidImageError
from versioned.images.sources.base import ImageUse
from versioned.images.sources.image_fields import NamedImages, Path, is_global_registry
from versioned.images.sources.image_texts import uses_of_text, uses_within

_LINE = re.compile(r"""\s*(?:-\s+)?(?P<quote>["']?)image(?P=quote)\s*:(?:\s+(?P<value>.*\S))?\s*""")
_VALUE = re.compile(r"\.Values\.([\w-]+(?:\.[\w-]+)*)")
_PLAIN_VALUE = re.compile(
    r"\$?\.Values\.(?P<path>[\w-]+(?:\.[\w-]+)*)(?:\s*\|\s*(?:quote|squote|trim|toString))*"
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
    line: TemplateLine, values: NamedImages, above: Sequence[NamedImages]
) -> list[ImageUse]:
    """What it uses beside what the values name: nothing where it takes the image from there.

    `values` are those of its chart, `above` those of the charts that this one is a part of, which
    say its values under its name. Raises InvalidInputError where neither the line nor the values
    tell the repository.
    """
    templates = _templates_of_name(line.text)
    paths = [tuple(path.split(".")) for one in templates for path in _VALUE.findall(one)]
    if templates and _tell(paths, values, above):
        return []

    def lookup(expression: str) -> str | None:
        match = _PLAIN_VALUE.fullmatch(expression)
        texts = values.texts.get(tuple(match["path"].split(".")), set()) if match else set()
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


def _tell(paths: Sequence[Path], values: NamedImages, above: Sequence[NamedImages]) -> bool:
    """Whether all these values belong to images that are named; where there are none (a helper
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

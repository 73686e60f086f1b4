"""YAML and JSON as trees that know their lines, whoever wrote them. Pure: no I/O.

Built from the events of the parser, so that no tag makes an object, keys may repeat, an alias is
one node however often it is used, and the depth is bounded.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from versioned.errors import InvalidInputError

MAX_DEPTH = 100
MAX_MERGES = 1000
_STANDARD = "tag:yaml.org,2002:"
_TEXT = f"{_STANDARD}str"
_NULL = f"{_STANDARD}null"


class TooManyMergesError(Exception):
    """What begins on the line `line` merges too much."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(slots=True, eq=False)
class Scalar:
    """A leaf. A value with a tag of its own, as in `!Ref name`, has the tag in its text.
    `tag` is what it is by the standard, `None` where its form decides."""

    line: int
    text: str
    tag: str | None

    @property
    def is_text(self) -> bool:
        """Whether it is a string, as YAML 1.1 says of texts without quotes."""
        return self._resolved() == _TEXT

    @property
    def is_empty(self) -> bool:
        """Whether it is null or an empty string."""
        return not self.text.strip() or self._resolved() == _NULL

    def _resolved(self) -> str:
        if self.tag is None:
            import yaml  # noqa: PLC0415 - only who reads files needs it

            resolver: Any = yaml.resolver.Resolver()
            self.tag = str(resolver.resolve(yaml.ScalarNode, self.text, (True, False)))
        return self.tag


@dataclass(slots=True, eq=False)
class Items:
    """A sequence."""

    line: int
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Fields:
    """A mapping: all pairs, also where a key repeats. A key that is no scalar is `""`."""

    line: int
    pairs: list[tuple[str, Node]] = field(default_factory=list)

    def every(self, key: str) -> Iterator[Node]:
        """All values of a key, those of merged mappings (`<<`) after its own. Raises
        TooManyMergesError for more than a thousand of those."""
        seen: set[int] = set()
        pending: deque[Node] = deque([self])
        while pending:
            node = pending.popleft()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if len(pending) + len(seen) > MAX_MERGES:
                raise TooManyMergesError(self.line)
            if isinstance(node, Items):
                pending += node.items
            elif isinstance(node, Fields):
                yield from (value for name, value in node.pairs if name == key)
                pending += [value for name, value in node.pairs if name == "<<"]

    def filled(self, key: str) -> list[Scalar]:
        """Those of them that are leaves and not empty."""
        return [one for one in self.every(key) if isinstance(one, Scalar) and not one.is_empty]


Node = Scalar | Items | Fields


def read_yaml(name: str, text: str) -> list[Node]:
    """The documents of a YAML file. Raises InvalidInputError that names the file and the line."""
    import yaml  # noqa: PLC0415 - only who reads files needs it

    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _unreadable(name, mark.line + 1 if mark else 1, error.problem or "no YAML") from None
    except yaml.YAMLError as error:
        raise _unreadable(name, 1, str(error)) from None
    return builder.documents


def read_json(name: str, text: str) -> list[Node]:
    """The document of a JSON file; the line of a text is that of its first occurrence. Raises
    InvalidInputError."""
    try:
        data = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise _unreadable(name, error.lineno, error.msg) from None
    except (ValueError, RecursionError) as error:
        raise _unreadable(name, 1, str(error)) from None
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        for part in line.split('"')[1::2]:
            lines.setdefault(part, number)
    return [_of_json(name, data, lines, 0)]


class _Pairs(list[tuple[str, Any]]):
    """What stands between braces."""


def _of_json(name: str, data: object, lines: dict[str, int], depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise _too_deep(name, 1)
    if isinstance(data, _Pairs):
        pairs = [(key, _of_json(name, value, lines, depth + 1)) for key, value in data]
        return Fields(lines.get(data[0][0], 1) if data else 1, pairs)
    if isinstance(data, list):
        return Items(1, [_of_json(name, item, lines, depth + 1) for item in data])
    if isinstance(data, str):
        return Scalar(lines.get(data, 1), data, _TEXT)
    return Scalar(
        1, json.dumps(data), _NULL if data is None else f"{_STANDARD}{type(data).__name__}"
    )


class _Builder:
    """Makes nodes of the events of PyYAML."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.documents: list[Node] = []
        self._open: list[tuple[Items | Fields, list[Node]]] = []
        self._anchors: dict[str, Node] = {}
        self._merges = 0

    def take(self, event: Any) -> None:  # noqa: ANN401 - PyYAML has no types
        """One event after the other, as the parser gives them."""
        kind, line = type(event).__name__, event.start_mark.line + 1
        if kind == "ScalarEvent":
            self._add(event, _scalar(event, line))
        elif kind == "AliasEvent":
            self._add_alias(event.anchor, line)
        elif kind in {"SequenceStartEvent", "MappingStartEvent"}:
            if len(self._open) >= MAX_DEPTH:
                raise _too_deep(self.name, line)
            node = Items(line) if kind == "SequenceStartEvent" else Fields(line)
            self._add(event, node)
            self._open.append((node, []))
        elif kind in {"SequenceEndEvent", "MappingEndEvent"}:
            self._close()
        elif kind == "DocumentStartEvent":
            self._anchors = {}

    def _add(self, event: Any, node: Node) -> None:  # noqa: ANN401
        if event.anchor:
            self._anchors[event.anchor] = node
        (self._open[-1][1] if self._open else self.documents).append(node)

    def _add_alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors:
            raise _unreadable(self.name, line, f"*{anchor} is not defined")
        (self._open[-1][1] if self._open else self.documents).append(self._anchors[anchor])

    def _close(self) -> None:
        node, children = self._open.pop()
        if isinstance(node, Items):
            node.items = children
            return
        keys = [key.text if isinstance(key, Scalar) else "" for key in children[::2]]
        self._merges += keys.count("<<")
        if self._merges > MAX_MERGES:
            raise _unreadable(self.name, node.line, f"it merges more than {MAX_MERGES} mappings")
        node.pairs = list(zip(keys, children[1::2], strict=True))


def _scalar(event: Any, line: int) -> Scalar:  # noqa: ANN401
    tag = event.tag
    if tag in {None, "!"}:
        return Scalar(line, event.value, None if event.implicit[0] else _TEXT)
    if tag.startswith(_STANDARD):
        return Scalar(line, event.value, tag)
    return Scalar(line, f"{tag} {event.value}", _TEXT)


def _unreadable(name: str, line: int, problem: str) -> InvalidInputError:
    return InvalidInputError(
        f"{name}:{line} can't be read: {problem}",
        hint="mend the file, or don't name it among those that are looked at",
    )


def _too_deep(name: str, line: int) -> InvalidInputError:
    return _unreadable(name, line, f"it is nested more than {MAX_DEPTH} deep")

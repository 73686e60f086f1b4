"""Tables that fit: decided here, without I/O, so that every width can be tested."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from versioned.cli.words import safe

GAP = 2
_ELLIPSIS = "..."
_EMPTY = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """`drop` above 0 lets the column go where room is scarce, the highest first; `shrink` above
    0 lets its cells be shortened to that many characters. A ref or a version has neither."""

    title: str
    right: bool = False
    drop: int = 0
    shrink: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; `empty` is what to say where there are none."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """Labels with their values, one a line."""

    pairs: Sequence[tuple[str, str]]


def cell_width(text: str) -> int:
    """The columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def shorten(text: str, width: int) -> str:
    """The text, or as much of its start as fits with an ellipsis."""
    if cell_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if cell_width(kept + character) > width - len(_ELLIPSIS):
            break
        kept += character
    return kept.rstrip() + _ELLIPSIS


def wrapped(text: str, width: int | None) -> str:
    """A sentence in lines that fit, broken at spaces only; whole where there is no width."""
    if width is None or cell_width(text) <= width:
        return text
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def clean(table: Table) -> Table:
    """The table with safe cells, none of them empty."""
    rows = [[safe(cell) or _EMPTY for cell in row] for row in table.rows]
    return Table(table.columns, rows, table.empty)


def filled(table: Table) -> Table:
    """The table without the columns that may go and have nothing in them."""
    for place in reversed(range(len(table.columns))):
        if table.columns[place].drop and not any(row[place] for row in table.rows):
            table = _without(table, table.columns[place])
    return table


def fit(table: Table, width: int) -> Table:
    """The table in at most `width` columns, as far as refs and versions allow."""
    while True:
        natural = widths(table)
        allowed = _shrunk(table.columns, natural, width)
        droppable = [c for c in table.columns if c.drop]
        if _total(allowed) <= width or not droppable:
            rows = [
                [shorten(cell, most) for cell, most in zip(row, allowed, strict=True)]
                for row in table.rows
            ]
            return Table(table.columns, rows, table.empty)
        table = _without(table, max(droppable, key=lambda c: c.drop))


def widths(table: Table) -> list[int]:
    """The natural width of each column."""
    return [
        max([cell_width(column.title), *(cell_width(row[i]) for row in table.rows)])
        for i, column in enumerate(table.columns)
    ]


def plain_lines(table: Table) -> list[str]:
    """The table as aligned text, with nothing at the end of a line."""
    natural = widths(table)
    lines = [[column.title for column in table.columns], *table.rows]
    return [
        (" " * GAP)
        .join(
            _pad(cell, most, right=column.right)
            for cell, most, column in zip(line, natural, table.columns, strict=True)
        )
        .rstrip()
        for line in lines
    ]


def field_lines(fields: Fields) -> list[str]:
    """The fields as aligned text."""
    longest = max((cell_width(label) for label, _ in fields.pairs), default=0)
    return [
        f"{_pad(safe(label), longest)}{' ' * GAP}{safe(value)}".rstrip()
        for label, value in fields.pairs
    ]


def _pad(cell: str, width: int, *, right: bool = False) -> str:
    padding = " " * (width - cell_width(cell))
    return padding + cell if right else cell + padding


def _total(natural: Sequence[int]) -> int:
    return sum(natural) + GAP * (len(natural) - 1)


def _shrunk(columns: Sequence[Column], natural: Sequence[int], width: int) -> list[int]:
    """The widths after taking what is too much from the widest column that may shrink."""
    allowed = list(natural)
    while _total(allowed) > width:
        candidates = [i for i, c in enumerate(columns) if c.shrink and allowed[i] > c.shrink]
        if not candidates:
            break
        allowed[max(candidates, key=lambda i: allowed[i])] -= 1
    return allowed


def _without(table: Table, dropped: Column) -> Table:
    kept = [i for i, column in enumerate(table.columns) if column is not dropped]
    return Table(
        [table.columns[i] for i in kept],
        [[row[i] for i in kept] for row in table.rows],
        table.empty,
    )

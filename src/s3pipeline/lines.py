"""The lines that the command prints: key="value", one line each, whatever the value is."""

from __future__ import annotations


def line(key: str, value: str) -> str:
    """`key="value"`. Quotes and backslashes in the value get a backslash; what is not
    printable, as a line break, is written as its escape: no value can end the line or forge
    another one."""
    return f'{key}="{"".join(map(_escaped, value))}"'


def one_line(value: str) -> str:
    """A value alone on its line; what is not printable is written as its escape."""
    return "".join(c if c.isprintable() else _escaped(c) for c in value)


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")

"""What another program writes, shown while it runs, line by line."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from versioned.cli.output import Mode, Output
from versioned.cli.words import safe

_STYLE = re.compile(r"\x1b\[[0-9;:]*[mK]")
"""Colours, and clearing a line: nothing is lost without them."""
_LONGEST = 8192
"""Characters of a line that are waited for."""


@contextmanager
def live(out: Output) -> Iterator[BinaryIO | None]:
    """Where such a program may write to: stderr, safe for a terminal, also where nobody watches;
    `None` in the modes for programs."""
    if out.mode is not Mode.PEOPLE:
        yield None
        return
    lines = _Lines(out)
    try:
        yield cast("BinaryIO", lines)
    finally:
        with suppress(OSError):  # whoever read it went away: what was built is built
            lines.end()


class _Lines(io.RawIOBase):
    """Takes bytes as they come, and passes on whole lines."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._begun = ""

    def writable(self) -> bool:
        return True

    def write(self, chunk: bytes, /) -> int:  # type: ignore[override]
        *lines, self._begun = re.split(r"[\r\n]", self._begun + self._decode(chunk))
        for line in filter(None, lines):
            self._tell(line)
        if len(self._begun) > _LONGEST:
            self._tell(self._begun)
            self._begun = ""
        return len(chunk)

    def end(self) -> None:
        """Pass on what no line end came after."""
        rest = self._begun + self._decode(b"", final=True)
        self._begun = ""
        if rest:
            self._tell(rest)

    def _tell(self, line: str) -> None:
        stderr = self._out.stderr
        stderr.write(f"{safe(_STYLE.sub('', line).expandtabs())}\n")
        stderr.flush()

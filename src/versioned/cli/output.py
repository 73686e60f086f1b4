"""The one sink: answers go to stdout, everything else to stderr, in one of three modes.

Commands hand over data and never ask which mode it is in order to print. Whatever comes from
a store or a user is made safe here, so no name or message can drive a terminal.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, TextIO

from versioned.cli.tables import Fields, Table, clean, field_lines, fit, plain_lines, wrapped
from versioned.cli.words import safe

Block = str | Table | Fields

_BOLD, _DIM, _RED, _YELLOW = 1, 2, 31, 33


class Mode(Enum):
    """For whom the answer is."""

    PEOPLE = "people"
    JSON = "json"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Output:
    """Where answers go. `width` is `None` unless stdout is a terminal."""

    mode: Mode
    stdout: TextIO
    stderr: TextIO
    width: int | None
    color: bool

    @classmethod
    def of_process(cls, mode: Mode, *, color: bool, environ: Mapping[str, str]) -> Output:
        """The process's own streams; `NO_COLOR` and a dumb terminal turn colours off."""
        return cls(
            mode,
            sys.stdout,
            sys.stderr,
            width=shutil.get_terminal_size().columns if sys.stdout.isatty() else None,
            color=color and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb",
        )

    def answer(self, document: object, *, quiet: Iterable[object], people: Iterable[Block]) -> None:
        """The answer of a command, given for all modes: a document for JSON, the essential
        values, and blocks for people."""
        if self.mode is Mode.JSON:
            self._write(json.dumps(document, indent=2))
        elif self.mode is Mode.QUIET:
            for value in quiet:
                self._write(safe(str(value)))
        else:
            for block in people:
                self._show(block)

    def heading(self, text: str) -> None:
        """A line of the answer that stands out on a terminal."""
        bold = self.color and self.width is not None
        self._write(f"\x1b[{_BOLD}m{safe(text)}\x1b[0m" if bold else safe(text))

    def note(self, text: str) -> None:
        """Something that a person may want to know, and a program does not."""
        if self.mode is Mode.PEOPLE:
            self._tell(safe(text), _DIM)

    def warn(self, text: str) -> None:
        """Something that must not be overlooked, in any mode."""
        self._tell(f"warning: {safe(text)}", _YELLOW)

    def fail(
        self, code: str, message: str, hint: str = "", *, label: str = "error", output: str = ""
    ) -> None:
        """Why a command did not do what was asked, in a line, and what to do next. `output` is
        what another program wrote, which people have seen already."""
        if self.mode is Mode.JSON:
            error = {"error": code, "message": message, "hint": hint}
            error |= {"output": output} if output else {}
            self.stderr.write(json.dumps(error) + "\n")
            return
        if self.mode is Mode.QUIET:
            for line in output.splitlines():
                self._tell(f"  {safe(line)}", _DIM)
        self._tell(f"{label}: {safe(message)}", _RED if label == "error" else _YELLOW)
        if hint:
            self._tell(f"hint: {safe(hint)}", _DIM)

    @property
    def shows_progress(self) -> bool:
        """Whether a bar may be drawn on stderr."""
        return self.mode is Mode.PEOPLE and self.stderr.isatty()

    @property
    def binary(self) -> BinaryIO:
        """Stdout for the bytes of an artifact."""
        self.stdout.flush()
        return self.stdout.buffer

    def _show(self, block: Block) -> None:
        if isinstance(block, str):
            self._write(wrapped(safe(block), self.width))
        elif isinstance(block, Fields):
            for line in field_lines(block):
                self._write(line)
        elif not block.rows:
            self.note(block.empty)
        else:
            table = clean(block)
            header, *rows = plain_lines(table if self.width is None else fit(table, self.width))
            self.heading(header)
            for row in rows:
                self._write(row)

    def _write(self, line: str) -> None:
        self.stdout.write(f"{line}\n")

    def _tell(self, line: str, style: int) -> None:
        self.stdout.flush()  # so that the two streams stay in order
        if self.stderr.isatty():
            line = wrapped(line, self.width)
            line = f"\x1b[{style}m{line}\x1b[0m" if self.color else line
        self.stderr.write(f"{line}\n")

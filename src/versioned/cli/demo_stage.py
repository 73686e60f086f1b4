"""The stage of the demo: it shows each step, really takes it, and shows what came out."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys
import textwrap
import time
from collections.abc import Mapping
from contextlib import closing, redirect_stderr
from pathlib import Path
from typing import NoReturn
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import click

import versioned
from versioned.cli.exits import MEANINGS, Exit
from versioned.cli.session import Session
from versioned.cli.words import count_words, size_words

_WIDEST = 80
_BAR = 40


class Stage:
    """Steps in the current directory. One that does not end as it must ends the demo."""

    def __init__(self, session: Session, pause: float) -> None:
        self._session = session
        self._out = session.out
        self._width = min(self._out.width or _WIDEST, _WIDEST)
        self._pause = pause if sys.stdout.isatty() else 0.0
        self._chapter = 0

    def chapter(self, title: str) -> None:
        self._chapter += 1
        heading = f"{self._chapter}. {title}"
        self._print("")
        self._out.heading(heading)
        self._out.heading("=" * len(heading))

    def say(self, text: str) -> None:
        """A paragraph, wrapped."""
        self._print("", *textwrap.wrap(" ".join(text.split()), self._width))

    def run(self, line: str, *, ends_with: Exit = Exit.OK) -> None:
        """A command as a person would type it."""
        from versioned.cli.main import program  # noqa: PLC0415 - which imports the demo

        self._show(f"$ {line}")
        session = Session(environ=_without_repository(), color=self._session.color)
        with redirect_stderr(sys.stdout):
            code = program.main(
                shlex.split(line)[1:], "versioned", standalone_mode=False, obj=session
            )
        if code == Exit.BROKEN_PIPE:
            raise BrokenPipeError
        if code:
            self._print(f"(exit code {code}: {MEANINGS[Exit(code)]})")
        if code != ends_with:
            _abandon(f"{line!r} ended with {code}, not {ends_with}")

    def sql(self, database: str, statement: str) -> None:
        """A statement on a SQLite file, with the rows it gives."""
        self._show(f"{database}> {statement}")
        with closing(sqlite3.connect(database)) as connection, connection:
            for row in connection.execute(statement):
                self._print(" | ".join(map(str, row)))

    def bundle(self, target: str, note: str) -> None:
        """A zip of this very package's source, with a note in it."""
        package = Path(versioned.__file__).parent
        files = sorted(package.rglob("*.py"))
        with ZipFile(target, "w", ZIP_DEFLATED) as bundle:
            for file in files:
                bundle.writestr(_entry(str(file.relative_to(package.parent))), file.read_bytes())
            bundle.writestr(_entry("BUILD"), note)
        size = size_words(Path(target).stat().st_size)
        count = count_words(len(files), "source file")
        self._print("", f"{target}: {count} of this package and the note {note!r}, {size}")

    def shares(self, counts: Mapping[str, int]) -> None:
        """How many keys each version gets, as bars."""
        total = sum(counts.values())
        room = min(_BAR, self._width - len("version 9    10,000 keys  100.0%"))
        self._print("")
        for version, count in sorted(counts.items()):
            bar = "#" * round(room * count / total)
            keys = f"{count:>6,} keys  {count / total:6.1%}"
            self._print(f"version {version}  {bar:<{room}}  {keys}")

    def disk(self) -> str:
        """What lies on the disk now, in words."""
        sizes = [path.stat().st_size for path in Path("store/blobs").rglob("*") if path.is_file()]
        return f"{count_words(len(sizes), 'file')}, {size_words(sum(sizes))}"

    def flip(self, path: Path) -> None:
        """Change one bit of a file behind everybody's back; again, and it is right again."""
        mode = path.stat().st_mode
        path.chmod(mode | 0o200)
        with path.open("r+b") as file:
            first = file.read(1)[0]
            file.seek(0)
            file.write(bytes([first ^ 1]))
        path.chmod(mode)

    def _show(self, line: str) -> None:
        self._print("")
        self._out.heading(line)
        time.sleep(self._pause)

    def _print(self, *lines: str) -> None:
        self._out.answer(None, quiet=(), people=lines)


def _without_repository() -> dict[str, str]:
    """The environment, so that the demo's own config file names the repository."""
    return {name: value for name, value in os.environ.items() if name != "VERSIONED_REPO"}


def _entry(name: str) -> ZipInfo:
    """A zip entry without a time, so that the same files make the same bytes."""
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    return entry


def _abandon(reason: str) -> NoReturn:
    raise click.ClickException(f"The demo broke off: {reason}.")

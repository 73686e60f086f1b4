"""Progress on stderr: only where a person watches a terminal, and not for what is quick."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from versioned.cli.output import Output
from versioned.cli.words import safe

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE = 0.5
"""Seconds before anything is drawn."""

Step = Callable[[int, int | None], None]
"""Called with what is done and what there is in all, if that is known."""


@contextmanager
def transfer(out: Output, label: str) -> Iterator[Step | None]:
    """A bar for bytes, gone when it is over; `None` where nobody watches."""
    with _bar(out, label, count_bytes=True) as step:
        yield step


@contextmanager
def counting(out: Output, label: str) -> Iterator[Callable[[object], None] | None]:
    """A counter of things, gone when it is over; `None` where nobody watches."""
    with _bar(out, label, count_bytes=False) as step:
        if step is None:
            yield None
            return
        done = 0

        def count(_: object) -> None:
            nonlocal done
            done += 1
            step(done, None)

        yield count


@contextmanager
def _bar(out: Output, label: str, *, count_bytes: bool) -> Iterator[Step | None]:
    if not out.shows_progress:
        yield None
        return
    started = time.monotonic()
    drawn: list[tuple[Progress, TaskID]] = []

    def step(done: int, total: int | None) -> None:
        if not drawn and time.monotonic() - started >= PATIENCE:
            drawn.append(_start(out, safe(label), total, count_bytes=count_bytes))
        for progress, task in drawn:
            progress.update(task, completed=done, total=total)

    try:
        yield step
    finally:
        for progress, _ in drawn:
            progress.stop()


def _start(
    out: Output, label: str, total: int | None, *, count_bytes: bool
) -> tuple[Progress, TaskID]:
    from rich import progress as bars  # noqa: PLC0415 - most calls draw nothing
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    console = Console(
        file=out.stderr, markup=False, highlight=False, emoji=False, no_color=not out.color
    )
    text = bars.TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
    amount: list[bars.ProgressColumn] = (
        [bars.BarColumn(), bars.DownloadColumn(binary_units=True), bars.TransferSpeedColumn()]
        if count_bytes
        else [bars.TextColumn("{task.completed:.0f}", markup=False), bars.SpinnerColumn("line")]
    )
    progress = bars.Progress(text, *amount, console=console, transient=True)
    task = progress.add_task(label, total=total)
    progress.start()
    return progress, task

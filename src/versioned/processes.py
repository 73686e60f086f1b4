"""Running a program of this machine, bounded in time and in what is kept of its output."""

from __future__ import annotations

import math
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_POLL = 0.02
_CHUNK = 65536
_TAIL = 4096
_DRAIN = 16
"""Chunks that are read after the end: the largest pipe of Linux."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. `code` is its exit code, below 0 for a signal, `None` where it was
    killed because its time was up; `output` is the end of what it wrote, 4 KiB at most."""

    code: int | None
    output: bytes


def run_program(
    arguments: Sequence[str],
    *,
    directory: Path,
    environ: Mapping[str, str],
    timeout: float | None,
    stdin: BinaryIO | None = None,
    sink: BinaryIO | None = None,
) -> Ended:
    """Run a program without a shell, in a process group of its own, which is killed after
    `timeout` seconds, if any, and when this call is interrupted. Its input is `stdin`, or nothing.

    What it writes goes to `sink` at once, as long as that takes it. Takes at most a moment more
    than the timeout, whatever the program leaves behind. Raises OSError or ValueError where it
    can't be started.
    """
    process = subprocess.Popen(  # noqa: S603 - a program that this machine's user defined
        arguments,
        cwd=directory,
        env=dict(environ),
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    with process:
        try:
            output = _watch(process, timeout, sink)
            return Ended(process.returncode, output)
        finally:
            if process.returncode is None:  # not waited for: the group is still its own
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _watch(process: subprocess.Popen[bytes], timeout: float | None, sink: BinaryIO | None) -> bytes:
    """The end of the output, once the process has ended or its time is up.

    Whoever it left behind may hold the pipe open, and write for ever: when it has ended, no
    more is read than a pipe holds.
    """
    assert process.stdout is not None  # noqa: S101 - it was asked for
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    tail, is_open, left = b"", True, _DRAIN
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while left and time.monotonic() < deadline:
            ended = process.poll() is not None
            if is_open and selector.select(0 if ended else _POLL):
                chunk = os.read(process.stdout.fileno(), _CHUNK)
                tail, is_open = (tail + chunk)[-_TAIL:], bool(chunk)
                left -= ended
                sink = _pass_on(chunk, sink) if sink and chunk else sink
            elif ended:
                break
            elif not is_open:
                time.sleep(_POLL)
    return tail


def _pass_on(chunk: bytes, sink: BinaryIO) -> BinaryIO | None:
    """The sink, or `None` when nobody takes it any more: that must not end the program."""
    try:
        sink.write(chunk)
        sink.flush()
    except (OSError, ValueError):
        return None
    return sink

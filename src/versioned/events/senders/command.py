"""Telling a program on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from versioned.errors import DeliveryError
from versioned.events.event import Event
from versioned.processes import run_program

DEFAULT_TIMEOUT = 30.0
_SAID = 1000
"""Characters of the output that an error shows."""


@dataclass(frozen=True, slots=True)
class Command:
    """Runs a program in a directory, without a shell; exit 0 means that it took the event.

    The event's document is its standard input; `VERSIONED_EVENT_ID` and `VERSIONED_EVENT_TYPE`
    are added to `environ`. After `timeout` seconds its process group is killed. The end of what
    it wrote is in the error. It is run once: the next delivery tries again.
    """

    arguments: tuple[str, ...]
    directory: Path
    environ: Mapping[str, str]
    timeout: float = DEFAULT_TIMEOUT

    def send(self, event: Event) -> None:
        """See `Sender`."""
        told = {"VERSIONED_EVENT_ID": event.id, "VERSIONED_EVENT_TYPE": event.type}
        with tempfile.TemporaryFile() as document:
            document.write(event.encode())
            document.seek(0)
            try:
                ended = run_program(
                    self.arguments,
                    directory=self.directory,
                    environ={**self.environ, **told},
                    timeout=self.timeout,
                    stdin=document,
                )
            except (OSError, ValueError) as error:
                raise self._failed(f"could not be started: {error}", b"") from error
        if ended.code is None:
            raise self._failed(f"was killed after {self.timeout:g} seconds", ended.output)
        if ended.code:
            raise self._failed(f"ended with {ended.code}", ended.output)

    def _failed(self, what: str, tail: bytes) -> DeliveryError:
        said = " ".join(tail.decode("utf-8", "replace").split())[-_SAID:]
        return DeliveryError(
            f"{self.arguments[0]} {what}" + (f": {said}" if said else ""),
            hint="versioned events deliver tries again",
        )

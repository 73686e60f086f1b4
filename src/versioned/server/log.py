"""The log of the server: a line of JSON each."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

_QUERY = re.compile(r"\?\S*")


class Log:
    """Writes to a text stream. A line that can't be written stops no request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: Mapping[str, Any]) -> None:
        """One line, with the time in front."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with contextlib.suppress(OSError):
            print(json.dumps({"at": at, **line}), file=self._stream, flush=True)


class LibraryLog(logging.Handler):
    """What libraries warn of, as lines of the same log. Queries are left out: they may sign."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        message = _QUERY.sub("?...", self.format(record))
        self._log.write({"library": record.name, "warning": message})

"""The processes of the two sides, as the one that measures them sees them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bench.wire import Interval

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of a side and its arguments."""

    operation: str
    arguments: dict[str, Any] = field(default_factory=dict)


def call(operation: str, **arguments: object) -> Call:
    return Call(operation, arguments)


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call cost: its time and how much of it was a wait of its own, its requests, and
    the most memory that its process had had by then."""

    seconds: float
    waited: float
    sent: tuple[Interval, ...]
    peak: int
    result: int | None


class CallError(Exception):
    """A call ended with an exception; `kind` is its class."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Worker:
    """One side in a process of its own. Use it in `with`."""

    def __init__(self, python: str, module: str, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [python, "-m", module],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.software: dict[str, str] = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def run(self, call: Call, *, delay: float = 0.0) -> Reply:
        """Raises CallError."""
        assert self._process.stdin  # noqa: S101 - it is a pipe
        asked = {"operation": call.operation, "arguments": call.arguments, "delay": delay}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        if "error" in answer:
            raise CallError(answer["error"], answer["message"])
        sent = tuple((started, ended) for started, ended in answer.pop("sent"))
        return Reply(sent=sent, **answer)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101 - it is a pipe
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: a worker ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True, slots=True)
class Side:
    """How to start a worker of one side."""

    name: str
    python: str
    module: str
    environment: Mapping[str, str]

    def start(self) -> Worker:
        """A worker in a fresh process, connected and ready."""
        worker = Worker(self.python, self.module, self.environment)
        worker.run(call("bootstrap"))
        return worker

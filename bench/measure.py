"""Runs every operation on both sides in turn, several times over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.operations import Operation
from bench.report import Cost, Row, Sample
from bench.wire import count_steps
from bench.workers import CallError, Worker

DELAY = 0.03
"""Seconds added to every request: about what S3 takes to answer from the same region."""


@dataclass(slots=True)
class Measured:
    """What one operation cost in each round, by side; and why it failed where it did."""

    operation: Operation
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def row(self) -> Row:
        return Row(
            self.operation.label, self._cost("ours"), self._cost("peer"), self.operation.budget
        )

    def _cost(self, side: str) -> Cost | str | None:
        """A side that failed in one round has failed."""
        if side in self.failures:
            return self.failures[side]
        return Cost.of(self.samples[side]) if side in self.samples else None


def measure(
    workers: Mapping[str, Worker],
    plan: Callable[[int], list[Operation]],
    *,
    rounds: int,
) -> list[Measured]:
    """One result for each operation of `plan(round)`. Sides change turns, and who is first."""
    measured: list[Measured] = []
    for number in range(rounds):
        planned = plan(number)
        measured = measured or [Measured(operation) for operation in planned]
        order = list(workers.items())[:: -1 if number % 2 else 1]
        for result, operation in zip(measured, planned, strict=True):
            for side, worker in order:
                if side == "ours" or not operation.ours_only:
                    _measure_once(result, operation, side, worker)
    return measured


def _measure_once(result: Measured, operation: Operation, side: str, worker: Worker) -> None:
    try:
        for preparation in operation.before:
            worker.run(preparation)
        reply = worker.run(operation.call, delay=DELAY)
    except CallError as error:
        result.failures[side] = str(error)
        return
    if operation.found not in {None, reply.result}:
        result.failures[side] = f"found {reply.result}, not {operation.found}"
        return
    result.samples.setdefault(side, []).append(
        Sample(len(reply.sent), count_steps(reply.sent), reply.seconds, reply.waited)
    )

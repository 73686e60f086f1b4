"""From samples to a table, to JSON, and to a verdict on the budgets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one operation. `waited` seconds of it were a wait of its own, not of others."""

    requests: int
    steps: int
    seconds: float
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What an operation costs: the median time, and the fewest requests and steps.

    Disturbances can only add to these two: a request is repeated, or one that is sent late no
    longer overlaps with those it was sent with.
    """

    requests: int
    steps: int
    ms: float
    waited_ms: float

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Cost:
        return cls(
            requests=min(sample.requests for sample in samples),
            steps=min(sample.steps for sample in samples),
            ms=round(median(sample.seconds for sample in samples) * 1000, 1),
            waited_ms=round(median(sample.waited for sample in samples) * 1000, 1),
        )


@dataclass(frozen=True, slots=True)
class Row:
    """An operation on both sides. A side that was not asked is `None`, one that failed says why."""

    operation: str
    ours: Cost | str | None
    peer: Cost | str | None
    budget: int | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as long the other package took."""
        if isinstance(self.ours, Cost) and isinstance(self.peer, Cost):
            return round(self.peer.ms / self.ours.ms, 2)
        return None


@dataclass(frozen=True, slots=True)
class Figure:
    """Something else that was measured; `more_is_better` tells how to read its ratio."""

    what: str
    unit: str
    ours: float | None
    peer: float | None
    more_is_better: bool = True

    @property
    def ratio(self) -> float | None:
        """How many times as good ours is."""
        if not self.ours or not self.peer:
            return None
        return round(self.ours / self.peer if self.more_is_better else self.peer / self.ours, 2)


def over_budget(rows: Iterable[Row]) -> list[str]:
    """A sentence for each operation of ours that failed or took more steps than it may."""
    found = []
    for row in rows:
        if isinstance(row.ours, str):
            found.append(f"{row.operation}: {row.ours}")
        elif row.ours and row.budget is not None and row.ours.steps > row.budget:
            found.append(f"{row.operation}: {row.ours.steps} steps, the budget is {row.budget}")
    return found


def operations_table(rows: Sequence[Row], *, peer: str) -> str:
    head = ("operation", "budget", "requests", "steps", "ms", "requests", "steps", "ms", "ratio")
    lines = [
        (row.operation, _text(row.budget), *_cells(row.ours), *_cells(row.peer), _ratio(row.ratio))
        for row in rows
    ]
    widths = _widths([head, *lines])
    ours, theirs = (sum(widths[at : at + 3]) + 4 for at in (2, 5))
    above = f"{'':{widths[0] + 2 + widths[1]}}  {_over('versioned', ours)}  {_over(peer, theirs)}"
    waits = {c.waited_ms for r in rows for c in (r.ours, r.peer) if isinstance(c, Cost)} - {0.0}
    notes = [
        f"* {wait:.0f} ms of it is the wait between announcing a deletion and doing it"
        for wait in sorted(waits)
    ]
    reasons = {(side, c) for r in rows for side, c in ((peer, r.peer), ("versioned", r.ours))}
    notes += sorted(f"{side} fails: {c}" for side, c in reasons if isinstance(c, str))
    return "\n".join([above, *_aligned([head, *lines], widths), *notes])


def figures_table(figures: Sequence[Figure], *, peer: str) -> str:
    head = ("", "unit", "versioned", peer, "ratio")
    lines = [(f.what, f.unit, _number(f.ours), _number(f.peer), _ratio(f.ratio)) for f in figures]
    return "\n".join(_aligned([head, *lines], _widths([head, *lines])))


def as_json(
    rows: Sequence[Row],
    figures: Sequence[Figure],
    environment: dict[str, object],
) -> dict[str, object]:
    """Everything that the tables tell, for a program to read."""
    return {
        "format": 1,
        "environment": environment,
        "operations": [
            {
                "operation": row.operation,
                "budget_steps": row.budget,
                "ours": _plain(row.ours),
                "peer": _plain(row.peer),
                "ratio": row.ratio,
            }
            for row in rows
        ],
        "figures": [{**asdict(figure), "ratio": figure.ratio} for figure in figures],
        "over_budget": over_budget(rows),
    }


def _plain(cost: Cost | str | None) -> dict[str, object] | None:
    if isinstance(cost, str):
        return {"error": cost}
    return asdict(cost) if cost else None


def _cells(cost: Cost | str | None) -> tuple[str, str, str]:
    if isinstance(cost, Cost):
        return str(cost.requests), str(cost.steps), f"{cost.ms:.0f}{'*' if cost.waited_ms else ' '}"
    return ("-", "-", f"{'fails' if cost else '-'} ")


def _text(value: int | None) -> str:
    return "-" if value is None else str(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _over(title: str, width: int) -> str:
    return f" {title} ".center(width, "-")


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*lines, strict=True)]


def _aligned(lines: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """The first column to the left, all others to the right."""
    return [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]

"""Running the checks that a rollout requires."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from versioned.checks.base import Check, CheckRun, Outcome, Subject


def run_checks(
    names: Iterable[str], checks: Mapping[str, Check], subject: Subject
) -> tuple[CheckRun, ...]:
    """All of these checks, one after the other; one that is not among `checks` is inconclusive."""
    return tuple(_run(name, checks.get(name), subject) for name in names)


def _run(name: str, check: Check | None, subject: Subject) -> CheckRun:
    if check is None:
        return CheckRun(name, Outcome.INCONCLUSIVE, "not defined on this machine")
    result = check.run(subject)
    return CheckRun(name, result.outcome, result.reason)

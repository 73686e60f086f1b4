"""A check that is a command: 0 passes, 75 says nothing, any other exit fails."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from versioned.checks.base import DEFAULT_TIMEOUT, Outcome, Result, Subject, clean_reason
from versioned.processes import Ended, run_program


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """Runs a program in a directory: no shell, no input, what it writes is read to its end.

    It is told by the environment variables `VERSIONED_ARTIFACT`, `VERSIONED_ALIAS`,
    `VERSIONED_VERSION`, `VERSIONED_SHA256` and `VERSIONED_WEIGHT`. Exit 0 passes; 75
    (EX_TEMPFAIL), a signal, no start and no end in `timeout` seconds are inconclusive; any
    other exit fails. At the timeout its whole process group is killed.
    """

    arguments: tuple[str, ...]
    directory: Path
    environ: Mapping[str, str]
    timeout: float = DEFAULT_TIMEOUT

    def run(self, subject: Subject) -> Result:
        """Takes at most a moment more than the timeout."""
        try:
            ended = run_program(
                self.arguments,
                directory=self.directory,
                environ={**self.environ, **_told(subject)},
                timeout=self.timeout,
            )
        except (OSError, ValueError) as error:
            return Result(
                Outcome.INCONCLUSIVE, clean_reason(f"could not start {self.arguments[0]}: {error}")
            )
        return _judge(ended, self.timeout)


def _told(subject: Subject) -> dict[str, str]:
    return {
        "VERSIONED_ARTIFACT": subject.artifact,
        "VERSIONED_ALIAS": subject.alias,
        "VERSIONED_VERSION": subject.version,
        "VERSIONED_SHA256": subject.sha256,
        "VERSIONED_WEIGHT": subject.weight,
    }


def _judge(ended: Ended, timeout: float) -> Result:
    code, said = ended.code, clean_reason(_last_line(ended.output))
    if code is None:
        outcome, what = Outcome.INCONCLUSIVE, f"no end within {timeout:g} s"
    elif code < 0:
        outcome, what = Outcome.INCONCLUSIVE, f"killed by signal {-code}"
    elif code == os.EX_TEMPFAIL:
        outcome, what = Outcome.INCONCLUSIVE, f"exit {code}"
    else:
        outcome, what = (Outcome.FAIL if code else Outcome.PASS), f"exit {code}"
    return Result(outcome, f"{what}: {said}" if said else what)


def _last_line(output: bytes) -> str:
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""

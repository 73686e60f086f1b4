"""A check that somebody else ran: the newest verdict for the bytes of the version."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from versioned import layout
from versioned.checks.base import Outcome, Result, Subject, clean_reason
from versioned.context import Context
from versioned.errors import VersionedError
from versioned.pipelines.entries import listed_entries
from versioned.pipelines.verdict import Verdict, decode_verdict
from versioned.steps import or_none


@dataclass(frozen=True, slots=True)
class VerdictCheck:
    """Looks up the newest verdict of a check for the sha256 of the version.

    None, and one that can't be read, is inconclusive.
    """

    context: Context
    check: str

    def run(self, subject: Subject) -> Result:
        """One request, two where there is a verdict."""
        try:
            verdict = self._newest(subject)
        except VersionedError as error:
            return Result(Outcome.INCONCLUSIVE, clean_reason(error.message))
        if verdict is None:
            return Result(
                Outcome.INCONCLUSIVE,
                f"there is no verdict {self.check} for {subject.artifact}@{subject.version}",
            )
        passed = verdict.outcome == "pass"
        by = f" by {verdict.by}" if verdict.by else ""
        why = f": {verdict.message}" if verdict.message else ""
        return Result(
            Outcome.PASS if passed else Outcome.FAIL,
            clean_reason(f"verdict {self.check}: {verdict.outcome}{by}{why}"),
        )

    def _newest(self, subject: Subject) -> Verdict | None:
        folder = layout.verdict_folder(subject.artifact, subject.sha256, self.check)
        for line in listed_entries(self.context, folder)[:1]:
            found = or_none(partial(self.context.read, line.key))
            return None if found is None else decode_verdict(line.key, found[1])
        return None

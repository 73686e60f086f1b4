"""Which gates a version does not meet, and what would meet them. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil

from versioned.pipelines.approval import Approval
from versioned.pipelines.gate import Gate
from versioned.pipelines.verdict import Verdict

ORDER = "order"
SOAK = "soak"
APPROVALS = "approvals"
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A version on its way into a rank, and the bytes meant. `out_of_order` says why it is not
    what the rank before holds, where it is not."""

    name: str
    rank: str
    version: str
    sha256: str
    before: str | None = None
    out_of_order: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known for the bytes of a candidate.

    The newest verdict of each check that is asked for, the newest word of each person, the
    longest stay in the rank before in seconds; `faults` are sentences on documents that can't
    be read, by the gate that they are for.
    """

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
    stayed: float = 0.0
    faults: Mapping[str, str] = field(default_factory=dict)


def verdict_gate(check: str) -> str:
    """The name of the gate that asks for a check."""
    return f"verdict:{check}"


def unmet(gate: Gate, candidate: Candidate, evidence: Evidence) -> dict[str, str]:
    """A sentence for each gate that is not met, by its name: what is missing, what to do.

    Names are `order`, `verdict:<check>`, `soak` and `approvals`. Empty where all are met.
    """
    found: dict[str, str] = {}
    if candidate.out_of_order:
        found[ORDER] = candidate.out_of_order
    for check in gate.verdicts:
        missing = _missing_verdict(check, candidate, evidence)
        if missing:
            found[verdict_gate(check)] = missing
    if evidence.stayed < gate.soak:
        found[SOAK] = _missing_soak(gate, candidate, evidence)
    given = approved_by(gate, evidence.approvals)
    if len(given) < gate.approvals:
        found[APPROVALS] = _missing_approvals(gate, candidate, evidence, given)
    return found


def approved_by(gate: Gate, approvals: tuple[Approval, ...]) -> list[str]:
    """Who approves, of those that count; `approvals` has the newest word of each person."""
    return sorted(
        a.person
        for a in approvals
        if not a.revoked and (not gate.approvers or a.person in gate.approvers)
    )


def _missing_verdict(check: str, candidate: Candidate, evidence: Evidence) -> str | None:
    fault = evidence.faults.get(verdict_gate(check))
    if fault:
        return f"its newest verdict can't be read: {fault}"
    verdict = evidence.verdicts.get(check)
    ref = f"{candidate.name}@{candidate.version}"
    if verdict is None:
        return f"no verdict for these bytes; versioned verdict {ref} {check} --pass records one"
    if verdict.outcome == "pass":
        return None
    report = f", {verdict.url}" if verdict.url else ""
    moment = datetime.fromisoformat(verdict.at).astimezone(UTC)
    who = verdict.by or "nobody named"
    return f"failed at {moment:%Y-%m-%d %H:%M:%SZ} by {who}{report}; run it again"


def _missing_soak(gate: Gate, candidate: Candidate, evidence: Evidence) -> str:
    fault = evidence.faults.get(SOAK)
    if fault:
        return f"the ledger of {candidate.before} can't be read: {fault}"
    return (
        f"{span_words(int(evidence.stayed))} of {span_words(ceil(gate.soak))} with all traffic of "
        f"{candidate.before}; wait {span_words(ceil(gate.soak - evidence.stayed))}"
    )


def _missing_approvals(
    gate: Gate, candidate: Candidate, evidence: Evidence, given: list[str]
) -> str:
    asked = [person for person in gate.approvers if person not in given]
    have = f"{len(given)} of {gate.approvals}" + (f" ({', '.join(given)})" if given else "")
    ask = f"ask {', '.join(asked)}: " if asked else ""
    fault = evidence.faults.get(APPROVALS)
    sentence = f"{have}; {ask}versioned approve {candidate.name}@{candidate.version}"
    return f"{sentence} {candidate.rank}" + (f"; one can't be read: {fault}" if fault else "")


def span_words(seconds: int) -> str:
    """A length of time in its two largest units: `1h 30m`, `45s`."""
    parts: list[str] = []
    left = seconds
    for length, unit in _UNITS:
        count, left = divmod(left, length)
        parts.append(f"{count}{unit}")
    first = next((place for place, part in enumerate(parts) if part[0] != "0"), len(parts) - 1)
    return " ".join(part for part in parts[first : first + 2] if part[0] != "0") or "0s"


def gate_words(gate: Gate) -> str:
    """What a gate asks, in a line; empty where it asks nothing."""
    found = [f"{check} passed" for check in gate.verdicts]
    if gate.soak:
        found.append(f"{span_words(ceil(gate.soak))} soaked")
    if gate.approvals:
        of = f" of {', '.join(gate.approvers)}" if gate.approvers else ""
        found.append(f"{gate.approvals} {'approval' if gate.approvals == 1 else 'approvals'}{of}")
    return ", ".join(found)

"""What the store knows for candidates: verdicts, approvals, time in the rank before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from versioned import layout
from versioned.alias_records import HeldAlias
from versioned.context import Context
from versioned.errors import ContaminatedError
from versioned.ledger_records import decode_entry
from versioned.models import Alias, LedgerEntry
from versioned.pipelines.approval import Approval, decode_approval
from versioned.pipelines.entries import listed_entries, newest_of_each
from versioned.pipelines.gate import Gate
from versioned.pipelines.gates import APPROVALS, SOAK, Candidate, Evidence, verdict_gate
from versioned.pipelines.soaking import Stay, longest_stay
from versioned.pipelines.verdict import Verdict, decode_verdict
from versioned.steps import Pending, Step
from versioned.stores.base import ListedObject

LOOK_BACK = 100
"""How many superseded states of the rank before are looked at for a stay."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """A candidate, the gate it has to pass, and what the rank before holds now."""

    candidate: Candidate
    gate: Gate
    source: HeldAlias | None = None


def gather_evidence(
    context: Context, questions: Sequence[Question], beside: Callable[[Step], None] | None = None
) -> list[Evidence]:
    """The evidence for each question, in order: two steps for all of them, none where no gate
    asks for any. What can't be read is a fault of the evidence, and raises nothing.

    `beside` adds requests of the caller's to the first step.
    """
    searches = [
        (_Verdicts(context, q), _Approvals(context, q), _Stays(context, q)) for q in questions
    ]
    with Step(context.store) as step:
        if beside:
            beside(step)
        for search in searches:
            for part in search:
                part.look(step)
    with Step(context.store) as step:
        for search in searches:
            for part in search:
                part.read(step)
    return [_evidence(*search) for search in searches]


def _evidence(verdicts: _Verdicts, approvals: _Approvals, stays: _Stays) -> Evidence:
    faults: dict[str, str] = {}
    return Evidence(
        verdicts=verdicts.found(faults),
        approvals=approvals.found(faults),
        stayed=stays.found(faults),
        faults=faults,
    )


@dataclass(frozen=True, slots=True)
class _Document:
    key: str
    raw: Pending[bytes | None]

    @classmethod
    def asked(cls, context: Context, step: Step, key: str) -> _Document:
        return cls(key, step.add_optional(lambda: context.read(key)[1]))

    def decoded(
        self, decode: Callable[[str, bytes], T], gate: str, faults: dict[str, str]
    ) -> T | None:
        """`None` where it is gone, or where it can't be read, which is noted then."""
        if self.raw.result is None:
            return None
        try:
            return decode(self.key, self.raw.result)
        except ContaminatedError as error:
            faults[gate] = error.message
            return None


class _Verdicts:
    def __init__(self, context: Context, question: Question) -> None:
        self.context, self.question = context, question
        self.listed: dict[str, Pending[list[ListedObject]]] = {}
        self.newest: dict[str, _Document] = {}

    def look(self, step: Step) -> None:
        candidate = self.question.candidate
        for check in self.question.gate.verdicts:
            folder = layout.verdict_folder(candidate.name, candidate.sha256, check)
            self.listed[check] = step.add(partial(listed_entries, self.context, folder))

    def read(self, step: Step) -> None:
        for check, lines in self.listed.items():
            if lines.result:
                key = lines.result[0].key
                self.newest[check] = _Document.asked(self.context, step, key)

    def found(self, faults: dict[str, str]) -> Mapping[str, Verdict]:
        verdicts: dict[str, Verdict] = {}
        for check, document in self.newest.items():
            verdict = document.decoded(decode_verdict, verdict_gate(check), faults)
            if verdict:
                verdicts[check] = verdict
        return verdicts


class _Approvals:
    def __init__(self, context: Context, question: Question) -> None:
        self.context, self.question = context, question
        candidate = question.candidate
        self.folder = layout.approvals_folder(candidate.name, candidate.sha256, candidate.rank)
        self.listed: Pending[list[ListedObject]] | None = None
        self.newest: list[_Document] = []

    def look(self, step: Step) -> None:
        if self.question.gate.approvals:
            self.listed = step.add(lambda: self.context.listed(self.folder))

    def read(self, step: Step) -> None:
        if self.listed:
            keys = newest_of_each(self.folder, (line.key for line in self.listed.result))
            self.newest = [_Document.asked(self.context, step, key) for key in keys]

    def found(self, faults: dict[str, str]) -> tuple[Approval, ...]:
        found = (d.decoded(decode_approval, APPROVALS, faults) for d in self.newest)
        return tuple(filter(None, found))


class _Stays:
    """States of the rank before. What a state says of its own time is not enough: whoever may
    write it can make that up. The store's time of the object that holds it, or of the ledger
    entry that was written right before it, can't be; so of the oldest entry, which has none
    before it, only the end is known."""

    def __init__(self, context: Context, question: Question) -> None:
        self.context, self.question = context, question
        self.current: list[Stay] = []
        if question.source:
            start = max(question.source.alias.update_datetime, question.source.modified)
            self.current = [Stay(start, self._holds(question.source.alias))]
        self.listed: Pending[list[ListedObject]] | None = None
        self.lines: list[ListedObject] = []
        self.entries: list[_Document] = []

    def look(self, step: Step) -> None:
        candidate = self.question.candidate
        if candidate.before and self._longest(self.current) < self.question.gate.soak:
            folder = layout.ledger_folder(candidate.name, candidate.before)
            self.listed = step.add(lambda: self.context.listed(folder, limit=LOOK_BACK))

    def read(self, step: Step) -> None:
        if self.listed:
            depth = layout.ledger_key("name", "alias", 1).count("/")
            self.lines = [line for line in self.listed.result if line.key.count("/") == depth]
            self.entries = [_Document.asked(self.context, step, line.key) for line in self.lines]

    def found(self, faults: dict[str, str]) -> float:
        stays = list(self.current)
        for place, document in enumerate(self.entries):
            entry = document.decoded(_decode_entry, SOAK, faults)
            if entry and not self._is_current(entry.identity):
                floor = self.lines[min(place + 1, len(self.lines) - 1)].modified
                stays.append(Stay(max(entry.at_datetime, floor), self._holds(entry.state)))
        return 0.0 if SOAK in faults else self._longest(stays)

    def _is_current(self, identity: str) -> bool:
        return self.question.source is not None and self.question.source.identity == identity

    def _holds(self, state: Alias | None) -> bool:
        candidate = self.question.candidate
        return (
            state is not None
            and not state.is_split
            and (state.version, state.sha256) == (candidate.version, candidate.sha256)
        )

    def _longest(self, stays: Sequence[Stay]) -> float:
        return longest_stay(stays, self.context.store.now())


def _decode_entry(key: str, raw: bytes) -> LedgerEntry:
    return decode_entry(key, raw, str)

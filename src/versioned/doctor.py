"""Finding and mending what a crash left behind. Safe while others write.

Whatever is younger than a lease may still be somebody's work, and is left alone. Every mend is
one that the crashed writer, or anybody else, might repeat without harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from versioned import layout, ledger
from versioned.alias_deletion import delete_alias
from versioned.aliases import read_key
from versioned.announcements import Announcement, close_crashed, read_announcement
from versioned.context import Context, new_identity
from versioned.documents import Document, dump, parse
from versioned.errors import ConflictError, ContaminatedError, InvalidNameError, NotFoundError
from versioned.publishing import finish_claim
from versioned.steps import or_none
from versioned.stores.base import ListedObject
from versioned.versions import index_is_current, list_versions, sha256_of


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. `code` is for programs: abandoned-number,
    broken-alias, changed-store, crashed-transfer, dangling-alias, foreign-object, ledger-gap,
    leftover-copy, missing-ledger-entry, stale-index, unfinished-alias-deletion,
    unfinished-claim, unfinished-deletion."""

    code: str
    artifact: str | None
    key: str | None
    message: str
    mendable: bool = True
    mended: bool = False

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


Mend = Callable[[], object]
_Case = tuple[Finding, Mend | None]


def examine(
    context: Context, names: list[str], *, mend: bool, older_than: float, uploads_older_than: float
) -> list[Finding]:
    """See `Repository.doctor`."""
    findings: list[Finding] = []
    for name in names:
        try:
            patient = _Patient(context, name, older_than, uploads_older_than)
        except InvalidNameError as error:
            findings.append(Finding("foreign-object", name, None, str(error), mendable=False))
            continue
        for check in _CHECKS:
            cases = _cases(check, patient)
            findings += [_treat(finding, cure) if mend else finding for finding, cure in cases]
        folder = layout.artifact_folder(name)
        findings += _sweep(context, name, folder, older_than=uploads_older_than, mend=mend)
    return findings


def _cases(check: Callable[[_Patient], Iterator[_Case]], patient: _Patient) -> list[_Case]:
    """What a check found up to the first object that it can't read, and that object."""
    cases: list[_Case] = []
    try:
        cases.extend(check(patient))
    except NotFoundError:
        pass  # somebody else is at it
    except ContaminatedError as error:
        name = patient.name
        cases.append((Finding("foreign-object", name, None, str(error), mendable=False), None))
    return cases


def _sweep(
    context: Context, name: str | None, folder: str, *, older_than: float, mend: bool
) -> list[Finding]:
    return [
        Finding("crashed-transfer", name, None, sentence, mended=mend)
        for sentence in context.store.sweep(folder, older_than=older_than, mend=mend)
    ]


def examine_store(context: Context, *, mend: bool, uploads_older_than: float) -> list[Finding]:
    """What concerns the repository as a whole: whether the store still enforces what it did."""
    findings = _sweep(context, None, "", older_than=uploads_older_than, mend=mend)
    if context.store.capabilities is None:
        recorded, found = context.capabilities(), context.store.probe()
        if recorded != found:
            finding = Finding(
                "changed-store",
                None,
                layout.REPOSITORY_KEY,
                f"the store now enforces {found}, recorded was {recorded}",
            )
            findings.append(_treat(finding, context.probe) if mend else finding)
    return findings


def _treat(finding: Finding, cure: Mend | None) -> Finding:
    if cure is None:
        return finding
    try:
        cure()
    except (ConflictError, NotFoundError):
        return finding  # somebody else is at it
    except ContaminatedError as error:
        return replace(finding, message=f"{finding.message}; {error}", mendable=False)
    return replace(finding, mended=True)


class _Patient:
    """One artifact: all its objects, read by one listing before anything else."""

    def __init__(
        self, context: Context, name: str, older_than: float, uploads_older_than: float
    ) -> None:
        self.context = context
        self.name = name
        folder = layout.artifact_folder(name)
        self.objects = {line.key: line for line in context.listed(folder)}
        self._older_than = timedelta(seconds=older_than)
        self._uploads_older_than = timedelta(seconds=uploads_older_than)

    def below(self, folder: str) -> list[ListedObject]:
        return [line for key, line in self.objects.items() if key.startswith(folder)]

    def is_old(self, line: ListedObject) -> bool:
        return self._is_older(line, self._older_than)

    def is_old_transfer(self, line: ListedObject) -> bool:
        return self._is_older(line, self._uploads_older_than)

    def _is_older(self, line: ListedObject, age: timedelta) -> bool:
        """Servers tell the time in whole seconds: an age of 0 asks for no comparison."""
        return not age or line.modified <= self.context.store.now() - age

    def has_version(self, version: int | str) -> bool:
        return layout.version_key(self.name, version, self.context.suffix) in self.objects

    def document(self, key: str) -> Document:
        return parse(key, self.context.read(key)[1])


def _check_versions(patient: _Patient) -> Iterator[_Case]:
    context, name = patient.context, patient.name
    for line in patient.below(layout.versions_folder(name)):
        try:
            layout.version_of_key(line.key, context.suffix)
        except ContaminatedError as error:
            yield Finding("foreign-object", name, line.key, str(error), mendable=False), None


def _check_index(patient: _Patient) -> Iterator[_Case]:
    context, name = patient.context, patient.name
    try:
        current = index_is_current(context, name)
    except ContaminatedError:
        return  # foreign objects are a finding of their own
    if not current:
        finding = Finding("stale-index", name, layout.index_key(name), "the index is out of date")
        yield finding, partial(list_versions, context, name)


def _check_claims(patient: _Patient) -> Iterator[_Case]:
    context, name = patient.context, patient.name
    deleted = {
        version
        for line in patient.below(layout.deletions_folder(name))
        for version in patient.document(line.key).texts("versions")
    }
    needed: set[str] = set()
    for line in patient.below(layout.numbers_folder(name)):
        number = layout.number_of_claim(line.key)
        if patient.has_version(number) or str(number) in deleted:
            continue
        claim = patient.document(line.key)
        source = claim.text_or_none("source")
        if source:
            needed.add(layout.private_key(name, source))
        if patient.is_old(line) and not claim.data.get("abandoned"):
            yield _unfinished_claim(patient, line, claim, number, source)
    for line in patient.below(layout.private_folder(name)):
        if line.key not in needed and patient.is_old_transfer(line):
            message = "a private copy that no publisher waits for"
            finding = Finding("leftover-copy", name, line.key, message)
            yield finding, partial(context.store.delete, line.key)
    for line in patient.below(layout.uploads_folder(name)):
        if patient.is_old_transfer(line):
            message = "the note of an upload that was never resumed"
            finding = Finding("crashed-transfer", name, line.key, message)
            yield finding, partial(context.store.delete, line.key)


def _unfinished_claim(
    patient: _Patient, line: ListedObject, claim: Document, number: int, source: str | None
) -> _Case:
    context, name = patient.context, patient.name
    private = layout.private_key(name, source or "")
    if source and private in patient.objects:
        message = f"version {number} was claimed, and its bytes wait to be copied"
        finding = Finding("unfinished-claim", name, line.key, message)
        return finding, partial(_finish, context, name, number, private, claim.text("sha256"))
    message = f"number {number} was claimed by a publisher that never finished; it stays unused"
    body = dump({**claim.data, "abandoned": True})
    finding = Finding("abandoned-number", name, line.key, message)
    return finding, partial(context.write, line.key, body, if_match=line.etag)


def _finish(context: Context, name: str, number: int, private: str, sha256: str) -> None:
    copy = context.store.head(private)
    if sha256_of(copy) != sha256:
        raise ContaminatedError(f"{private!r} is not what was claimed", hint="remove it")
    finish_claim(context, name, number, copy)


def _check_deletion(patient: _Patient) -> Iterator[_Case]:
    context, name = patient.context, patient.name
    key = layout.announcement_key(name)
    if key not in patient.objects:
        return
    announcement: Announcement | None = read_announcement(context, name)
    if announcement and not announcement.done and patient.is_old(patient.objects[key]):
        gone = [v for v in announcement.versions if not patient.has_version(v)]
        message = (
            f"a deletion of {len(announcement.versions)} versions was cut off after {len(gone)}"
        )
        finding = Finding("unfinished-deletion", name, key, message)
        yield finding, partial(close_crashed, context, name, announcement, gone)


def _check_aliases(patient: _Patient) -> Iterator[_Case]:
    context, name = patient.context, patient.name
    folder = layout.aliases_folder(name)
    held = [line for line in patient.below(folder) if line.key.endswith(".json")]
    for line in held:
        alias = layout.alias_of_key(line.key)
        try:
            state = read_key(context, name, alias, line.key)
        except ContaminatedError as error:
            finding = Finding("broken-alias", name, line.key, str(error))
            yield finding, partial(_set_aside, context, name, line)
            continue
        if state and state.event and state.event.deleting and patient.is_old(line):
            finding = Finding("unfinished-alias-deletion", name, line.key, "an alias half deleted")
            yield finding, partial(_finish_alias_deletion, context, name, alias)
        if state and state.event and _is_cut_off(patient, alias, state.event.position):
            message = f"the ledger of {alias} ends before entry {state.event.position}"
            yield Finding("ledger-gap", name, line.key, message, mendable=False), None
        for version in sorted(state.alias.versions) if state else ():
            if not patient.has_version(version) and not _exists(context, name, version):
                message = f"{alias} refers to version {version}, which is not there"
                yield Finding("dangling-alias", name, line.key, message, mendable=False), None


def _is_cut_off(patient: _Patient, alias: str, position: int) -> bool:
    """Whether entries are missing that were there when the alias was written. The ledger may have
    grown since the artifact was listed."""
    context, name = patient.context, patient.name
    try:
        if not position or layout.ledger_key(name, alias, position) in patient.objects:
            return False
        return ledger.newest_position(context, name, alias) < position
    except InvalidNameError:
        return False  # other tools allow odder names, and copy an alias with its event


def _exists(context: Context, name: str, version: str) -> bool:
    """It may have been published since the artifact was listed."""
    key = layout.version_key(name, version, context.suffix)
    return or_none(lambda: context.store.head(key)) is not None


def _set_aside(context: Context, name: str, line: ListedObject) -> None:
    """Keep what can't be read beside the aliases, so that the alias can be put again."""
    broken = context.store.head(line.key)
    context.store.copy(broken, layout.broken_key(name, new_identity()))
    context.store.delete(line.key, if_match=broken.etag)


def _finish_alias_deletion(context: Context, name: str, alias: str) -> None:
    delete_alias(context, name, alias, message="finished by doctor", marked_is_dead=True)


def _check_ledgers(patient: _Patient) -> Iterator[_Case]:
    context, name = patient.context, patient.name
    ledgers: dict[str, list[ListedObject]] = {}
    for line in patient.below(layout.ledgers_folder(name)):
        ledgers.setdefault(line.key.split("/")[2], []).append(line)
    for alias, lines in ledgers.items():
        positions = sorted(layout.position_of_ledger_key(line.key) for line in lines)
        if positions != list(range(1, len(positions) + 1)):
            count = positions[-1] - len(positions)
            message = f"the ledger of {alias} lacks {count} of its {positions[-1]} entries"
            yield Finding("ledger-gap", name, lines[0].key, message, mendable=False), None
            continue
        if f"{layout.aliases_folder(name)}{alias}.json" in patient.objects:
            continue
        newest = ledger.read_entries(context, name, alias, limit=1)
        if newest and newest[0].action == "put" and patient.is_old(lines[0]):
            message = f"{alias} is gone, and its ledger does not say so"
            finding = Finding("missing-ledger-entry", name, lines[0].key, message)
            yield finding, partial(_append_deletion, context, name, alias, positions[-1])


def _append_deletion(context: Context, name: str, alias: str, position: int) -> None:
    tip = ledger.read_tip(context, name, alias, position)
    ledger.append_deletion(
        context, name, alias, tip, by=None, message="deleted by somebody unknown; found by doctor"
    )


_CHECKS = (
    _check_versions,
    _check_claims,
    _check_deletion,
    _check_aliases,
    _check_ledgers,
    _check_index,  # last: the others' mends may change what it has to know
)

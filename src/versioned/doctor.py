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
from versioned.aliases import delete_alias, list_held
from versioned.announcements import Announcement, close_crashed, read_announcement
from versioned.context import Context
from versioned.documents import Document, dump, parse
from versioned.errors import ConflictError, ContaminatedError, NotFoundError
from versioned.publishing import finish_claim
from versioned.retention import references
from versioned.stores.base import ListedObject
from versioned.versions import index_is_current, list_versions


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
        patient = _Patient(context, name, older_than)
        for check in _CHECKS:
            cases = list(check(patient))
            findings += [_treat(finding, cure) if mend else finding for finding, cure in cases]
        folder = layout.artifact_folder(name)
        findings += _sweep(context, name, folder, older_than=uploads_older_than, mend=mend)
    return findings


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
    return replace(finding, mended=True)


class _Patient:
    """One artifact: all its objects, read by one listing before anything else."""

    def __init__(self, context: Context, name: str, older_than: float) -> None:
        self.context = context
        self.name = name
        folder = layout.artifact_folder(name)
        self.objects = {line.key: line for line in context.store.list_objects(folder)}
        self._older_than = timedelta(seconds=older_than)

    def below(self, folder: str) -> list[ListedObject]:
        return [line for key, line in self.objects.items() if key.startswith(folder)]

    def is_old(self, line: ListedObject) -> bool:
        """Servers tell the time in whole seconds: an age of 0 asks for no comparison."""
        return not self._older_than or line.modified <= self.context.store.now() - self._older_than

    def has_version(self, version: int | str) -> bool:
        return layout.version_key(self.name, version, self.context.suffix) in self.objects

    def document(self, key: str) -> Document:
        return parse(key, self.context.read(key)[1])


def _check_versions(patient: _Patient) -> Iterator[_Case]:
    context, name = patient.context, patient.name
    for line in patient.below(layout.versions_folder(name)):
        try:
            if not line.key.endswith("/"):
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
        needed.add(layout.private_key(name, source or ""))
        if patient.is_old(line) and not claim.data.get("abandoned"):
            yield _unfinished_claim(patient, line, claim, number, source)
    for line in patient.below(layout.private_folder(name)):
        if line.key not in needed and patient.is_old(line):
            message = "a private copy that no publisher waits for"
            finding = Finding("leftover-copy", name, line.key, message)
            yield finding, partial(context.store.delete, line.key)


def _unfinished_claim(
    patient: _Patient, line: ListedObject, claim: Document, number: int, source: str | None
) -> _Case:
    context, name = patient.context, patient.name
    private = layout.private_key(name, source or "")
    if private in patient.objects:
        message = f"version {number} was claimed, and its bytes wait to be copied"
        finding = Finding("unfinished-claim", name, line.key, message)
        return finding, lambda: finish_claim(context, name, number, context.store.head(private))
    message = f"number {number} was claimed by a publisher that never finished; it stays unused"
    body = dump({**claim.data, "abandoned": True})
    finding = Finding("abandoned-number", name, line.key, message)
    return finding, partial(context.write, line.key, body, if_match=line.etag)


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
    try:
        aliases = list_held(context, name)
    except ContaminatedError as error:
        yield Finding("broken-alias", name, None, str(error), mendable=False), None
        return
    for held in aliases:
        key = layout.aliases_folder(name) + f"{held.alias.alias}.json"
        if held.event and held.event.deleting and patient.is_old(patient.objects[key]):
            finding = Finding("unfinished-alias-deletion", name, key, "an alias half deleted")
            yield finding, partial(_finish_alias_deletion, context, name, held.alias.alias)
    for version, users in references(held.alias for held in aliases).items():
        if not patient.has_version(version):
            message = f"{', '.join(users)} refers to version {version}, which is not there"
            finding = Finding(
                "dangling-alias", name, layout.aliases_folder(name), message, mendable=False
            )
            yield finding, None


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
            message = f"the ledger of {alias} has entries {positions}, so some are missing"
            yield Finding("ledger-gap", name, lines[0].key, message, mendable=False), None
            continue
        if f"{layout.aliases_folder(name)}{alias}.json" in patient.objects:
            continue
        newest = ledger.read_entries(context, name, alias, limit=1)[0]
        if newest.action == "put" and patient.is_old(lines[0]):
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

"""Reading ledgers whole, to prove them. Safe while others write.

The alias is read before its ledger is listed and again after it: entries are never removed, so a
listing that is older than the alias can't happen, and what the alias does not know of counts only
where it was the same both times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from versioned import layout, naming
from versioned.alias_records import HeldAlias
from versioned.aliases import read_held
from versioned.context import LEASE, Context
from versioned.errors import (
    AliasNotFoundError,
    ContaminatedError,
    IntegrityError,
    InvalidInputError,
    InvalidNameError,
    ObjectNotFoundError,
)
from versioned.ledger_proof import (
    Anchor,
    Chain,
    LedgerReport,
    ProvenLedger,
    anchor_faults,
    is_gone_untold,
    link_faults,
)
from versioned.steps import Step
from versioned.stores.base import ListedObject

AT_ONCE = 64
"""Entries that are read in one step, so that memory stays flat."""

_LOOKS = 3
"""Nothing is called broken before it was looked at so often."""


def verify_ledgers(
    context: Context,
    names: Sequence[str],
    *,
    name: str | None,
    alias: str | None,
    anchors: Iterable[Anchor],
    progress: Callable[[ProvenLedger], None] | None,
) -> LedgerReport:
    """See `Repository.verify_ledger`; `names` are the artifacts that `name` means."""
    if alias is not None and name is None:
        raise InvalidInputError(f"the alias {alias!r} of no artifact", hint="name both")
    meant = [a for a in anchors if name in {None, a.name} and alias in {None, a.alias}]
    # a ledger that was removed whole is missed by its anchor alone
    wanted = {(anchor.name, anchor.alias) for anchor in meant}
    foreign: list[str] = []
    for one in names:
        found = _Found((alias,)) if alias is not None else _find(context, one)
        wanted |= {(one, each) for each in found.aliases}
        foreign += found.foreign
    proven = []
    for one, each in sorted(wanted):
        kept = [a for a in meant if (a.name, a.alias) == (one, each)]
        ledger = _prove(context, one, each, kept)
        if ledger is not None:
            proven.append(ledger)
            if progress:
                progress(ledger)
    if alias is not None and not proven:
        raise AliasNotFoundError(
            f"artifact {name!r} has no alias {alias!r}, and no ledger of one",
            hint=f"see versioned alias ls {name}",
        )
    return LedgerReport(tuple(proven), tuple(foreign))


@dataclass(frozen=True, slots=True)
class _Found:
    """The aliases of an artifact that are or were, and what lies among their ledgers."""

    aliases: tuple[str, ...]
    foreign: tuple[str, ...] = ()


def _find(context: Context, name: str) -> _Found:
    try:
        folder, aliases_folder = layout.ledgers_folder(name), layout.aliases_folder(name)
    except InvalidNameError as error:
        return _Found((), (error.message,))
    with Step(context.store) as step:
        files = step.add(partial(context.listed, aliases_folder))
        entries = step.add(partial(context.listed, folder))
    present = {line.key.removeprefix(aliases_folder) for line in files.result}
    aliases = {file.removesuffix(".json") for file in present if file.endswith(".json")}
    recorded = {line.key.removeprefix(folder).rpartition("/")[0] for line in entries.result}
    return _Found(
        tuple(sorted(alias for alias in aliases | recorded if _is_name(alias))),
        tuple(
            f"{folder + alias!r} is not the ledger of an alias"
            for alias in sorted(recorded)
            if not _is_name(alias)
        ),
    )


def _is_name(alias: str) -> bool:
    """Other tools allow odder names; those have no ledger."""
    try:
        naming.validate_alias_name(alias)
    except InvalidNameError:
        return False
    return True


def _prove(
    context: Context, name: str, alias: str, anchors: Sequence[Anchor]
) -> ProvenLedger | None:
    """Read one ledger whole; `None` where there is neither alias nor ledger nor anchor."""
    for look in range(_LOOKS):
        if look:
            context.sleep(context.store.settle)
        proven = _prove_once(context, name, alias, anchors)
        if proven is None or proven.ok:
            break
    return proven


def _prove_once(
    context: Context, name: str, alias: str, anchors: Sequence[Anchor]
) -> ProvenLedger | None:
    before = _read_alias(context, name, alias)
    lines, chain = _read_chain(context, name, alias)
    after = _read_alias(context, name, alias)
    faults, notices = [*chain.faults, *anchor_faults(chain, anchors)], []
    if isinstance(before, str):
        faults.append(before)
    elif before is not None:
        moved = not isinstance(after, HeldAlias) or after.identity != before.identity
        faults += link_faults(chain, before, moved=moved)
        if before.event is None:
            notices.append("the state that it is in was written by another tool, without a link")
    elif after is None and is_gone_untold(chain):
        key = layout.ledger_key(name, alias, chain.newest)
        told = f"{key!r} is the last entry, and tells of no deletion; but the alias is gone"
        age = (context.store.now() - lines[0].modified).total_seconds()
        # whoever deletes it says so after it is gone
        (notices if age < LEASE else faults).append(told)
    elif after is None and not lines and not anchors:
        return None
    tip = chain.links.get(chain.newest)
    return ProvenLedger(
        name, alias, len(chain.links), tip.sha256 if tip else "", tuple(faults), tuple(notices)
    )


def _read_alias(context: Context, name: str, alias: str) -> HeldAlias | str | None:
    """The alias, or why it can't be read."""
    try:
        return read_held(context, name, alias)
    except (ContaminatedError, IntegrityError) as error:
        return error.message


def _read_chain(context: Context, name: str, alias: str) -> tuple[list[ListedObject], Chain]:
    lines = context.listed(layout.ledger_folder(name, alias))
    chain = Chain(name, alias)
    positions = []
    for line in reversed(lines):
        try:
            position = layout.position_of_ledger_key(line.key)
        except ContaminatedError as error:
            chain.faults.append(error.message)
            continue
        if line.key == layout.ledger_key(name, alias, position):
            positions.append(position)
        else:
            chain.faults.append(f"{line.key!r} is not a ledger entry")
    for position, body in _bodies(context, name, alias, positions):
        chain.add(position, body)
    return lines, chain


def _bodies(
    context: Context, name: str, alias: str, positions: Sequence[int]
) -> Iterator[tuple[int, bytes | str]]:
    for start in range(0, len(positions), AT_ONCE):
        batch = positions[start : start + AT_ONCE]
        with Step(context.store) as step:
            bodies = [
                step.add(partial(_read, context, layout.ledger_key(name, alias, position)))
                for position in batch
            ]
        for position, body in zip(batch, bodies, strict=True):
            yield position, body.result


def _read(context: Context, key: str) -> bytes | str:
    """The bytes as they lie there, or why they can't be read."""
    try:
        return context.read(key)[1]
    except (IntegrityError, ObjectNotFoundError) as error:
        return f"{key!r} can't be read: {error.message}"

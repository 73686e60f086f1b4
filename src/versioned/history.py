"""What happened to an alias, and how to get back. The choice of a state is pure."""

from __future__ import annotations

from collections.abc import Sequence

from versioned import ledger
from versioned.alias_writing import put_alias
from versioned.aliases import read_held
from versioned.context import Context
from versioned.errors import AliasNotFoundError, InvalidInputError
from versioned.layout import normalize_version
from versioned.ledger_records import entry_of
from versioned.models import Alias, Cause, LedgerEntry
from versioned.naming import LATEST_VERSION
from versioned.targets import Expectation, Target, target_words


def history(
    context: Context, name: str, alias: str, *, limit: int | None = None
) -> list[LedgerEntry]:
    """What happened to an alias, newest first; an alias that never was has none.

    Two requests and one for each recorded entry, in three steps.
    """
    held = read_held(context, name, alias)
    recorded = ledger.read_entries(context, name, alias, limit=limit)
    entries = [entry_of(held)] if held else []
    seen = {entry.identity for entry in entries}
    for entry in recorded:
        if entry.identity not in seen:
            seen.add(entry.identity)
            entries.append(entry)
    return entries[:limit]


def choose_rollback(entries: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """The newest earlier state that sent all traffic to one number, unless the alias is just
    there. LATEST is no way back: it may hold other bytes by now. From a state that was itself brought back, the search goes on below the original.

    `entries` are newest first, the current state at the front. `None` if there is no way back.
    """
    if not entries or entries[0].state is None:
        return None
    current, state = entries[0], entries[0].state
    start = 1
    if current.restores is not None:
        originals = [i for i, e in enumerate(entries) if e.identity == current.restores]
        start = originals[0] + 1 if originals else 1
    for entry in entries[start:]:
        candidate = entry.state
        if candidate is None or candidate.is_split or candidate.version == LATEST_VERSION:
            continue
        if state.is_split or candidate.version != state.version:
            return entry
    return None


def last_stay(entries: Sequence[LedgerEntry], version: str) -> LedgerEntry | None:
    """The newest of these states that sent all traffic to a number; `None` for LATEST, which may
    hold other bytes by now. Pure."""
    for entry in entries:
        state = entry.state
        if state and not state.is_split and state.version == version != LATEST_VERSION:
            return entry
    return None


def _meant(chosen: LedgerEntry | None) -> dict[str, str]:
    """The bytes that a state meant, where they were recorded."""
    state = chosen.state if chosen else None
    return {state.version: state.sha256} if state and state.sha256 else {}


def rollback(
    context: Context,
    name: str,
    alias: str,
    *,
    to: int | str | None = None,
    message: str | None = None,
    by: str | None = None,
) -> Alias:
    """Bring back an earlier state, by one compare-and-set; see `Repository.rollback`.

    The bytes have to be those that the state meant. A version that the alias never held, and
    LATEST, are no way back: they are put like any other, so a rank refuses them.
    """
    entries = history(context, name, alias)
    if not entries or entries[0].state is None:
        raise AliasNotFoundError(
            f"artifact {name!r} has no alias {alias!r}", hint=f"see versioned alias ls {name}"
        )
    current = entries[0].state
    if to is not None:
        target, restores = Target(normalize_version(to)), None
        chosen = last_stay(entries, target.version)
    elif (chosen := choose_rollback(entries)) and chosen.state:
        target, restores = Target(chosen.state.version), chosen.identity
    else:
        raise InvalidInputError(
            f"{name}@{alias} has no earlier version to go back to",
            hint=f"see versioned history {name}@{alias}, or name one with --to",
        )
    return put_alias(
        context,
        name,
        alias,
        target,
        expect=Expectation(revision=current.revision),
        message=message or f"rollback from {target_words(current)} to {target.version}",
        by=by,
        restores=restores,
        cause=Cause("rollback") if chosen else None,
        meant=_meant(chosen),
    )

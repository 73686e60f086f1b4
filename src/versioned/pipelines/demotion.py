"""Taking a rank back to what it held before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from versioned import ledger, naming
from versioned.alias_deletion import delete_alias
from versioned.alias_records import HeldAlias
from versioned.aliases import read_held
from versioned.context import Context
from versioned.errors import InvalidInputError, RankEmptyError
from versioned.history import choose_rollback, last_stay
from versioned.ledger_records import entry_of
from versioned.models import Alias, Cause, LedgerEntry
from versioned.pipelines.assessing import check_bytes
from versioned.pipelines.gates import Candidate
from versioned.pipelines.moving import move, seen
from versioned.pipelines.policies import read_policy
from versioned.pipelines.scene import published
from versioned.steps import Step
from versioned.targets import target_words
from versioned.versions import head_version, sha256_of

_DEMOTE = Cause("demote")


@dataclass(frozen=True, slots=True)
class Demotion:
    """What a demotion came to: the rank as it was, and as it is now, `None` where it is empty.

    `moved` is false where it was there already: then nothing was written.
    """

    was: Alias
    alias: Alias | None
    moved: bool = True

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "was": self.was.to_dict(),
            "alias": self.alias.to_dict() if self.alias else None,
            "moved": self.moved,
        }


def demote(
    context: Context,
    name: str,
    rank: str,
    *,
    to: int | str | None,
    empty: bool,
    message: str | None,
    by: str | None,
) -> Demotion:
    """Seven steps, or what a deletion takes; see `Pipeline.demote`."""
    naming.validate_artifact_name(name)
    if empty and to is not None:
        raise InvalidInputError(f"to empty {rank} and to put {to} there", hint="say one of them")
    number = None if to is None else published(to)
    with Step(context.store) as step:
        policy = step.add(lambda: read_policy(context))
        looked = step.add(lambda: read_held(context, name, rank))
    policy.result.index(rank)
    held = looked.result
    if held is None:
        raise RankEmptyError(f"nothing of {name} is in {rank}", hint=f"see versioned ranks {name}")
    message = message or f"demoted from {target_words(held.alias)}"
    if empty:
        delete_alias(context, name, rank, expect=seen(held), message=message, by=by, cause=_DEMOTE)
        return Demotion(held.alias, None)
    entries = _entries(context, held)
    chosen = choose_demotion(entries) if number is None else find_stay(entries, number)
    if chosen is entries[0]:
        return Demotion(held.alias, held.alias, moved=False)
    if chosen is None or chosen.state is None:
        raise InvalidInputError(
            f"{name}@{rank} had no version before {target_words(held.alias)} to go back to",
            hint=f"versioned demote {name} {rank} --empty takes it out",
        )
    candidate = _candidate(context, chosen.state)
    after = move(
        context, candidate, held, _DEMOTE, message=message, by=by, restores=chosen.identity
    )
    return Demotion(held.alias, after)


def _entries(context: Context, held: HeldAlias) -> list[LedgerEntry]:
    """The history below a state, that state at the front."""
    current = entry_of(held)
    recorded = ledger.read_entries(context, held.alias.name, held.alias.alias)
    return [current, *(entry for entry in recorded if entry.identity != current.identity)]


def choose_demotion(entries: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """Where a demotion goes: where a rollback would, unless the rank was emptied by a demotion
    since then. `None` for an empty rank. Pure."""
    chosen = choose_rollback(entries)
    if chosen is None:
        return None
    identities = [entry.identity for entry in entries]
    origin = entries[0].restores
    start = identities.index(origin) if origin in identities else 0
    between = entries[start : identities.index(chosen.identity)]
    emptied = any(entry.state is None and entry.cause == _DEMOTE for entry in between)
    return None if emptied else chosen


def find_stay(entries: Sequence[LedgerEntry], version: str) -> LedgerEntry:
    """The newest state that sent all traffic to a version, be it the current one. Pure.

    Raises InvalidInputError where there is none.
    """
    stay = last_stay(entries, version)
    if stay:
        return stay
    ref = f"{entries[0].name}@{entries[0].alias}"
    raise InvalidInputError(
        f"{ref} can't go back to {version}, which never had all of its traffic",
        hint=f"see versioned history {ref}",
    )


def _candidate(context: Context, state: Alias) -> Candidate:
    """The bytes that the state meant. Raises ArtifactNotFoundError, ContentMismatchError."""
    sha256 = sha256_of(head_version(context, state.name, state.version))
    candidate = Candidate(state.name, state.alias, state.version, state.sha256 or sha256)
    check_bytes(candidate, sha256)
    return candidate

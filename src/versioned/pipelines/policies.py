"""The pipeline of a repository: read, declared, and every policy that it replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from versioned import layout, naming
from versioned.alias_records import HeldAlias
from versioned.aliases import read_held
from versioned.context import Context, new_identity, stamp
from versioned.errors import (
    ConflictError,
    InvalidNameError,
    LedgerBrokenError,
    OutcomeUnknownError,
    PreconditionFailedError,
    RankInUseError,
)
from versioned.pipelines.fields import check_note
from versioned.pipelines.gate import Gate
from versioned.pipelines.policy import Policy, decode_policy, encode_policy
from versioned.ranks import parse_ranks
from versioned.rollout_records import running_rollout
from versioned.steps import Step, or_none

_SUPERSEDED = layout.superseded_pipeline_key(0)[: -len("00000000.json")]


@dataclass(frozen=True, slots=True)
class HeldPolicy:
    """A policy as it lies in the store; the empty one where there is none."""

    policy: Policy
    body: bytes = b""
    etag: str | None = None


def read_held_policy(context: Context) -> HeldPolicy:
    """One request. Raises ContaminatedError."""
    found = or_none(lambda: context.read(layout.PIPELINE_KEY))
    if found is None:
        return HeldPolicy(Policy())
    info, body = found
    return HeldPolicy(decode_policy(layout.PIPELINE_KEY, body), body, info.etag)


def read_policy(context: Context) -> Policy:
    """The policy that holds now. One request. Raises ContaminatedError."""
    return read_held_policy(context).policy


def declare(
    context: Context, ranks: Iterable[str], *, message: str | None, by: str | None
) -> Policy:
    """Say which ranks there are, lowest first; those that stay keep their gates. Idempotent.

    Raises InvalidRankError; RankInUseError where an artifact has something in a rank that would
    go, or has LATEST or a rollout in one that is new; ContaminatedError where that can't be
    told; ConflictError where somebody else changed the pipeline meanwhile.
    """
    wanted = parse_ranks(ranks)
    held = read_held_policy(context)
    before = held.policy.ranks
    gone = [rank for rank in before if rank not in wanted]
    new = [rank for rank in wanted if rank not in before]
    if gone or new:
        _check_aliases(context, gone, new)
    gates = {rank: gate for rank, gate in held.policy.gates.items() if rank in wanted}
    return _replace(context, held, wanted, gates, message=message, by=by)


def set_gate(
    context: Context, rank: str, gate: Gate, *, message: str | None, by: str | None
) -> Policy:
    """Say what is asked on the way into a rank; `Gate()` asks nothing. Idempotent.

    Raises InvalidRankError, InvalidInputError, ConflictError.
    """
    held = read_held_policy(context)
    held.policy.index(rank)
    gates = {**held.policy.gates, rank: gate}
    return _replace(context, held, held.policy.ranks, gates, message=message, by=by)


def _replace(
    context: Context,
    held: HeldPolicy,
    ranks: tuple[str, ...],
    gates: Mapping[str, Gate],
    *,
    message: str | None,
    by: str | None,
) -> Policy:
    check_note("message", message)
    check_note("by", by)
    before = held.policy
    kept = {rank: gates[rank] for rank in ranks if rank in gates and not gates[rank].is_open}
    after = replace(before, ranks=ranks, gates=kept)
    if after == before:
        return before
    context.capabilities()
    after = replace(
        after,
        position=before.position + 1,
        identity=new_identity(),
        previous=hashlib.sha256(held.body).hexdigest() if held.body else "",
        at=stamp(context.store.now()),
        by=by or context.actor,
        message=message,
    )
    _keep_superseded(context, held)
    _write(context, after, held.etag)
    return after


def _keep_superseded(context: Context, held: HeldPolicy) -> None:
    """Before it is replaced: the same bytes by all who replace it, so a repeat is harmless."""
    if not held.body:
        return
    key = layout.superseded_pipeline_key(held.policy.position)
    if not context.create_once(key, held.body) and context.read(key)[1] != held.body:
        raise _conflict()


def _write(context: Context, after: Policy, etag: str | None) -> None:
    body = encode_policy(after)
    try:
        context.write(layout.PIPELINE_KEY, body, if_absent=etag is None, if_match=etag)
    except PreconditionFailedError as error:
        raise _conflict() from error
    except OutcomeUnknownError:
        if read_held_policy(context).policy.identity != after.identity:
            raise


def _conflict() -> ConflictError:
    return ConflictError(
        "somebody else changed the pipeline at the same time; nothing was changed by this call",
        hint="see versioned pipeline history, and repeat",
    )


def _check_aliases(context: Context, gone: Iterable[str], new: Iterable[str]) -> None:
    """Raises RankInUseError, ContaminatedError. Two steps for all artifacts, three where a
    rollout is under way in one of these ranks.

    What an alias holds as it becomes a rank has passed no gate, and is then taken as it is. So
    it must not change any more without one: neither as LATEST does, nor by a rollout.
    """
    names = artifact_names(context)
    with Step(context.store) as step:
        heads = {
            f"{name}@{rank}": step.add_optional(
                partial(context.store.head, layout.alias_key(name, rank))
            )
            for name in names
            for rank in gone
        }
        around = {
            (name, rank): (
                step.add(partial(read_held, context, name, rank)),
                step.add(partial(running_rollout, context, name, rank)),
            )
            for name in names
            for rank in new
        }
    _check_unused([ref for ref, info in heads.items() if info.result is not None], gone)
    held = {place: alias.result for place, (alias, _) in around.items()}
    _check_numbers([place for place, one in held.items() if one and _has_latest(one)])
    _check_at_rest([place for place, (_, rollout) in around.items() if rollout.result])


def _has_latest(held: HeldAlias) -> bool:
    return naming.LATEST_VERSION in held.alias.versions


def _check_unused(users: Sequence[str], gone: Iterable[str]) -> None:
    if users:
        raise RankInUseError(
            f"{', '.join(gone)} can't go, something sits in {_some(users)}",
            hint=f"take it out first: versioned demote {users[0].replace('@', ' ')} --empty",
        )


def _check_numbers(places: Sequence[tuple[str, str]]) -> None:
    if places:
        refs = [f"{name}@{rank}" for name, rank in places]
        raise RankInUseError(
            f"{_ranks(places)} can't be a rank, {naming.LATEST_VERSION} is in {_some(refs)}, "
            "and changes with every put",
            hint=f"versioned alias put {refs[0]} NUMBER first",
        )


def _check_at_rest(places: Sequence[tuple[str, str]]) -> None:
    if places:
        name, rank = places[0]
        refs = [f"{name}@{rank}" for name, rank in places]
        raise RankInUseError(
            f"{_ranks(places)} can't be a rank, a rollout is under way in {_some(refs)}",
            hint=f"end or abort it first, see versioned rollout status {name} {rank}",
        )


def _ranks(places: Iterable[tuple[str, str]]) -> str:
    return ", ".join(dict.fromkeys(rank for _, rank in places))


_SHOWN = 5


def _some(refs: Sequence[str]) -> str:
    more = f" and {len(refs) - _SHOWN} more" if len(refs) > _SHOWN else ""
    return ", ".join(refs[:_SHOWN]) + more


def artifact_names(context: Context) -> list[str]:
    """All artifacts; folders that another tool made under names that are none are left out."""
    return [name for name in context.store.list_folders() if _is_name(name)]


def _is_name(name: str) -> bool:
    try:
        naming.validate_artifact_name(name)
    except InvalidNameError:
        return False
    return True


def policy_history(context: Context) -> list[Policy]:
    """Every policy that ever held, newest first, none without a pipeline. Three steps.

    Raises LedgerBrokenError where one is missing or was changed, ContaminatedError.
    """
    held = read_held_policy(context)
    listed = context.listed(_SUPERSEDED)
    with Step(context.store) as step:
        raws = [step.add(partial(context.read, line.key)) for line in listed]
    bodies = {line.key: raw.result[1] for line, raw in zip(listed, raws, strict=True)}
    found = [held.policy] if held.body else []
    while found and found[-1].previous:
        key = layout.superseded_pipeline_key(found[-1].position - 1)
        body = bodies.get(key)
        if body is None or hashlib.sha256(body).hexdigest() != found[-1].previous:
            raise LedgerBrokenError(
                f"{key!r} is missing, or is not what the policy after it replaced",
                hint="restore it from a backup or from a version of the object",
            )
        found.append(decode_policy(key, body))
    return found

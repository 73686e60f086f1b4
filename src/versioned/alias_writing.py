"""Moving and deleting aliases, each write under compare-and-set. `docs/design/aliases.md`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from versioned import layout, ledger
from versioned.alias_records import (
    Event,
    HeldAlias,
    encode_alias,
    event_attributes,
)
from versioned.aliases import read_held
from versioned.announcements import Announcement, read_announcement
from versioned.context import LEASE, Context, check_text, new_identity, stamp
from versioned.errors import (
    AliasConflictError,
    ArtifactNotFoundError,
    ConflictError,
    DeletionInProgressError,
    OutcomeUnknownError,
    PreconditionFailedError,
)
from versioned.models import Alias, Canary, Cause
from versioned.ranks import read_ranks, refuse_rank
from versioned.steps import Step
from versioned.stores.base import ObjectInfo
from versioned.targets import Expectation, Target, target_words
from versioned.versions import head_version, sha256_of


def put_alias(
    context: Context,
    name: str,
    alias: str,
    target: Target,
    *,
    expect: Expectation | None = None,
    message: str | None = None,
    by: str | None = None,
    restores: str | None = None,
    cause: Cause | None = None,
) -> Alias:
    """Two steps for a new alias, three for an update. Raises as `Repository.put_alias`."""
    layout.alias_key(name, alias)
    check_text("message", message)
    check_text("by", by)
    started = context.monotonic()
    seen = _look(context, name, alias, target)
    before = seen.held.alias if seen.held else None
    _check(context, seen, target, expect)
    if cause is None:
        refuse_rank(name, alias, seen.ranks)
    tip = _record_superseded(context, name, alias, seen.held, seen.position)
    moment = seen.held.alias.update_datetime + timedelta(microseconds=1) if seen.held else None
    after = replace(
        _plain_alias(context, name, alias, target),
        update_at=stamp(max(filter(None, (context.store.now(), moment)))),
        sha256=sha256_of(seen.primary),
        secondary_sha256=sha256_of(seen.canaries[0]) if seen.canaries else None,
        split=() if target.is_plain else _split(context, name, target, seen.canaries),
        by=by or context.actor,
        message=message,
    )
    event = Event(
        identity=new_identity(),
        position=tip.position,
        previous=tip.previous,
        by=after.by,
        message=message,
        sha256=after.sha256,
        secondary_sha256=after.secondary_sha256,
        restores=restores,
        split=after.split,
        cause=cause,
    )
    after = replace(after, revision=_write(context, after, event, before).etag)
    context.on_change(name)
    if context.monotonic() - started > context.store.settle:
        _look_again(context, target, after, seen.held)
    return after


@dataclass(frozen=True, slots=True)
class _Look:
    """What one step saw: the alias, its targets, the ledger's end, versions going away."""

    name: str
    alias: str
    held: HeldAlias | None
    primary: ObjectInfo
    canaries: list[ObjectInfo]
    position: int
    announcement: Announcement | None
    ranks: tuple[str, ...]


def _look(context: Context, name: str, alias: str, target: Target) -> _Look:
    with Step(context.store) as step:
        held = step.add(lambda: read_held(context, name, alias))
        primary = step.add(lambda: head_version(context, name, target.version))
        canaries = [
            step.add(partial(head_version, context, name, version)) for version, _ in target.shares
        ]
        position = step.add(lambda: ledger.newest_position(context, name, alias))
        announcement = step.add(lambda: read_announcement(context, name))
        ranks = step.add(lambda: read_ranks(context))
        step.add(context.capabilities)
    return _Look(
        name=name,
        alias=alias,
        held=held.result,
        primary=primary.result,
        canaries=[canary.result for canary in canaries],
        position=position.result,
        announcement=announcement.result,
        ranks=ranks.result,
    )


def _check(context: Context, seen: _Look, target: Target, expect: Expectation | None) -> None:
    name, alias = seen.name, seen.alias
    if seen.announcement:
        seen.announcement.refuse(name, target.versions)
        if seen.announcement.mentions(target.versions):
            _check_versions(context, name, target)
    before = seen.held.alias if seen.held else None
    if expect and not expect.holds_for(before):
        raise _conflict(name, alias, expect.state, before)
    _check_not_deleting(name, alias, seen.held)


def _check_versions(context: Context, name: str, target: Target) -> None:
    """Raises ArtifactNotFoundError. The other package may use a deleted number again."""
    for version in target.versions:
        head_version(context, name, version)


def _check_not_deleting(name: str, alias: str, held: HeldAlias | None) -> None:
    """A store without conditional deletes may still get the DELETE of whoever marked it."""
    if held and held.event and held.event.deleting:
        age = (held.served - held.modified).total_seconds()
        if age < LEASE:
            raise AliasConflictError(
                f"alias {name}@{alias} is being deleted since {age:.0f} seconds",
                expected=None,
                found=held.alias,
                hint=f"repeat when it is gone; after {LEASE:.0f} seconds versioned doctor mends it",
            )


def _record_superseded(
    context: Context, name: str, alias: str, held: HeldAlias | None, position: int
) -> ledger.Tip:
    if held is None:
        return ledger.read_tip(context, name, alias, position)
    try:
        return ledger.append_superseded(context, held, position)
    except ConflictError:
        raise _conflict(name, alias, held.alias, _found(context, name, alias)) from None


def _plain_alias(context: Context, name: str, alias: str, target: Target) -> Alias:
    secondary = target.secondary_version
    return Alias(
        name=name,
        alias=alias,
        update_at="",
        version=target.version,
        secondary_version=secondary,
        secondary_version_weight=target.weight,
        version_uri=ledger.version_uri(context, name, target.version),
        secondary_version_uri=ledger.version_uri(context, name, secondary) if secondary else None,
    )


def _split(
    context: Context, name: str, target: Target, infos: list[ObjectInfo]
) -> tuple[Canary, ...]:
    return tuple(
        Canary(version, points, ledger.version_uri(context, name, version), sha256_of(info))
        for (version, points), info in zip(target.shares, infos, strict=True)
    )


def _write(context: Context, after: Alias, event: Event, before: Alias | None) -> ObjectInfo:
    """Replace the state that was seen, and no other. Raises AliasConflictError."""
    key = layout.alias_key(after.name, after.alias)
    try:
        return context.write(
            key,
            encode_alias(after),
            attributes=event_attributes(event),
            if_absent=before is None,
            if_match=before.revision if before else None,
        )
    except PreconditionFailedError as error:
        found = _found(context, after.name, after.alias)
        raise _conflict(after.name, after.alias, before, found) from error
    except OutcomeUnknownError:
        written = read_held(context, after.name, after.alias)
        if written is None or written.identity != event.identity:
            raise
        return context.store.head(key)


def _look_again(context: Context, target: Target, after: Alias, held: HeldAlias | None) -> None:
    """A slow writer may have missed a deletion's announcement: then it takes its write back.

    The announcement is read before the versions, as a deletion announces before it deletes.
    """
    try:
        announcement = read_announcement(context, after.name)
        if announcement:
            announcement.refuse(after.name, target.versions)
        _check_versions(context, after.name, target)
    except (ArtifactNotFoundError, DeletionInProgressError):
        _take_back(context, after, held)
        raise


def _take_back(context: Context, after: Alias, held: HeldAlias | None) -> None:
    """Bring back the state before; an alias whose version before is gone, too, goes with it."""
    expect, message = Expectation(revision=after.revision), "its version is gone"
    if held is not None:
        before = held.alias
        back = Target.of_alias(before)
        try:
            put_alias(
                context,
                after.name,
                after.alias,
                back,
                expect=expect,
                message=message,
                restores=held.identity,
                cause=Cause("rollback"),
            )
        except ArtifactNotFoundError:
            pass
        else:
            return
    delete_alias(context, after.name, after.alias, expect=expect, message=message)


def _found(context: Context, name: str, alias: str) -> Alias | None:
    held = read_held(context, name, alias)
    return held.alias if held else None


def _conflict(
    name: str, alias: str, expected: Alias | str | None, found: Alias | None
) -> AliasConflictError:
    return AliasConflictError(
        f"alias {name}@{alias} was expected to be {_describe(expected)}, "
        f"but it is {_describe(found)}",
        expected=expected if isinstance(expected, Alias) else None,
        found=found,
        hint="look at its history, then repeat with what you now expect",
    )


def _describe(state: Alias | str | None) -> str:
    if state is None:
        return "absent"
    if isinstance(state, str):
        return state
    return f"version {target_words(state)} ({state.update_at})"


def delete_alias(
    context: Context,
    name: str,
    alias: str,
    *,
    expect: Expectation | None = None,
    message: str | None = None,
    by: str | None = None,
    cause: Cause | None = None,
    marked_is_dead: bool = False,
) -> bool:
    """Whether there was an alias to delete. The ledger keeps its last state and the deletion.

    Where the store can't delete under a condition, the alias is first marked by
    compare-and-set, so that no other writer moves it while the DELETE is under way.
    """
    layout.alias_key(name, alias)
    check_text("message", message)
    check_text("by", by)
    started = context.monotonic()
    with Step(context.store) as step:
        looked = step.add(lambda: read_held(context, name, alias))
        position = step.add(lambda: ledger.newest_position(context, name, alias))
        capabilities = step.add(context.capabilities)
    held = looked.result
    if expect and not expect.holds_for(held.alias if held else None):
        raise _conflict(name, alias, expect.state, held.alias if held else None)
    if held is None:
        return False
    tip = _record_superseded(context, name, alias, held, position.result)
    if capabilities.result.conditional_delete:
        revision = held.alias.revision
    else:
        if not marked_is_dead:
            _check_not_deleting(name, alias, held)
        revision = _mark(context, held, tip)
        if context.monotonic() - started > LEASE / 2:
            raise _conflict(name, alias, held.alias, _found(context, name, alias))
    try:
        context.store.delete(layout.alias_key(name, alias), if_match=revision)
    except PreconditionFailedError as error:
        found = _found(context, name, alias)
        raise _conflict(name, alias, held.alias, found) from error
    ledger.append_deletion(
        context, name, alias, tip, by=by or context.actor, message=message, cause=cause
    )
    context.on_change(name)
    return True


def _mark(context: Context, held: HeldAlias, tip: ledger.Tip) -> str:
    """The same state, marked; the other package still reads it as it was."""
    later = max(context.store.now(), held.alias.update_datetime + timedelta(microseconds=1))
    event = Event(
        identity=new_identity(),
        position=tip.position,
        previous=tip.previous,
        deleting=True,
        split=held.alias.split,
    )
    return _write(context, replace(held.alias, update_at=stamp(later)), event, held.alias).etag

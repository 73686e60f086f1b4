"""Moving an alias, each write under compare-and-set. `docs/design/aliases.md`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from versioned import layout, ledger
from versioned.alias_changes import (
    alias_conflict,
    check_not_deleting,
    record_superseded,
    write_state,
)
from versioned.alias_deletion import delete_alias
from versioned.alias_records import Event, HeldAlias
from versioned.aliases import read_held
from versioned.announcements import Announcement, read_announcement
from versioned.context import Context, check_text, new_identity, stamp
from versioned.errors import (
    ArtifactNotFoundError,
    ContentMismatchError,
    DeletionInProgressError,
)
from versioned.models import Alias, Canary, Cause
from versioned.ranks import read_ranks, refuse_rank
from versioned.steps import Step
from versioned.stores.base import ObjectInfo
from versioned.targets import Expectation, Target
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
    meant: Mapping[str, str] | None = None,
) -> Alias:
    """Two steps for a new alias, three for an update. Raises as `Repository.put_alias`, and
    ContentMismatchError where a version has not the sha256 that `meant` says."""
    layout.alias_key(name, alias)
    check_text("message", message)
    check_text("by", by)
    started = context.monotonic()
    seen = _look(context, name, alias, target)
    before = seen.held.alias if seen.held else None
    _check(context, seen, target, expect)
    _check_bytes(seen, target, meant or {})
    if cause is None:
        refuse_rank(name, alias, seen.ranks)
    tip = record_superseded(context, name, alias, seen.held, seen.position)
    after = replace(_new_state(context, seen, target), by=by or context.actor, message=message)
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
    after = replace(after, revision=write_state(context, after, event, before).etag)
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
        raise alias_conflict(name, alias, expect.state, before)
    check_not_deleting(name, alias, seen.held)


def _check_bytes(seen: _Look, target: Target, meant: Mapping[str, str]) -> None:
    """The other package may have used a deleted number again, for other bytes."""
    for version, info in zip(target.versions, (seen.primary, *seen.canaries), strict=True):
        sha256 = sha256_of(info)
        if meant.get(version, sha256) != sha256:
            raise ContentMismatchError(
                f"version {version} of {seen.name!r} has the sha256 {sha256[:12]}, and "
                f"{meant[version][:12]} is meant: another tool deleted it and used the number again",
                hint=f"see versioned ls {seen.name}, and start with what is there now",
            )


def _check_versions(context: Context, name: str, target: Target) -> None:
    """Raises ArtifactNotFoundError. The other package may use a deleted number again."""
    for version in target.versions:
        head_version(context, name, version)


def _new_state(context: Context, seen: _Look, target: Target) -> Alias:
    """Its time is later than that of the state before, whatever the clock says."""
    moments = [context.store.now()]
    if seen.held:
        moments.append(seen.held.alias.update_datetime + timedelta(microseconds=1))
    uri = partial(ledger.version_uri, context, seen.name)
    canaries = tuple(
        Canary(version, points, uri(version), sha256_of(info))
        for (version, points), info in zip(target.shares, seen.canaries, strict=True)
    )
    first = canaries[0] if canaries else None
    return Alias(
        name=seen.name,
        alias=seen.alias,
        update_at=stamp(max(moments)),
        version=target.version,
        secondary_version=target.secondary_version,
        secondary_version_weight=target.weight,
        version_uri=uri(target.version),
        secondary_version_uri=first.uri if first else None,
        sha256=sha256_of(seen.primary),
        secondary_sha256=first.sha256 if first else None,
        split=() if target.is_plain else canaries,
    )


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
    delete_alias(
        context, after.name, after.alias, expect=expect, message=message, cause=Cause("rollback")
    )

"""Deleting versions, so that nothing that is referenced goes. `docs/design/deletion.md`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from versioned import layout, naming
from versioned.aliases import list_held
from versioned.announcements import announce, conclude, read_announcement
from versioned.context import LEASE, Context, new_identity, stamp
from versioned.documents import dump
from versioned.errors import (
    DeletionInProgressError,
    LatestVersionError,
    StoreError,
    VersionInUseError,
)
from versioned.models import Artifact
from versioned.retention import RetentionPlan, references
from versioned.rollout_records import rollout_references
from versioned.steps import Step, or_none
from versioned.stores.base import ListedObject
from versioned.versions import listed_versions

_PURGE_ROUNDS = 3
"""Listings until nothing is found, for what others write while an artifact is purged."""


@dataclass(frozen=True, slots=True)
class Spared:
    """A version that was planned to go and was kept after all, and why."""

    artifact: Artifact
    reason: str


@dataclass(frozen=True, slots=True)
class RetentionResult:
    """What applying a plan deleted, and what it spared because things had changed."""

    plan: RetentionPlan
    deleted: tuple[Artifact, ...]
    spared: tuple[Spared, ...]


def delete_version(
    context: Context,
    name: str,
    version: int | str,
    *,
    force: bool,
    message: str | None,
    by: str | None,
) -> None:
    """Delete one version; nothing happens if it is not there. Raises VersionInUseError."""
    naming.validate_artifact_name(name)
    number = layout.normalize_version(version)
    if number == naming.LATEST_VERSION:
        raise LatestVersionError(
            f"{naming.LATEST_VERSION} of {name!r} can't be deleted",
            hint="put something else, or purge the whole artifact",
        )
    key = layout.version_key(name, number, context.suffix)
    if or_none(lambda: context.store.head(key)) is None:
        return  # a record would use the number up
    if force:
        _record(context, name, [number], message=message, by=by, forced=True)
        context.store.delete(key)
        return
    users = version_users(context, name)
    if number not in users:
        users = _delete_unreferenced(context, name, [number], message=message, by=by)
    if number in users:
        raise VersionInUseError(
            f"version {number} of {name!r} is used by {', '.join(users[number])}",
            hint="move the alias first, or force it: --force, in Python force=True",
        )


def version_users(context: Context, name: str) -> dict[str, list[str]]:
    """Who needs each version: aliases, and rollouts that may have to go back to it.

    The rollouts are read after the aliases, because they are written before them.
    """
    aliases = list_held(context, name)
    rollouts = rollout_references(context, name, aliases)
    return references((held.alias for held in aliases), rollouts)


def apply_retention(
    context: Context, plan: RetentionPlan, *, message: str | None, by: str | None
) -> RetentionResult:
    """Delete what a plan removes, after looking again: what is referenced by now, is gone, or
    is another object than the one planned for, is spared."""
    if not plan.removed:
        return RetentionResult(plan, (), ())
    listing = dict(listed_versions(context, plan.name))
    changed = [a for a in plan.removed if not _same(listing.get(a.version), a)]
    wanted = [a.version for a in plan.removed if a not in changed]
    users = (
        _delete_unreferenced(context, plan.name, wanted, message=message, by=by) if wanted else {}
    )
    spared = [Spared(a, "changed or gone since the plan") for a in changed]
    spared += [
        Spared(a, f"referenced by {', '.join(users[a.version])}")
        for a in plan.removed
        if a.version in users
    ]
    kept = {s.artifact for s in spared}
    return RetentionResult(plan, tuple(a for a in plan.removed if a not in kept), tuple(spared))


def _same(line: ListedObject | None, planned: Artifact) -> bool:
    return line is not None and line.etag == planned.etag


def _delete_unreferenced(
    context: Context, name: str, versions: list[str], *, message: str | None, by: str | None
) -> dict[str, list[str]]:
    """Announce, wait, look who refers to them, delete the rest.

    Returns what was spared, with who uses it.
    """
    with Step(context.store) as step:
        before = step.add(lambda: read_announcement(context, name))
        step.add(context.capabilities)
    started = context.monotonic()
    deletion = announce(context, name, versions, before.result)
    try:
        _record(context, name, versions, message=message, by=by, forced=False)
        context.sleep(context.store.settle)
        users = version_users(context, name)
        if context.monotonic() - started > LEASE / 2:
            raise DeletionInProgressError(
                f"deleting from {name!r} took too long to be safe; nothing was deleted",
                hint="repeat",
            )
    except (Exception, KeyboardInterrupt):
        conclude(context, name, deletion, ())
        raise
    doomed = [version for version in versions if version not in users]
    try:
        context.store.delete_many(
            layout.version_key(name, version, context.suffix) for version in doomed
        )
    except StoreError:
        left = {version for version, _ in listed_versions(context, name)}
        conclude(context, name, deletion, [version for version in doomed if version not in left])
        raise
    conclude(context, name, deletion, doomed)
    return {version: users[version] for version in versions if version in users}


def _record(
    context: Context,
    name: str,
    versions: list[str],
    *,
    message: str | None,
    by: str | None,
    forced: bool,
) -> None:
    """Say what is to be deleted, and see to it that the highest number stays taken, and those
    below with it: the other package publishes without a claim."""
    record = {
        "format": 1,
        "identity": new_identity(),
        "at": stamp(context.store.now()),
        "by": by or context.actor,
        "message": message,
        "forced": forced,
    }
    moment = str(record["at"]).replace(":", "")
    key = layout.deletion_record_key(name, moment, str(record["identity"]))
    with Step(context.store) as step:
        step.add(partial(context.write, key, dump({**record, "versions": versions})))
        highest = max(map(int, versions))
        claim = dump({**record, "versions": [str(highest)]})
        step.add(partial(context.create_once, layout.claim_key(name, highest), claim))


def purge_folder(context: Context, folder: str) -> None:
    """Delete everything of one artifact: aliases first, its numbers last."""
    for _ in range(_PURGE_ROUNDS):
        keys = [line.key for line in context.store.list_objects(folder)]
        if not keys:
            return
        context.store.delete_many(_in_order(keys, folder))


def _in_order(keys: Iterable[str], folder: str) -> list[str]:
    """What points goes before what it points at; the memory of used numbers goes last."""
    first, last = f"{folder}aliases/", f"{folder}numbers/"
    return sorted(keys, key=lambda key: (not key.startswith(first), key.startswith(last), key))

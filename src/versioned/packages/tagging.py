"""Moving npm's tags: from the state that is seen to the next one, then to the pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from versioned.context import Context, new_identity, stamp
from versioned.errors import InvalidInputError
from versioned.packages import layout
from versioned.packages.coordinates import Package, PackageFormat, package_version
from versioned.packages.dist_tags import (
    DistTags,
    decode_tags,
    encode_tags,
    read_tags,
    tags_entry,
    validate_tag,
)
from versioned.packages.errors import PackageConflictError
from versioned.packages.history import (
    Heads,
    heads_of,
    no_such_package,
    no_such_version,
    read_newest,
)
from versioned.packages.indexing import SeenPages, look_at_pages, refresh
from versioned.packages.revision import PackageStatus
from versioned.packages.room import Room
from versioned.pipelines.fields import check_note
from versioned.steps import Step

_ATTEMPTS = 60


def change_tags(
    room: Room,
    repository: str,
    package: Package,
    changes: Mapping[str, str | None],
    *,
    defaults: Mapping[str, str],
    by: str | None,
    message: str | None,
) -> DistTags | None:
    """Let tags name versions, or with `None` nothing any more; then the pages show it. `defaults`
    are for tags that nobody has set. The newest state, `None` where there is none. Idempotent,
    one moment.

    Raises PackageNotFoundError, PackageVersionNotFoundError, InvalidPackageError,
    PackageConflictError, and InvalidInputError for a package that is not npm's.
    """
    if package.format is not PackageFormat.NPM:
        raise InvalidInputError(f"packages of {package.format} have no tags", hint="npm's have")
    check_note("message", message)
    check_note("by", by)
    wanted = {
        validate_tag(tag): version and package_version(package.format, version)
        for tag, version in changes.items()
    }
    room.repository(repository)
    room.context.capabilities()
    folder = layout.package_folder(repository, package)
    with room.locks.hold(folder):
        for attempt in range(_ATTEMPTS):
            with Step(room.context.store) as step:
                listed = step.add(lambda: room.context.listed(folder))
                seen = look_at_pages(room, step, repository, package)
            heads = heads_of(repository, package, listed.result)
            _refuse_missing(room.context, heads, {one for one in wanted.values() if one})
            before = read_tags(room.context, heads)
            set_by_now = {**defaults, **(before.tags if before else {}), **wanted}
            tags = {tag: version for tag, version in set_by_now.items() if version is not None}
            if tags == (before.tags if before else {}):
                refresh(room, heads, seen)
                return before
            written = _write(room.context, heads, tags, before, by=by, message=message)
            if written is not None:
                _show(room, heads, written, seen)
                return written
            room.pause(attempt)
    raise PackageConflictError(
        f"the tags of {package} in {repository} are changed by others all the time",
        hint="nothing was changed; repeat it",
    )


def _show(room: Room, heads: Heads, written: DistTags, seen: SeenPages | None) -> None:
    positions = {**heads.positions, layout.DIST_TAGS: written.position}
    after = Heads(heads.repository, heads.package, positions)
    refresh(room, after, seen, {layout.DIST_TAGS: tags_entry(written)})


def _refuse_missing(context: Context, heads: Heads, versions: Collection[str]) -> None:
    if not heads.versions:
        raise no_such_package(heads.repository, heads.package)
    for version in sorted(versions):
        if not heads.position(version):
            raise no_such_version(heads.place(version))
    for found in read_newest(context, heads, sorted(versions)):
        if found.state.status is PackageStatus.DELETED:
            raise no_such_version(found.place)


def _write(
    context: Context,
    heads: Heads,
    tags: Mapping[str, str],
    before: DistTags | None,
    *,
    by: str | None,
    message: str | None,
) -> DistTags | None:
    """The new state, or `None` where another one has this position."""
    body = encode_tags(
        heads,
        tags,
        before,
        at=stamp(context.store.now()),
        by=by or context.actor,
        message=message,
        identity=new_identity(),
    )
    folder = layout.dist_tags_folder(heads.repository, heads.package)
    key = layout.revision_key(folder, before.position + 1 if before else 1)
    if not context.create_once(key, body):
        return None
    return decode_tags(heads.repository, heads.package, key, body)

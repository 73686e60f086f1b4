"""Keeping pages in step with the revisions: after a change, and anew. Safe while others do so.

A page is merged under compare-and-set and never goes back; its copies are replaced by newer ones
only. Whoever changes a package brings along what a writer before it left undone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from versioned.errors import ContaminatedError, PreconditionFailedError
from versioned.packages import layout
from versioned.packages.coordinates import Package, PackageFormat
from versioned.packages.errors import PackageConflictError
from versioned.packages.history import Heads, no_such_package, read_heads
from versioned.packages.packuments import Packuments
from versioned.packages.pages import Page, Pages, Rendered
from versioned.packages.room import Room
from versioned.packages.simple_pages import SimplePages
from versioned.steps import Pending, Step, or_none

_ATTEMPTS = 40

PAGES: Mapping[PackageFormat, Pages] = {
    PackageFormat.PYPI: SimplePages(),
    PackageFormat.NPM: Packuments(),
}


@dataclass(frozen=True, slots=True)
class _Held:
    """An object as it was read; without an ETag where there is none."""

    etag: str | None
    raw: bytes


@dataclass(slots=True)
class SeenPages:
    """The pages of a package as one step saw them."""

    first: Pending[_Held]
    copies: dict[str, Pending[_Held]]


def look_at_pages(room: Room, step: Step, repository: str, package: Package) -> SeenPages | None:
    """Ask for the pages of a package; `None` where its format has none."""
    pages = PAGES.get(package.format)
    if pages is None:
        return None
    held = partial(_read, room)
    return SeenPages(
        step.add(partial(held, pages.key(repository, package))),
        {key: step.add(partial(held, key)) for key in pages.copy_keys(repository, package)},
    )


def refresh(
    room: Room, heads: Heads, seen: SeenPages | None, known: Mapping[str, Any] | None = None
) -> None:
    """Let the pages of a package show at least the heads. `known` are entries by version that
    need not be asked for. Two steps where all is as usual; threads that do so at once share one
    write. Raises PackageConflictError."""
    pages = PAGES.get(heads.package.format)
    if pages is None:
        return

    def write(positions: Mapping[str, int], entries: Mapping[str, Any], late: bool) -> None:  # noqa: FBT001 - a callback
        every = Heads(heads.repository, heads.package, positions)
        _refresh(room, pages, every, None if late else seen, dict(entries))

    key = (heads.repository, heads.package)
    room.pages.show(key, heads.positions, known or {}, write)


def _refresh(
    room: Room, pages: Pages, heads: Heads, seen: SeenPages | None, entries: dict[str, Any]
) -> None:
    for attempt in range(_ATTEMPTS):
        if seen is None:
            with Step(room.context.store) as step:
                seen = look_at_pages(room, step, heads.repository, heads.package)
            assert seen is not None  # noqa: S101 - the format has pages
        if _refreshed(room, pages, heads, seen, entries):
            return
        seen = None
        room.pause(attempt)
    raise _too_many(heads.repository, heads.package)


def _refreshed(
    room: Room, pages: Pages, heads: Heads, seen: SeenPages, entries: dict[str, Any]
) -> bool:
    """False where another writer came in between."""
    first = seen.first.result
    page = _decoded(pages, pages.key(heads.repository, heads.package), first.raw)
    behind = page.behind(heads.positions)
    if behind or first.etag is None:
        missing = [one for one in behind if one not in entries]
        entries |= _entries(room, pages, heads, missing)
        page = page.merged({one: heads.positions[one] for one in behind}, entries)
        if not _write(room, pages.render(heads.repository, heads.package, page), first.etag):
            return False
    held = {key: pending.result for key, pending in seen.copies.items()}
    if any(one.etag is None for one in held.values()):
        add_to_root(room, pages, heads.repository, str(heads.package))
    old = [
        one
        for one in pages.copies(heads.repository, heads.package, page)
        if held[one.key].etag is None or pages.serial(held[one.key].raw) < page.serial
    ]
    with Step(room.context.store) as step:
        written = [step.add(partial(_write, room, one, held[one.key].etag)) for one in old]
    return all(one.result for one in written)


def add_to_root(room: Room, pages: Pages, repository: str, name: str) -> None:
    """List a package that is new. Its cost grows with their number; it happens once for each, and
    threads that do so at once share one write."""

    def write(names: Mapping[str, int], _entries: Mapping[str, Any], _late: bool) -> None:  # noqa: FBT001 - a callback
        _add_to_root(room, pages, repository, names)

    room.pages.show((repository, type(pages)), {name: 1}, {}, write)


def _add_to_root(room: Room, pages: Pages, repository: str, new: Collection[str]) -> None:
    for attempt in range(_ATTEMPTS):
        rendered = pages.root(repository, [])
        if not rendered:
            return
        with Step(room.context.store) as step:
            asked = [step.add(partial(_read, room, one.key)) for one in rendered]
        held = [one.result for one in asked]
        names = {*_listed(pages, held[0].raw), *new}
        wanted = pages.root(repository, sorted(names))
        # What was read a moment after the first may list more than that did.
        newer = [
            w
            for w, h in zip(wanted[1:], held[1:], strict=True)
            if h.etag and pages.serial(h.raw) >= pages.serial(w.body)
        ]
        if _all_written(room, wanted, held, kept=newer):
            return
        room.pause(attempt)
    raise PackageConflictError(
        f"the list of the packages of {repository} is changed by others all the time",
        hint="repeat; what was published stands",
    )


def reindex_package(room: Room, repository: str, package: Package, *, write: bool = True) -> bool:
    """Make the pages of a package anew, from its revisions alone; whether anything had to be
    written, which it is only with `write`. Safe while others publish; the same revisions give the
    same bytes."""
    pages = PAGES.get(package.format)
    if pages is None:
        return False
    for attempt in range(_ATTEMPTS):
        with Step(room.context.store) as step:
            seen = look_at_pages(room, step, repository, package)
        assert seen is not None  # noqa: S101 - the format has pages
        # After the pages: whatever they show was there before, so it is listed unless it is gone.
        heads = read_heads(room.context, repository, package)
        if not heads.positions:
            raise no_such_package(repository, package)
        entries = _entries(room, pages, heads, list(heads.positions))
        page = Page(dict(heads.positions), entries)
        wanted = [
            pages.render(repository, package, page),
            *pages.copies(repository, package, page),
        ]
        held = [seen.first.result, *(seen.copies[one.key].result for one in wanted[1:])]
        changed = any(h.raw != w.body for h, w in zip(held, wanted, strict=True))
        if not write or _all_written(room, wanted, held):
            return changed
        room.pause(attempt)
    raise _too_many(repository, package)


def reindex_root(room: Room, repository: str, kind: PackageFormat, *, write: bool = True) -> bool:
    """The same for the list of packages."""
    pages = PAGES.get(kind)
    if pages is None or not pages.root(repository, []):
        return False
    for attempt in range(_ATTEMPTS):
        with Step(room.context.store) as step:
            asked = [step.add(partial(_read, room, one.key)) for one in pages.root(repository, [])]
        held = [one.result for one in asked]
        names = [str(one) for one in list_packages(room, repository, kind)]
        if not names and not any(one.etag for one in held):
            return False
        wanted = pages.root(repository, names)
        changed = any(h.raw != w.body for h, w in zip(held, wanted, strict=True))
        if not write or _all_written(room, wanted, held):
            return changed
        room.pause(attempt)
    raise PackageConflictError(
        f"the list of the packages of {repository} is changed by others all the time",
        hint="repeat it",
    )


def list_packages(room: Room, repository: str, kind: PackageFormat) -> list[Package]:
    """Every package of a format that was ever published. One LIST for each 1000."""
    folder = layout.all_revisions_folder(repository, kind)
    return sorted(
        layout.package_of_part(kind, one) for one in room.context.store.list_folders(folder)
    )


def _entries(room: Room, pages: Pages, heads: Heads, versions: Sequence[str]) -> dict[str, Any]:
    """What the newest revisions contribute. One step."""
    with Step(room.context.store) as step:
        asked = {one: step.add(partial(pages.entry, room.context, heads, one)) for one in versions}
    return {one: pending.result for one, pending in asked.items()}


def _all_written(
    room: Room, wanted: Sequence[Rendered], held: Sequence[_Held], *, kept: Sequence[Rendered] = ()
) -> bool:
    """The first before the others, which are derived from it; those that are `kept` stay."""
    pairs = [
        (w, h)
        for w, h in zip(wanted, held, strict=True)
        if w not in kept and (w.body != h.raw or not h.etag)
    ]
    first = [pair for pair in pairs if pair[0] is wanted[0]]
    rest = [pair for pair in pairs if pair[0] is not wanted[0]]
    for group in (first, rest):
        with Step(room.context.store) as step:
            written = [step.add(partial(_write, room, w, h.etag)) for w, h in group]
        if not all(one.result for one in written):
            return False
    return True


def _write(room: Room, page: Rendered, etag: str | None) -> bool:
    """Compare-and-set; false where somebody else was faster."""
    try:
        room.context.write(
            page.key,
            page.body,
            attributes=page.attributes,
            if_absent=etag is None,
            if_match=etag,
        )
    except PreconditionFailedError:
        return False
    return True


def _read(room: Room, key: str) -> _Held:
    found = or_none(lambda: room.context.read(key))
    return _Held(None, b"") if found is None else _Held(found[0].etag, found[1])


def _decoded(pages: Pages, key: str, raw: bytes) -> Page:
    """A page is derived: one that can't be read is made anew."""
    try:
        return pages.decode(key, raw) if raw else Page()
    except ContaminatedError:
        return Page()


def _listed(pages: Pages, raw: bytes) -> list[str]:
    try:
        return pages.listed(raw) if raw else []
    except ContaminatedError:
        return []


def _too_many(repository: str, package: Package) -> PackageConflictError:
    return PackageConflictError(
        f"the pages of {package} in {repository} are changed by others all the time",
        hint="repeat it; what was published stands, and the next writer shows it",
    )

"""Packages in the words of people. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from versioned.cli.tables import Column, Table, filled
from versioned.cli.words import SHORT_SHA, count_words, size_words
from versioned.packages.build_tag import NO_BUILD
from versioned.packages.committing import Change
from versioned.packages.coordinates import PackageFormat
from versioned.packages.revision import Asset, Revision, ordered_assets

_NO_BUILD = "no build"


def set_words(name: str | None) -> str:
    """The name of a set as a table has it."""
    return "every" if name is None else name or _NO_BUILD


def active_words(revision: Revision) -> str:
    """`build 24 active`, `set 2 active, set 3 unfinished`; nothing where there is no choice."""
    state = revision.state
    words = [f"set {one.name} unfinished" for one in state.sets if not one.finished]
    if state.active is not None:
        words.insert(0, _active(revision, state.active))
    return ", ".join(filter(None, words))


def _active(revision: Revision, active: str) -> str:
    if revision.package.format is not PackageFormat.PYPI:
        return f"set {active} active"
    if active != NO_BUILD:
        return f"build {active} active"
    return "the one without a build active" if len(revision.state.sets) > 1 else ""


def status_words(revision: Revision) -> str:
    """The status; of a version that is all yanked, or deprecated, that too."""
    state = revision.state
    active = state.active_assets
    notes = ["yanked"] if active and all(one.yanked is not None for one in active) else []
    notes += ["deprecated"] if state.deprecated is not None else []
    return f"{state.status} ({', '.join(notes)})" if notes else str(state.status)


def asset_state(revision: Revision, asset: Asset) -> str:
    """Whether installing gets it."""
    state = revision.state
    if asset.yanked is not None:
        return f"yanked: {asset.yanked}" if asset.yanked else "yanked"
    if asset in state.active_assets:
        return "active"
    return set_state(revision, asset.asset_set or "")


def set_state(revision: Revision, name: str) -> str:
    """`active`, `unfinished` or `superseded`."""
    found = revision.state.find_set(name)
    if found is not None and not found.finished:
        return "unfinished"
    return "active" if name == revision.state.active else "superseded"


def assets_words(assets: Sequence[Asset]) -> str:
    """The name of one, or how many they are."""
    return assets[0].name if len(assets) == 1 else count_words(len(assets), "asset")


def change_words(done: Change, words: str) -> str:
    """What a change did, in a line; and the same for one that was done already."""
    if not done.changed:
        words = f"unchanged: {done.revision.place.reference}"
    rest = [f"revision {done.revision.revision}", active_words(done.revision)]
    return f"{words}, {', '.join(filter(None, rest))}"


def change_document(done: Change) -> dict[str, Any]:
    """What a change did, ready for JSON."""
    return {**done.revision.to_dict(), "changed": done.changed}


def added_assets(done: Change) -> list[Asset]:
    """What a change added."""
    return added(done.revision, done.before) if done.changed else []


def added(after: Revision, before: Revision | None) -> list[Asset]:
    """The assets that one revision has and the one before has not."""
    there = {_mark(one) for one in before.state.assets} if before else set()
    return [
        one for one in ordered_assets(after.package.format, after.state) if _mark(one) not in there
    ]


def assets_table(revision: Revision, shown: Collection[Asset]) -> Table:
    """Assets with their state, the newest set last."""
    columns = (
        Column("ASSET"),
        Column("SET", drop=3),
        Column("STATE", shrink=10),
        Column("SIZE", right=True, drop=2),
        Column("SHA256", drop=5),
    )
    rows = [
        (
            one.name,
            set_words(one.asset_set) if revision.state.sets else "",
            asset_state(revision, one),
            size_words(one.size),
            one.sha256[:SHORT_SHA],
        )
        for one in ordered_assets(revision.package.format, revision.state)
        if one in shown
    ]
    return filled(Table(columns, rows, "no assets"))


def _mark(asset: Asset) -> tuple[str | None, str, str, int]:
    return asset.asset_set, asset.name, asset.sha256, asset.generation


def check_doubts(check: str, required: Collection[str]) -> list[str]:
    """What makes the name of a check look mistyped: that others are required, and it is not."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for a slip

    if not required or check in required:
        return []
    names = sorted(required)
    near = get_close_matches(check.lower(), names, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return [f"no repository requires {check}, only {', '.join(names)}{meant}"]

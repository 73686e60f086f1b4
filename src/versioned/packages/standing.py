"""How a version changes without anything coming into it: which set is active, its status, yanks,
and what is taken out. Pure.

Each returns the very state that it was given where nothing changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from versioned.errors import InvalidInputError
from versioned.packages.changes import slot
from versioned.packages.coordinates import PackageFormat
from versioned.packages.errors import AssetNotFoundError, PackageStatusError
from versioned.packages.revision import Asset, PackageStatus, State

_SETTABLE = {PackageStatus.PUBLISHED, PackageStatus.UNLISTED, PackageStatus.ARCHIVED}
_EMPTY = {PackageStatus.DISPOSED, PackageStatus.DELETED}


def activate(state: State, name: str) -> State:
    """Let installing get another set, which is finished. Raises AssetNotFoundError."""
    found = state.find_set(name)
    if found is None or not found.finished:
        raise AssetNotFoundError(
            f"there is no finished asset set {name!r}",
            hint=f"there are {', '.join(repr(s.name) for s in state.sets if s.finished) or 'none'}",
        )
    return state if state.active == name else replace(state, active=name)


def set_status(state: State, status: PackageStatus) -> State:
    """Publish, unlist or archive. Raises PackageStatusError, InvalidInputError."""
    if status not in _SETTABLE:
        raise InvalidInputError(
            f"a version can't be set to {status}",
            hint="Published, Unlisted or Archived; dispose and delete are commands of their own",
        )
    if state.status is status:
        return state
    if state.status in _EMPTY:
        raise PackageStatusError(
            f"the version is {state.status}: its assets are gone", hint="publish another version"
        )
    if state.active is None and not state.assets:
        raise PackageStatusError("the version has no finished asset set", hint="finish one first")
    if state.status is PackageStatus.UNFINISHED:
        finished = tuple(replace(one, finished=True) for one in state.sets)
        return replace(state, sets=finished, active=finished[-1].name, status=status)
    return replace(state, status=status)


def yank(state: State, names: Collection[str] | None, reason: str | None) -> State:
    """Yank assets by name, or all; `None` as the reason takes it back.

    Raises AssetNotFoundError.
    """
    refuse_unknown(state, names or ())
    assets = tuple(
        replace(one, yanked=reason) if names is None or one.name in names else one
        for one in state.assets
    )
    return state if assets == state.assets else replace(state, assets=assets)


def deprecate(state: State, message: str | None) -> State:
    """Say, to whom installs the version, why not to; `None` takes it back."""
    message = message or None
    return state if state.deprecated == message else replace(state, deprecated=message)


def remove(kind: PackageFormat, state: State, doomed: Collection[Asset]) -> State:
    """Take assets out for good; a set without any is gone, too. Their names stay taken.

    Raises PackageStatusError where it would leave the active set, or a version that can be
    installed, without assets.
    """
    gone = tuple(one for one in state.assets if one in doomed)
    if not gone:
        return state
    kept = tuple(one for one in state.assets if one not in doomed)
    names = {one.asset_set for one in kept}
    if state.active is not None and state.active not in names:
        raise PackageStatusError(
            f"the asset set {state.active!r} is active",
            hint="activate another one first: versioned packages sets REF --activate NAME",
        )
    if not kept and state.status is not PackageStatus.UNFINISHED:
        raise PackageStatusError(
            "the version has no other assets", hint="delete or dispose of the version"
        )
    return replace(
        state,
        assets=kept,
        sets=tuple(one for one in state.sets if one.name in names),
        withdrawn=_withdrawn(kind, state, gone),
        generation=state.generation + 1,
    )


def discard(kind: PackageFormat, state: State, status: PackageStatus) -> State:
    """Take all assets out: `DISPOSED` leaves the record of the version, `DELETED` not even that.

    Raises InvalidInputError for another status.
    """
    if status not in _EMPTY:
        raise InvalidInputError(f"nothing is removed to make it {status}", hint="set the status")
    if state.status is status or state.status is PackageStatus.DELETED:
        return state
    return replace(
        state,
        status=status,
        active=None,
        sets=(),
        assets=(),
        withdrawn=_withdrawn(kind, state, state.assets),
        generation=state.generation + 1,
        deprecated=state.deprecated if status is PackageStatus.DISPOSED else None,
        about=state.about if status is PackageStatus.DISPOSED else {},
    )


def refuse_unknown(state: State, names: Collection[str]) -> None:
    """Raises AssetNotFoundError for a name that no asset has."""
    there = {one.name for one in state.assets}
    unknown = sorted(set(names) - there)
    if unknown:
        raise AssetNotFoundError(
            f"there is no asset {unknown[0]!r}",
            hint=f"there are {', '.join(sorted(there)[-5:]) or 'none'}",
        )


def _withdrawn(kind: PackageFormat, state: State, doomed: Collection[Asset]) -> Mapping[str, str]:
    return {**state.withdrawn, **{slot(kind, one): one.sha256 for one in doomed}}

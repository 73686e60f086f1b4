"""How assets come into a version: from the state that was seen to the one that is meant. Pure.

Each returns the very state that it was given where nothing changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from versioned.packages.build_tag import build_key, same_build
from versioned.packages.coordinates import PackageFormat
from versioned.packages.errors import AssetExistsError, PackageStatusError
from versioned.packages.revision import Asset, AssetSet, PackageStatus, State

NOTHING = State(PackageStatus.DELETED)
"""What a version is that was never published."""


def slot(kind: PackageFormat, asset: Asset) -> str:
    """What no other bytes may ever have: for Python the file name, else set and name."""
    return asset.name if kind is PackageFormat.PYPI else f"{asset.asset_set}/{asset.name}"


def add_builds(state: State, new: Sequence[Asset], *, at: str) -> State:
    """Python's files, each in the set of its build tag. The newest build becomes active as soon as
    it comes; a late older one does not.

    Raises AssetExistsError, PackageStatusError.
    """
    added = _added(PackageFormat.PYPI, state, new)
    if added is state:
        return state
    names = [one.name for one in added.sets]
    for tag in sorted({one.asset_set for one in new if one.asset_set is not None}, key=build_key):
        if tag not in names:
            _refuse_spelling(names, tag)
            names.append(tag)
            added = replace(added, sets=(*added.sets, AssetSet(tag, finished=True, created_at=at)))
            if added.active is None or build_key(tag) > max(
                build_key(one) for one in names if one != tag
            ):
                added = replace(added, active=tag)
    return replace(added, status=_status_after(state))


def add_set(
    kind: PackageFormat, state: State, new: Sequence[Asset], *, name: str | None, at: str
) -> State:
    """A whole set at once: finished and active from the first moment on. Without a name it gets the
    next number; where a finished set holds exactly these assets, nothing changes.

    npm publishes a version once, unless the set is named. Raises AssetExistsError,
    PackageStatusError.
    """
    same = next((one for one in state.sets if _holds(state, one, new)), None)
    if same is not None and name in {None, same.name}:
        return state
    if name is None and kind is PackageFormat.NPM and (state.sets or state.withdrawn):
        raise AssetExistsError(
            f"{new[0].name!r} is published already, with other bytes"
            if state.sets
            else f"{new[0].name!r} was published before, and removed",
            hint="raise the version, or name an asset set: versioned packages publish --set NAME",
        )
    if name is not None and state.find_set(name):
        raise AssetExistsError(
            f"the asset set {name!r} is there already, with other assets",
            hint="name another, or none: then it gets the next number",
        )
    wanted = name if name is not None else _next_number(state)
    named = [replace(one, asset_set=wanted) for one in new]
    added = _added(kind, state, named)
    made = AssetSet(wanted, finished=True, created_at=at)
    return replace(added, sets=(*added.sets, made), active=wanted, status=_status_after(state))


def add_to_set(
    kind: PackageFormat,
    state: State,
    new: Sequence[Asset],
    *,
    name: str | None,
    unfinished: bool,
    at: str,
) -> State:
    """Assets one by one: into the set that is being filled, or with `unfinished` into a new one.
    Without `unfinished` the set is finished by this, and active.

    Raises AssetExistsError where the assets are in no set and none is being filled,
    PackageStatusError.
    """
    filling = state.find_set(name) if name is not None else _filling(state)
    if filling is None and name is None and not unfinished and _there(state, new):
        return state
    if filling is None and name is None and not unfinished and state.sets:
        raise AssetExistsError(
            f"the version is finished, and {new[0].name!r} is not in it with these bytes",
            hint="begin another asset set (--unfinished, over HTTP ?unfinished=true), or publish a whole "
            "set at once",
        )
    if filling is not None and filling.finished:
        if all(_has(state, replace(one, asset_set=filling.name)) for one in new):
            return state
        raise AssetExistsError(
            f"the asset set {filling.name!r} is finished", hint="begin another one"
        )
    target = filling or AssetSet(
        name if name is not None else _next_number(state), finished=False, created_at=at
    )
    added = _added(kind, state, [replace(one, asset_set=target.name) for one in new])
    if added is state and unfinished:
        return state
    others = tuple(one for one in added.sets if one.name != target.name)
    made = replace(target, finished=not unfinished)
    active = added.active if unfinished else target.name
    return replace(
        added,
        sets=(*others, made),
        active=active,
        status=PackageStatus.UNFINISHED if active is None else _status_after(state),
    )


def take(
    kind: PackageFormat, state: State, new: Sequence[Asset], *, at: str, active: str | None
) -> State:
    """What was promoted, in the sets that it has; `active` is the set that installing gets then.

    Raises AssetExistsError, also for a set that another one would be mixed with,
    PackageStatusError.
    """
    added = _added(kind, state, new)
    if kind is not PackageFormat.PYPI:
        _refuse_mixture(state, new)
    names = [one.name for one in added.sets]
    for name in dict.fromkeys(one.asset_set for one in new if one.asset_set is not None):
        if name not in names:
            if kind is PackageFormat.PYPI:
                _refuse_spelling(names, name)
            names.append(name)
            added = replace(added, sets=(*added.sets, AssetSet(name, finished=True, created_at=at)))
    status = _status_after(state)
    if active is not None and added.active != active:
        added = replace(added, active=active)
    return added if added.status is status else replace(added, status=status)


def _added(kind: PackageFormat, state: State, new: Sequence[Asset]) -> State:
    """The state with assets that are not in it yet, or the very state."""
    if state.status in {PackageStatus.ARCHIVED, PackageStatus.DISPOSED}:
        disposed = state.status is PackageStatus.DISPOSED
        back = (
            "" if disposed else ", or bring this one back: versioned packages status REF Published"
        )
        raise PackageStatusError(
            f"the version is {state.status}", hint=f"publish another version{back}"
        )
    there = {slot(kind, one): one.sha256 for one in state.assets}
    fold = _folded if kind is PackageFormat.PYPI else str
    written = {fold(one): one for one in there}
    missing = []
    for one in new:
        place = slot(kind, one)
        held = there.get(place, state.withdrawn.get(place))
        if held is not None and held != one.sha256:
            was = "is there" if place in there else "was there"
            raise AssetExistsError(
                f"{one.name!r} {was} with other bytes: sha256 {held[:12]}, not {one.sha256[:12]}",
                hint="a name is never given to other bytes; use another build tag or version",
            )
        other = written.setdefault(fold(place), place)
        if other != place:
            raise AssetExistsError(
                f"{place!r} is there already, written {other!r}",
                hint="installers can't tell them apart; keep to one spelling",
            )
        if place not in there:
            there[place] = one.sha256
            missing.append(replace(one, generation=state.generation))
    if not missing:
        return state
    withdrawn = {k: v for k, v in state.withdrawn.items() if k not in there}
    return replace(state, assets=(*state.assets, *missing), withdrawn=withdrawn)


def _folded(filename: str) -> str:
    """What names of files that mean the same to installers have in common."""
    return re.sub(r"[-_.]+", "-", filename).lower()


def _status_after(state: State) -> PackageStatus:
    return state.status if state.status is PackageStatus.UNLISTED else PackageStatus.PUBLISHED


def _refuse_spelling(names: Sequence[str], tag: str) -> None:
    other = same_build(names, tag)
    if other is not None:
        raise AssetExistsError(
            f"build {tag!r} is there already, written {other!r}",
            hint="installers can't tell them apart; keep to one spelling, or raise the number",
        )


def _refuse_mixture(state: State, new: Sequence[Asset]) -> None:
    """A set is complete as it was tested: it takes more only from where it came from."""
    origins = {one.origin and one.origin.repository for one in new}
    for found in state.sets:
        brought = {one.name for one in new if one.asset_set == found.name}
        held = {one.name: one for one in state.assets if one.asset_set == found.name}
        foreign = [
            name
            for name, one in held.items()
            if name not in brought and {one.origin and one.origin.repository} != origins
        ]
        if brought and (not found.finished or (foreign and not brought <= held.keys())):
            raise AssetExistsError(
                f"another asset set {found.name!r} is there, "
                + (f"with {foreign[0]!r}" if found.finished else "which is being filled"),
                hint="publish or promote this one under another name",
            )


def _holds(state: State, one: AssetSet, new: Sequence[Asset]) -> bool:
    held = {(a.name, a.sha256) for a in state.assets_of(one.name)}
    return one.finished and held == {(a.name, a.sha256) for a in new}


def _has(state: State, asset: Asset) -> bool:
    return any(
        (one.name, one.asset_set, one.sha256) == (asset.name, asset.asset_set, asset.sha256)
        for one in state.assets
    )


def _there(state: State, new: Sequence[Asset]) -> bool:
    """Whether the active set has these assets already."""
    held = {(one.name, one.sha256) for one in state.active_assets}
    return bool(state.sets) and all((one.name, one.sha256) in held for one in new)


def _filling(state: State) -> AssetSet | None:
    return next((one for one in reversed(state.sets) if not one.finished), None)


def _next_number(state: State) -> str:
    """A number that no set has, nor had."""
    names = {one.name for one in state.sets} | {
        place.rpartition("/")[0] for place in state.withdrawn
    }
    numbers = [int(name) for name in names if name.isascii() and name.isdigit()]
    return str(max(numbers, default=0) + 1)

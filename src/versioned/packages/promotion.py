"""Promoting exactly the assets that passed, from one repository into another."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from versioned.context import stamp
from versioned.errors import InvalidInputError
from versioned.naming import validate_word
from versioned.packages.asset_verdict import require_verdicts
from versioned.packages.assets import copy_assets, refuse_unreadable
from versioned.packages.build_tag import NO_BUILD
from versioned.packages.changes import take
from versioned.packages.committing import Change, change
from versioned.packages.coordinates import Place
from versioned.packages.distributions.wheel import without_build
from versioned.packages.errors import (
    AssetNotFoundError,
    PackageStatusError,
    VersionExistsError,
)
from versioned.packages.history import find_revision, newest_revision, state_of
from versioned.packages.revision import Asset, Origin, PackageStatus, Revision, State
from versioned.packages.room import Room
from versioned.packages.standing import refuse_unknown
from versioned.steps import Step

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which assets of a revision are meant: by name, by set or by sha256; none of them means the
    active set. Raises InvalidInputError where two are said."""

    names: tuple[str, ...] = ()
    asset_set: str | None = None
    sha256: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        said = [bool(self.names), self.asset_set is not None, bool(self.sha256)]
        if sum(said) > 1:
            raise InvalidInputError(
                "assets are named in two ways", hint="by name, by set or by sha256"
            )
        short = next((one for one in self.sha256 if not _SHA256.fullmatch(one)), None)
        if short is not None:
            raise InvalidInputError(
                f"{short!r:.80} is no sha256",
                hint="all 64 hex digits of it: versioned packages assets --json shows them",
            )


def choose(revision: Revision, choice: Choice) -> tuple[Asset, ...]:
    """The assets that are meant, of finished sets only. Of several that are named so, that of the
    active set is meant. Pure. Raises AssetNotFoundError, also where it can't be told which."""
    state = revision.state
    where = str(revision.place)
    finished = {None, *(one.name for one in state.sets if one.finished)}
    there = [one for one in state.assets if one.asset_set in finished]
    found: tuple[Asset, ...]
    if choice.names:
        refuse_unknown(state, choice.names)
        found = tuple(
            one
            for name in dict.fromkeys(choice.names)
            for one in _meant(state, [one for one in there if one.name == name], name)
        )
    elif choice.asset_set is not None:
        found = state.assets_of(choice.asset_set) if choice.asset_set in finished else ()
    elif choice.sha256:
        found = tuple(
            one
            for sha256 in dict.fromkeys(choice.sha256)
            for one in _meant(state, [one for one in there if one.sha256 == sha256], sha256)
        )
    else:
        found = state.active_assets
    if not found:
        raise AssetNotFoundError(
            f"{where} has no finished asset set {choice.asset_set!r}"
            if choice.asset_set is not None
            else f"{where} has no active asset set",
            hint=f"there are {', '.join(repr(s.name) for s in state.sets if s.finished) or 'none'}",
        )
    return found


def _meant(state: State, found: Sequence[Asset], said: str) -> Sequence[Asset]:
    """All of the one set that they are in, or of the active one."""
    sets = {one.asset_set for one in found}
    meant = [one for one in found if len(sets) == 1 or one in state.active_assets]
    if not meant:
        where = f"{len(sets)} asset sets and not in the active one" if sets else "no finished set"
        raise AssetNotFoundError(f"{said!r} is in {where}", hint="name the asset set, too")
    return meant


def promote(
    room: Room,
    source: Place,
    target: str,
    *,
    revision: str | None,
    choice: Choice,
    checks: Collection[str],
    strip_build: bool,
    allow_overwrite: bool,
    by: str | None,
    message: str | None,
) -> Change:
    """See `Packages.copy_package_versions`."""
    if source.repository == target:
        raise InvalidInputError(
            f"{source.package} of {target} can't be promoted into itself",
            hint="name another repository",
        )
    found, chosen, passed = _passed(
        room, source, target, revision=revision, choice=choice, checks=checks
    )
    place = Place(target, source.package, source.version)
    at = stamp(room.context.store.now())
    new = [_promoted(found, one, passed, at, strip_build=strip_build) for one in chosen]
    sources = {(one.name, one.sha256): asset for one, asset in zip(new, chosen, strict=True)}
    copied: set[tuple[str, str, int]] = set()

    def decide(before: Revision | None) -> State:
        state = state_of(before)
        active = _active_after(new)
        after = take(source.package.format, state, new, at=at, active=active)
        if after is not state and not allow_overwrite and state.status is not PackageStatus.DELETED:
            raise _other_there(place, state, new)
        return after if after is state else replace(after, about=found.state.about)

    def prepare(state: State) -> None:
        missing = {
            (one.name, one.sha256, one.generation): one
            for one in state.assets
            if one.uploaded_at == at and (one.name, one.sha256) in sources
        }
        pairs = [(sources[mark[:2]], one) for mark, one in missing.items() if mark not in copied]
        copy_assets(room.context, source, place, pairs)
        copied.update(missing)

    return change(
        room,
        place,
        decide,
        action="promote",
        by=by,
        message=message,
        prepare=prepare,
    )


def _other_there(place: Place, state: State, new: Sequence[Asset]) -> VersionExistsError:
    renamed = next(
        (held for held in state.assets for one in new if held.sha256 == one.sha256), None
    )
    if renamed is not None and renamed.name not in {one.name for one in new}:
        return VersionExistsError(
            f"{place} is there already, with the same bytes as {renamed.name!r}",
            hint="repeat it as it was promoted, with --strip-build or without",
        )
    return VersionExistsError(
        f"{place} is there already, with something else",
        hint="with --allow-overwrite what is promoted becomes active, and what is there stays "
        "as superseded",
    )


def _passed(
    room: Room,
    source: Place,
    target: str,
    *,
    revision: str | None,
    choice: Choice,
    checks: Collection[str],
) -> tuple[Revision, tuple[Asset, ...], list[str]]:
    """The revision that is meant, those of its assets that may go on, and the checks that they
    passed. Raises as `promote`."""
    room.repository(source.repository)
    room.repository(target)
    wanted = {validate_word("a check", one) for one in checks}
    with Step(room.context.store) as step:
        # Whoever asks for more checks, or for sources, is heard by each process from now on.
        domain = step.add(partial(room.domain, anew=True))
        asked = step.add(partial(find_revision, room.context, source, revision))
        newest = step.add(partial(newest_revision, room.context, source)) if revision else asked
    into = domain.result.repository(target)
    into.refuse_source(source.repository)
    wanted |= set(into.requires)
    found = asked.result
    _refuse_unpromotable(found)
    chosen = choose(found, choice)
    _refuse_yanked(chosen, newest.result or found)
    require_verdicts(room.context, chosen, wanted)
    return found, chosen, sorted(wanted)


def _refuse_unpromotable(found: Revision) -> None:
    refuse_unreadable(found)
    if found.state.status is PackageStatus.UNFINISHED:
        raise PackageStatusError(
            f"{found.place} is unfinished",
            hint="finish its asset set first",
        )


def _refuse_yanked(chosen: Sequence[Asset], newest: Revision) -> None:
    """Raises PackageStatusError for what was withdrawn by now, whatever revision is named."""
    for one in newest.state.assets:
        if one.yanked is not None and any(
            one.name == c.name and one.sha256 == c.sha256 for c in chosen
        ):
            reason = f": {one.yanked}" if one.yanked else ""
            raise PackageStatusError(
                f"{one.name!r} of {newest.place} is yanked{reason}",
                hint="promote another build, or take the yank back: versioned packages yank --undo",
            )


def _promoted(
    found: Revision, asset: Asset, checks: Sequence[str], at: str, *, strip_build: bool
) -> Asset:
    stripped = strip_build and asset.name.endswith(".whl") and asset.asset_set is not None
    return replace(
        asset,
        name=without_build(asset.name) if stripped else asset.name,
        asset_set=NO_BUILD if stripped else asset.asset_set,
        uploaded_at=at,
        yanked=None,
        origin=Origin(found.repository, found.revision, asset.name, tuple(checks)),
    )


def _active_after(new: Sequence[Asset]) -> str | None:
    """The set that was promoted becomes active; what belongs to every set changes nothing."""
    names = [one.asset_set for one in new if one.asset_set is not None]
    return names[-1] if names else None

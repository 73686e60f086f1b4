"""Publishing assets: checked, stored, and only then shown, all of them in one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from versioned.content import Content
from versioned.context import stamp
from versioned.errors import InvalidInputError
from versioned.naming import validate_word
from versioned.packages.assets import put_asset
from versioned.packages.changes import add_builds, add_set, add_to_set
from versioned.packages.committing import Change, change
from versioned.packages.coordinates import (
    Package,
    PackageFormat,
    Place,
    package_version,
    validate_asset_name,
)
from versioned.packages.distributions.distribution import Distribution
from versioned.packages.distributions.reading import read_distribution
from versioned.packages.errors import InvalidDistributionError
from versioned.packages.history import state_of
from versioned.packages.revision import Asset, Revision, State
from versioned.packages.room import Room
from versioned.stores.base import Progress


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to publish: its name, its content, and what it was found to be."""

    name: str
    content: Content
    found: Distribution | None = None

    @classmethod
    def checked(cls, kind: PackageFormat, name: str, content: Content) -> Upload:
        """A wheel, a source distribution or an npm tarball, which is stored under its own name.
        Raises InvalidDistributionError."""
        found = read_distribution(kind, name, content)
        return cls(found.name, content, found)


Decision = Callable[[State, Sequence[Asset], str], State]


def refuse_others(uploads: Sequence[Upload], package: Package | None, version: str | None) -> None:
    """Raises InvalidDistributionError for files that are of something else than was said."""
    for one in uploads:
        if one.found is None:
            continue
        wanted = (
            package or one.found.package,
            one.found.version
            if version is None
            else package_version(one.found.package.format, version),
        )
        if (one.found.package, one.found.version) != wanted:
            raise InvalidDistributionError(
                f"{one.name!r} is of {one.found.package} {one.found.version}, "
                f"not of {wanted[0]} {wanted[1]}",
                hint="it was renamed, or described as something else",
            )


def publish_distributions(
    room: Room,
    repository: str,
    uploads: Sequence[Upload],
    *,
    asset_set: str | None,
    by: str | None,
    message: str | None,
    progress: Progress | None,
) -> Change:
    """Publish files that say themselves which version they are of: all of them are of one.

    Raises InvalidDistributionError, and what `Packages.publish_files` names.
    """
    found = [one.found for one in uploads if one.found is not None]
    if not found or len({(one.package, one.version) for one in found}) != 1:
        raise InvalidDistributionError(
            f"these are not files of one version: {', '.join(one.name for one in uploads)}",
            hint="publish each version on its own",
        )
    kind = found[0].package.format
    _check_set(asset_set)
    if kind is PackageFormat.PYPI and asset_set is not None:
        raise InvalidInputError(
            "the asset set of a wheel is its build tag", hint="python -m wheel tags --build 24"
        )

    def decide(state: State, new: Sequence[Asset], at: str) -> State:
        if kind is PackageFormat.PYPI:
            return add_builds(state, new, at=at)
        return add_set(kind, state, new, name=asset_set, at=at)

    return _publish(
        room,
        Place(repository, found[0].package, found[0].version),
        uploads,
        decide,
        by=by,
        message=message,
        progress=progress,
    )


def publish_generic(
    room: Room,
    place: Place,
    uploads: Sequence[Upload],
    *,
    asset_set: str | None,
    whole: bool,
    unfinished: bool,
    by: str | None,
    message: str | None,
    progress: Progress | None,
) -> Change:
    """Publish assets that can't say what they are of."""
    kind = place.package.format
    _check_set(asset_set)
    if kind is not PackageFormat.GENERIC:
        raise InvalidInputError(
            f"files of {kind} say themselves which version they are of",
            hint="publish_files takes them",
        )

    def decide(state: State, new: Sequence[Asset], at: str) -> State:
        if whole:
            return add_set(kind, state, new, name=asset_set, at=at)
        return add_to_set(kind, state, new, name=asset_set, unfinished=unfinished, at=at)

    return _publish(
        room,
        place,
        uploads,
        decide,
        by=by,
        message=message,
        progress=progress,
    )


def _publish(
    room: Room,
    place: Place,
    uploads: Sequence[Upload],
    decide: Decision,
    *,
    by: str | None,
    message: str | None,
    progress: Progress | None,
) -> Change:
    _refuse_doubles(uploads)
    at = stamp(room.context.store.now())
    new = [_asset(one, at) for one in uploads]
    by_content = {(one.name, one.content.sha256): one for one in uploads}
    about = next((dict(one.found.about) for one in uploads if one.found), {})
    stored: set[tuple[str, str, int]] = set()

    def decided(before: Revision | None) -> State:
        state = state_of(before)
        after = decide(state, new, at)
        return after if after is state or not about else replace(after, about=about)

    def prepare(state: State) -> None:
        for asset in state.assets:
            upload = by_content.get((asset.name, asset.sha256))
            mark = (asset.name, asset.sha256, asset.generation)
            if upload and asset.uploaded_at == at:
                if mark not in stored:
                    put_asset(
                        room.context,
                        place,
                        asset,
                        upload.content,
                        beside=upload.found.beside if upload.found else None,
                        progress=progress,
                    )
                stored.add(mark)

    return change(
        room,
        place,
        decided,
        action="publish",
        by=by,
        message=message,
        prepare=prepare,
    )


def _asset(upload: Upload, at: str) -> Asset:
    found = upload.found
    return Asset(
        name=validate_asset_name(upload.name),
        asset_set=found.asset_set if found else None,
        size=upload.content.size,
        sha256=upload.content.sha256,
        uploaded_at=at,
        beside=hashlib.sha256(found.beside).hexdigest() if found and found.beside else None,
        details=dict(found.details) if found else {},
    )


def _check_set(name: str | None) -> None:
    """Raises InvalidNameError."""
    if name is not None:
        validate_word("an asset set", name)


def _refuse_doubles(uploads: Sequence[Upload]) -> None:
    names = [one.name for one in uploads]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None or not names:
        raise InvalidInputError(
            f"{double!r} is named twice" if double else "there is nothing to publish",
            hint="name each file once",
        )

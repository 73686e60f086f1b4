"""Candidates for the shell that name packages: of a local domain only, and never with an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from versioned.cli.packages_options import packages_session
from versioned.errors import VersionedError
from versioned.location import Location

if TYPE_CHECKING:
    from versioned.packages.packages import Packages


def areas(ctx: click.Context, incomplete: str) -> list[str]:
    """Repositories, and behind a slash the packages of one."""
    try:
        packages = _local(ctx)
        return _areas(packages, incomplete) if packages else []
    except (VersionedError, OSError):
        return []


def versions(ctx: click.Context, incomplete: str) -> list[str]:
    """The same, and behind an `@` the versions of a package."""
    begun = areas(ctx, incomplete)
    where, at, _ = incomplete.rpartition("@")
    # One package is left: its versions too, so that no space is put where an `@` is to come.
    named = [where] if at and not where.endswith("/") else [one for one in begun if "/" in one]
    if len(named) != 1:
        return begun
    try:
        packages = _local(ctx)
        found = _versions(packages, named[0]) if packages else []
    except (VersionedError, OSError):
        return begun
    return [one for one in (*begun, *found) if one.startswith(incomplete)]


def _areas(packages: Packages, incomplete: str) -> list[str]:
    repository, slash, _ = incomplete.partition("/")
    names = [one.name for one in packages.domain().repositories]
    found = [] if slash else [one for one in names if one.startswith(incomplete)]
    if slash or len(found) == 1:
        which = repository if slash else found[0]
        found += [f"{which}/{one.format}/{one}" for one in packages.list_packages(which)]
    return [one for one in found if one.startswith(incomplete)]


def _versions(packages: Packages, where: str) -> list[str]:
    from versioned.packages.coordinates import Package  # noqa: PLC0415 - only while completing

    repository, _, rest = where.partition("/")
    kind, _, name = rest.partition("/")
    package = Package.parse(kind, name)
    return [f"{where}@{one.version}" for one in packages.list_package_versions(repository, package)]


def _local(ctx: click.Context) -> Packages | None:
    """The packages that are meant, unless asking for them needs a network."""
    ours = packages_session(ctx)
    named = ours.named
    if named and Location.parse(named.url).path is None:
        return None
    return ours.packages

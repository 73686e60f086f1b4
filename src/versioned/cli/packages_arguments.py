"""What names packages on a command line: repositories, packages in them, versions. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import click

from versioned.cli import packages_completing
from versioned.cli.arguments import Parsed
from versioned.packages.coordinates import (
    Package,
    PackageFormat,
    Place,
    package_format,
    package_version,
    validate_repository_name,
)
from versioned.packages.errors import InvalidPackageError


@dataclass(frozen=True, slots=True)
class Area:
    """A repository, or one format of it, or one package in it."""

    repository: str
    kind: PackageFormat | None = None
    package: Package | None = None

    def __str__(self) -> str:
        parts = [self.repository, self.kind, self.package]
        return "/".join(str(part) for part in parts if part is not None)


def _area(text: str) -> Area:
    repository, _, rest = text.removesuffix("/").partition("/")
    validate_repository_name(repository)
    if not rest:
        return Area(repository)
    kind_text, slash, name = rest.partition("/")
    kind = package_format(kind_text)
    if not slash:
        return Area(repository, kind)
    if "@" in name[1:]:  # the scope of npm begins with one
        raise InvalidPackageError(
            f"{text!r} names a version, and no single one is meant here",
            hint=f"leave it out: {text.rpartition('@')[0]}",
        )
    return Area(repository, kind, Package.parse(kind, name))


def _place(text: str) -> Place:
    where, at, version = text.rpartition("@")
    repository, _, rest = where.partition("/")
    kind, slash, name = rest.partition("/")
    if not at or not slash or not name or "/" in version:
        raise InvalidPackageError(
            f"{text!r} does not name a version of a package",
            hint="use the form AbcDev/pypi/pyabc@1.0.0",
        )
    validate_repository_name(repository)
    package = Package.parse(kind, name)
    return Place(repository, package, package_version(package.format, version))


def _target(text: str) -> Area | Place:
    return _place(text) if "@" in text.rpartition("/")[2] else _area(text)


AREA = Parsed("repository[/format[/package]]", _area, packages_completing.areas)
PLACE = Parsed("ref", _place, packages_completing.versions)
TARGET = Parsed("repository|ref", _target, packages_completing.areas)

REF = "REPOSITORY/FORMAT/PACKAGE@VERSION"
"""How the help names a version."""

asset_option = click.option(
    "--asset", "assets", metavar="NAME", multiple=True, help="Only this asset; repeat it."
)
set_option = click.option(
    "--set", "asset_set", metavar="NAME", help="The set of this name, instead of the active one."
)
revision_option = click.option(
    "--revision", metavar="REVISION", help="As the version was at this revision."
)
expect_option = click.option(
    "--expect", metavar="REVISION", help="Only if the version is at this revision now."
)

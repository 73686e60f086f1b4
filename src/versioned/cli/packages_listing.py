"""`versioned packages ls`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click
from packaging.version import Version

from versioned.cli.packages_arguments import AREA, Area
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_words import set_words, status_words
from versioned.cli.tables import Column, Table, filled
from versioned.cli.words import age_words
from versioned.packages.coordinates import Package, PackageFormat
from versioned.packages.revision import Revision
from versioned.packages.semver import semver_key

_VERSIONS = (
    Column("VERSION"),
    Column("STATUS", shrink=9),
    Column("ACTIVE", drop=2),
    Column("ASSETS", right=True, drop=3),
    Column("REVISION"),
    Column("AGE", right=True, drop=1),
    Column("BY", drop=4, shrink=8),
)


@click.command(
    "ls",
    cls=PackagesCommand,
    example="""
    versioned packages ls
    versioned packages ls AbcDev
    versioned packages ls AbcDev/pypi/pyabc
    """,
)
@click.argument("area", metavar="[REPOSITORY[/FORMAT[/PACKAGE]]]", type=AREA, required=False)
@pass_packages
def ls(ours: PackagesSession, /, *, area: Area | None) -> None:
    """List repositories, packages of one, or versions of a package.

    The newest version comes first, with the set that installing gets.
    """
    if area is None:
        _list_repositories(ours)
    elif area.package is None:
        _list_packages(ours, area)
    else:
        _list_versions(ours, area, area.package)


def _list_repositories(ours: PackagesSession) -> None:
    domain = ours.packages.domain()
    columns = (
        Column("REPOSITORY"),
        Column("REQUIRES", drop=1, shrink=8),
        Column("FROM", drop=1, shrink=8),
        Column("DESCRIPTION", drop=2, shrink=16),
    )
    rows = [
        (one.name, ", ".join(one.requires), ", ".join(one.sources), one.description)
        for one in domain.repositories
    ]
    empty = "no repositories yet: versioned packages create NAME"
    ours.out.answer(
        asdict(domain),
        quiet=[one.name for one in domain.repositories],
        people=[filled(Table(columns, rows, empty))],
    )


def _list_packages(ours: PackagesSession, area: Area) -> None:
    found = ours.packages.list_packages(area.repository, area.kind)
    names = [_reference(area.repository, one) for one in found]
    ours.out.answer(
        [
            {"format": one.format, "namespace": one.namespace, "package": one.name, "name": name}
            for one, name in zip(found, names, strict=True)
        ],
        quiet=names,
        people=[Table([Column("PACKAGE")], [(name,) for name in names], f"no packages in {area}")],
    )


def _list_versions(ours: PackagesSession, area: Area, package: Package) -> None:
    found = _newest_first(ours.packages.list_package_versions(area.repository, package))
    now = datetime.now(UTC)
    rows = [
        (
            one.version,
            status_words(one),
            "" if one.state.active is None else set_words(one.state.active),
            str(len(one.state.assets)),
            one.revision,
            age_words(datetime.fromisoformat(one.at), now),
            one.by or "",
        )
        for one in found
    ]
    ours.out.answer(
        [one.to_dict() for one in found],
        quiet=[one.place.reference for one in found],
        people=[filled(Table(_VERSIONS, rows, f"all versions of {area} were deleted"))],
    )


def _reference(repository: str, package: Package) -> str:
    return f"{repository}/{package.format}/{package}"


def _newest_first(found: Sequence[Revision]) -> list[Revision]:
    return sorted(found, key=_order, reverse=True)


def _order(one: Revision) -> Any:  # noqa: ANN401 - all of one package are alike
    """By PEP 440, by semver, or by the numbers in it."""
    if one.package.format is PackageFormat.PYPI:
        return Version(one.version)
    if one.package.format is PackageFormat.NPM:
        return semver_key(one.version)
    parts = re.findall(r"([0-9]+)|([^0-9]+)", one.version)
    return [(int(number or -1), word) for number, word in parts]

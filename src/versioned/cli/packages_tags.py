"""`versioned packages dist-tag` and `tags`: npm's names for versions."""

from __future__ import annotations

import click

from versioned.cli.arguments import message_option
from versioned.cli.packages_arguments import AREA, PLACE, Area
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.tables import Column, Table
from versioned.errors import InvalidInputError
from versioned.packages.coordinates import Package, Place


@click.command(
    "dist-tag",
    cls=PackagesCommand,
    example="versioned packages dist-tag AbcProd/npm/@acme/widget@1.2.3 latest stable",
)
@click.argument("place", metavar="REPOSITORY/npm/PACKAGE@VERSION", type=PLACE)
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@message_option
@pass_packages
def dist_tag(
    ours: PackagesSession, /, *, place: Place, tags: tuple[str, ...], message: str | None
) -> None:
    """Let npm's tags name a version, such as latest.

    All of them in one moment. npm install gets what latest names.
    """
    ours.packages.npm.change_dist_tags(
        place.repository, place.package, dict.fromkeys(tags, place.version), message=message
    )
    _show(ours, place.repository, place.package)


@click.command(
    "tags",
    cls=PackagesCommand,
    example="""
    versioned packages tags AbcProd/npm/@acme/widget
    versioned packages tags AbcProd/npm/@acme/widget --remove beta
    """,
)
@click.argument("area", metavar="REPOSITORY/npm/PACKAGE", type=AREA)
@click.option("--remove", metavar="TAG", multiple=True, help="Take a tag away; repeat it.")
@message_option
@pass_packages
def tags(
    ours: PackagesSession, /, *, area: Area, remove: tuple[str, ...], message: str | None
) -> None:
    """List npm's tags of a package, or take some away.

    Tags of versions that are not listed are left out. Where nobody said which version is latest,
    it is the highest release.
    """
    if area.package is None:
        raise InvalidInputError(
            f"{area} names no package", hint="use the form AbcDev/npm/@acme/widget"
        )
    if remove:
        ours.packages.npm.change_dist_tags(
            area.repository, area.package, dict.fromkeys(remove), message=message
        )
    elif message is not None:
        raise click.UsageError("-m goes with --remove.")
    _show(ours, area.repository, area.package)


def _show(ours: PackagesSession, repository: str, package: Package) -> None:
    found = sorted(ours.packages.npm.dist_tags(repository, package).items())
    ours.out.answer(
        dict(found),
        quiet=[f"{tag} {version}" for tag, version in found],
        people=[Table((Column("TAG"), Column("VERSION")), found, "no version is listed")],
    )

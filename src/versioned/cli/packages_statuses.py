"""`versioned packages status`, `yank` and `deprecate`."""

from __future__ import annotations

import click

from versioned.cli.arguments import message_option, yes_option
from versioned.cli.packages_arguments import PLACE, REF, asset_option, expect_option
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_removing import discard
from versioned.cli.packages_words import assets_words, change_document, change_words
from versioned.packages.coordinates import PackageFormat, Place
from versioned.packages.errors import InvalidPackageError
from versioned.packages.revision import PackageStatus

_SETTABLE = [str(one) for one in PackageStatus if one not in {"Unfinished", "Deleted"}]


@click.command(
    "status",
    cls=PackagesCommand,
    example="""
    versioned packages status AbcProd/pypi/pyabc@1.0.0 Archived -m 'end of life'
    versioned packages status AbcDev/generic/team/scripts@7 Published
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@click.argument(
    "status",
    metavar=f"[{'|'.join(_SETTABLE)}]",
    type=click.Choice(_SETTABLE, case_sensitive=False),
)
@expect_option
@message_option
@yes_option
@pass_packages
def status(
    ours: PackagesSession,
    /,
    *,
    place: Place,
    status: str,
    expect: str | None,
    message: str | None,
    yes: bool,
) -> None:
    """Say whether a version can be seen and had.

    Published: both. Unlisted: it can still be had. Archived: neither, until it is Published
    again. Disposed: its assets go for good and the record of them stays; this shows what would
    go, unless --yes is there. Published also finishes the set of a version that is Unfinished.
    """
    wanted = PackageStatus(status)
    if wanted is PackageStatus.DISPOSED:
        discard(ours, place, wanted, expect=expect, message=message, yes=yes)
        return
    changes = ours.packages.change_version(
        place.repository, place.package, place.version, expect=expect, message=message
    )
    done = changes.set_status(wanted)
    ours.out.answer(
        change_document(done),
        quiet=[done.revision.revision],
        people=[change_words(done, f"{place.reference} is now {wanted}")],
    )


@click.command(
    "yank",
    cls=PackagesCommand,
    example="""
    versioned packages yank AbcProd/pypi/pyabc@1.0.0 -m 'loses data'
    versioned packages yank AbcProd/pypi/pyabc@1.0.0 --undo
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@asset_option
@click.option("--undo", is_flag=True, help="Take it back.")
@expect_option
@click.option("-m", "--message", metavar="TEXT", help="Why; whoever installs it is told.")
@pass_packages
def yank(
    ours: PackagesSession,
    /,
    *,
    place: Place,
    assets: tuple[str, ...],
    undo: bool,
    expect: str | None,
    message: str | None,
) -> None:
    """Withdraw a version, or some of its assets.

    Nothing is removed: a lock file that names the version or its hash goes on working; whoever
    asks for any version gets another one.
    """
    changes = ours.packages.change_version(
        place.repository, place.package, place.version, expect=expect, message=message
    )
    done = changes.yank(assets or None, None if undo else message or "")
    state = done.revision.state
    named = [one for one in state.assets if not assets or one.name in assets]
    ours.out.answer(
        change_document(done),
        quiet=[done.revision.revision],
        people=[
            change_words(
                done,
                f"{'took back the yank of' if undo else 'yanked'} {place.reference}: "
                f"{assets_words(named)}",
            )
        ],
    )


@click.command(
    "deprecate",
    cls=PackagesCommand,
    example="""
    versioned packages deprecate AbcProd/npm/@acme/widget@1.0.0 -m 'loses data, use 1.1.0'
    versioned packages deprecate AbcProd/npm/@acme/widget@1.0.0 --undo
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@click.option("--undo", is_flag=True, help="Take it back.")
@expect_option
@click.option("-m", "--message", metavar="TEXT", help="Why; whoever installs it is told.")
@pass_packages
def deprecate(
    ours: PackagesSession,
    /,
    *,
    place: Place,
    undo: bool,
    expect: str | None,
    message: str | None,
) -> None:
    """Warn whoever installs a version with npm.

    Nothing else changes: it is installed as before. Only npm shows it; a version of another
    format is yanked, or its status changed.
    """
    if not undo and not message:
        raise click.UsageError("Say why with -m, or --undo.")
    if not undo and place.package.format is not PackageFormat.NPM:
        raise _not_shown(place)
    changes = ours.packages.change_version(
        place.repository, place.package, place.version, expect=expect, message=message
    )
    done = changes.deprecate(None if undo else message)
    words = "took back the deprecation of" if undo else "deprecated"
    ours.out.answer(
        change_document(done),
        quiet=[done.revision.revision],
        people=[change_words(done, f"{words} {place.reference}")],
    )


def _not_shown(place: Place) -> InvalidPackageError:
    pypi = place.package.format is PackageFormat.PYPI
    instead = f"yank {place.reference} -m WHY" if pypi else f"status {place.reference} Archived"
    return InvalidPackageError(
        f"nobody who installs {place.reference} would see it: only npm shows a deprecation",
        hint=f"withdraw it instead: versioned packages {instead}",
    )

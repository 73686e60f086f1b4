"""`versioned packages rm`, and what disposing of a version shows."""

from __future__ import annotations

from collections.abc import Sequence

import click

from versioned.cli.arguments import message_option, yes_option
from versioned.cli.exits import NeedsYesError
from versioned.cli.output import Block
from versioned.cli.packages_arguments import PLACE, REF, asset_option, expect_option
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_words import assets_table
from versioned.cli.words import count_words, size_words
from versioned.packages.committing import Change
from versioned.packages.coordinates import Place
from versioned.packages.revision import Asset, PackageStatus, Revision
from versioned.packages.standing import refuse_unknown
from versioned.packages.statuses import refuse_unexpected


@click.command(
    "rm",
    cls=PackagesCommand,
    example="""
    versioned packages rm AbcDev/pypi/pyabc@1.0.0 --yes
    versioned packages rm AbcDev/pypi/pyabc@1.0.0 --asset PyABC-1.0.0-23-py3-none-any.whl --yes
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@asset_option
@expect_option
@message_option
@yes_option
@pass_packages
def rm(
    ours: PackagesSession,
    /,
    *,
    place: Place,
    assets: tuple[str, ...],
    expect: str | None,
    message: str | None,
    yes: bool,
) -> None:
    """Delete a version, or some of its assets, for good.

    Their names are never given to other bytes. The very same bytes can be published again, by
    whoever may publish; of a version that is Disposed instead nothing comes back: versioned
    packages status. The active set loses no asset that is its last: activate another one first.
    To keep a version from being installed, yank or archive it.
    """
    if not assets:
        discard(ours, place, PackageStatus.DELETED, expect=expect, message=message, yes=yes)
        return
    found = _find(ours, place, expect)
    refuse_unknown(found.state, assets)
    doomed = [one for one in found.state.assets if one.name in assets]
    done = None
    if yes:
        changes = ours.packages.change_version(
            place.repository, place.package, place.version, expect=found.revision, message=message
        )
        done = changes.remove_named(assets)
    _show(ours, found, doomed, done, "delete")


def discard(
    ours: PackagesSession,
    place: Place,
    status: PackageStatus,
    *,
    expect: str | None,
    message: str | None,
    yes: bool,
) -> None:
    """Delete or dispose of a version as it was looked at, or show what would go. Raises
    NeedsYesError, PackageConflictError."""
    found = _find(ours, place, expect)
    done = None
    if yes or found.state.status is status:
        changes = ours.packages.change_version(
            place.repository, place.package, place.version, expect=found.revision, message=message
        )
        done = changes.discard(status)
    word = "delete" if status is PackageStatus.DELETED else "dispose of"
    _show(ours, found, found.state.assets, done, word)


def _find(ours: PackagesSession, place: Place, expect: str | None) -> Revision:
    found = ours.packages.describe_package_version(place.repository, place.package, place.version)
    refuse_unexpected(found, expect)
    return found


_DONE = {"delete": "deleted", "dispose of": "disposed of"}


def _show(
    ours: PackagesSession,
    found: Revision,
    doomed: Sequence[Asset],
    done: Change | None,
    word: str,
) -> None:
    """What goes or went. Raises NeedsYesError where nothing was done."""
    size = size_words(sum(one.size for one in doomed))
    held = f": {count_words(len(doomed), 'asset')} ({size})" if doomed else ""
    what = f"{found.place.reference}{held}"
    table: list[Block] = [assets_table(found, doomed)] if doomed else []
    if done is None:
        words = f"to {word}: {what}"
    elif done.changed:
        words = f"{_DONE[word]} {what}, revision {done.revision.revision}"
    else:
        words = f"unchanged: {found.place.reference} is {found.state.status} already"
    ours.out.answer(
        {
            "reference": found.place.reference,
            "assets": [one.name for one in doomed],
            "size": sum(one.size for one in doomed),
            "revision": (done.revision if done else found).revision,
            "applied": done is not None,
        },
        quiet=[one.name for one in doomed],
        people=[*table, words],
    )
    if done is None:
        raise NeedsYesError

"""`versioned packages promote`."""

from __future__ import annotations

import click

from versioned.cli.arguments import message_option
from versioned.cli.packages_arguments import PLACE, REF, asset_option, revision_option, set_option
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_words import (
    added_assets,
    assets_words,
    change_document,
    change_words,
)
from versioned.cli.promote import show_unmet
from versioned.errors import GateRefusedError
from versioned.packages.committing import Change
from versioned.packages.coordinates import Place


@click.command(
    "promote",
    cls=PackagesCommand,
    example="""
    versioned packages promote AbcDev/pypi/pyabc@1.0.0 --to AbcStaging
    versioned packages promote AbcDev/pypi/pyabc@1.0.0 --to AbcStaging --asset PyABC-1.0.0-24-py3-none-any.whl
    versioned packages promote AbcStaging/pypi/pyabc@1.0.0 --to AbcProd --strip-build --require uat
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@click.option("--to", "target", metavar="REPOSITORY", required=True, help="Where it is to be had.")
@asset_option
@set_option
@click.option(
    "--sha256", "sha256", metavar="HEX", multiple=True, help="Only these bytes; repeat it."
)
@revision_option
@click.option(
    "--require",
    "checks",
    metavar="CHECK",
    multiple=True,
    help="Only with a passing verdict of this check, beside those that the repository requires; "
    "repeat it.",
)
@click.option("--strip-build", is_flag=True, help="Leave the build tag out of names of wheels.")
@click.option(
    "--allow-overwrite", is_flag=True, help="Also if the version is there with other assets."
)
@message_option
@pass_packages
def promote(
    ours: PackagesSession,
    /,
    *,
    place: Place,
    target: str,
    assets: tuple[str, ...],
    asset_set: str | None,
    sha256: tuple[str, ...],
    revision: str | None,
    checks: tuple[str, ...],
    strip_build: bool,
    allow_overwrite: bool,
    message: str | None,
) -> None:
    """Let another repository have exactly the assets that passed.

    The active set, unless assets, a set or bytes are named; there it is active, too. The hashes
    are proved there before anything is seen of it. Overwriting adds to what is there: no asset is
    ever replaced.
    """
    try:
        done = ours.packages.copy_package_versions(
            place.repository,
            target,
            place.package,
            place.version,
            revision=revision,
            assets=assets,
            asset_set=asset_set,
            sha256=sha256,
            require=checks,
            strip_build=strip_build,
            allow_overwrite=allow_overwrite,
            message=message,
        )
    except GateRefusedError as error:
        show_unmet(ours.session, error)
        raise
    ours.out.answer(
        change_document(done),
        quiet=[done.revision.revision],
        people=[change_words(done, _words(place, done))],
    )


def _words(place: Place, done: Change) -> str:
    new = added_assets(done)
    what = f": {assets_words(new)}" if new else ""
    return f"promoted {place.reference} to {done.revision.repository}{what}"

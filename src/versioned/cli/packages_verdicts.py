"""`versioned packages verdict` and `verdicts`."""

from __future__ import annotations

import click

from versioned.cli.arguments import message_option
from versioned.cli.packages_arguments import PLACE, REF, asset_option, revision_option, set_option
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_words import check_doubts
from versioned.cli.tables import Column, Table, filled
from versioned.cli.words import SHORT_SHA, time_words
from versioned.packages.coordinates import Place
from versioned.packages.revision import ordered_assets

_COLUMNS = (
    Column("ASSET"),
    Column("CHECK"),
    Column("OUTCOME"),
    Column("WHEN", drop=3),
    Column("BY", drop=2, shrink=8),
    Column("URL", drop=4, shrink=16),
    Column("MESSAGE", drop=1, shrink=12),
)


@click.command(
    "verdict",
    cls=PackagesCommand,
    example="""
    versioned packages verdict AbcDev/pypi/pyabc@1.0.0 integration --pass
    versioned packages verdict AbcDev/pypi/pyabc@1.0.0 integration --fail --set 24 --url https://ci/77
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@click.argument("check")
@click.option("--pass", "passed", is_flag=True, help="It passed.")
@click.option("--fail", "failed", is_flag=True, help="It failed.")
@asset_option
@set_option
@revision_option
@click.option("--url", help="Where the report is.")
@message_option
@pass_packages
def verdict(
    ours: PackagesSession,
    /,
    *,
    place: Place,
    check: str,
    passed: bool,
    failed: bool,
    assets: tuple[str, ...],
    asset_set: str | None,
    revision: str | None,
    url: str | None,
    message: str | None,
) -> None:
    """Record what a check found of the assets of a version.

    Of the active set, unless they are named: do, with --asset or --revision, where somebody may
    have published in between. The newest outcome counts, and it counts for these bytes in every
    repository.
    """
    if passed == failed:
        raise click.UsageError("Say either --pass or --fail.")
    outcome = "pass" if passed else "fail"
    held = ours.packages.describe_package_version(
        place.repository, place.package, place.version, revision=revision
    )
    domain = ours.packages.domain()
    found = ours.packages.record_verdict(
        place.repository,
        place.package,
        place.version,
        check,
        outcome,
        revision=held.revision,
        assets=assets,
        asset_set=asset_set,
        url=url,
        message=message,
    )
    names = {one.sha256: one.name for one in held.state.assets}
    ours.out.answer(
        [one.to_dict() for one in found],
        quiet=[one.sha256 for one in found],
        people=[
            f"{check}: {outcome} for {names[one.sha256]} (sha256 {one.sha256[:SHORT_SHA]})"
            for one in found
        ],
    )
    required = {name for one in domain.repositories for name in one.requires}
    for doubt in check_doubts(check, required):
        ours.out.warn(doubt)


@click.command(
    "verdicts", cls=PackagesCommand, example="versioned packages verdicts AbcDev/pypi/pyabc@1.0.0"
)
@click.argument("place", metavar=REF, type=PLACE)
@revision_option
@pass_packages
def verdicts(ours: PackagesSession, /, *, place: Place, revision: str | None) -> None:
    """List the verdicts of all assets of a version.

    The newest of each check comes first, and is the one that counts.
    """
    found = ours.packages.describe_package_version(
        place.repository, place.package, place.version, revision=revision
    )
    pairs = [
        (asset, one)
        for asset in ordered_assets(place.package.format, found.state)
        for one in ours.packages.verdicts(asset.sha256)
    ]
    rows = [
        (
            asset.name,
            one.check,
            one.outcome,
            time_words(one.at),
            one.by or "",
            one.url or "",
            one.message or "",
        )
        for asset, one in pairs
    ]
    empty = f"no verdicts: versioned packages verdict {place.reference} CHECK --pass records one"
    ours.out.answer(
        [{"asset": asset.name, **one.to_dict()} for asset, one in pairs],
        quiet=[f"{asset.name} {one.check} {one.outcome}" for asset, one in pairs],
        people=[filled(Table(_COLUMNS, rows, empty))],
    )

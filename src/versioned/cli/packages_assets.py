"""`versioned packages assets` and `sets`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from versioned.cli.arguments import message_option
from versioned.cli.packages_arguments import PLACE, REF, expect_option, revision_option
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_words import (
    asset_state,
    change_document,
    change_words,
    set_state,
    set_words,
    status_words,
)
from versioned.cli.tables import Column, Table, filled
from versioned.cli.words import SHORT_SHA, age_words, size_words
from versioned.packages.coordinates import Place
from versioned.packages.errors import AssetNotFoundError
from versioned.packages.revision import Asset, Revision, ordered_assets, set_order


@click.command(
    "assets",
    cls=PackagesCommand,
    example="""
    versioned packages assets AbcDev/pypi/pyabc@1.0.0
    versioned packages assets AbcDev/pypi/pyabc@1.0.0 -q | tail -n 1
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@click.option("--set", "asset_set", metavar="NAME", help="Only the assets of this set.")
@revision_option
@pass_packages
def assets(
    ours: PackagesSession, /, *, place: Place, asset_set: str | None, revision: str | None
) -> None:
    """List the assets of a version, those of the newest build last.

    What is active is what installing gets. JSON has every sha256 whole.
    """
    found = ours.packages.describe_package_version(
        place.repository, place.package, place.version, revision=revision
    )
    shown = ordered_assets(place.package.format, found.state)
    if asset_set is not None:
        if found.state.find_set(asset_set) is None:
            raise AssetNotFoundError(
                f"{place} has no asset set {asset_set!r}",
                hint=f"versioned packages sets {place.reference}",
            )
        shown = [one for one in shown if one.asset_set in {asset_set, None}]
    ours.out.answer(
        {
            "reference": place.reference,
            "revision": found.revision,
            "status": found.state.status,
            "active": found.state.active,
            "assets": [{**asdict(one), "state": asset_state(found, one)} for one in shown],
        },
        quiet=[one.name for one in shown],
        people=[
            f"{place.reference} is {status_words(found)}, revision {found.revision}",
            _table(found, shown),
        ],
    )


def _table(found: Revision, shown: list[Asset]) -> Table:
    now = datetime.now(UTC)
    columns = (
        Column("ASSET"),
        Column("SET", drop=4),
        Column("STATE", shrink=10),
        Column("SIZE", right=True, drop=3),
        Column("SHA256", drop=6),
        Column("AGE", right=True, drop=2),
        Column("FROM", drop=5),
    )
    rows = [
        (
            one.name,
            set_words(one.asset_set) if found.state.sets else "",
            asset_state(found, one),
            size_words(one.size),
            one.sha256[:SHORT_SHA],
            age_words(datetime.fromisoformat(one.uploaded_at), now),
            one.origin.repository if one.origin else "",
        )
        for one in shown
    ]
    return filled(Table(columns, rows, "it has no assets"))


@click.command(
    "sets",
    cls=PackagesCommand,
    example="""
    versioned packages sets AbcDev/pypi/pyabc@1.0.0
    versioned packages sets AbcDev/pypi/pyabc@1.0.0 --activate 23 -m 'build 24 hangs'
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@click.option(
    "--activate", metavar="NAME", help="Let installing get this set; '' is that without a build."
)
@expect_option
@message_option
@pass_packages
def sets(
    ours: PackagesSession,
    /,
    *,
    place: Place,
    activate: str | None,
    expect: str | None,
    message: str | None,
) -> None:
    """List the asset sets of a version, or activate another one.

    A set is a complete build of the version. The newest comes last.
    """
    if activate is not None:
        changes = ours.packages.change_version(
            place.repository, place.package, place.version, expect=expect, message=message
        )
        done = changes.activate(activate)
        ours.out.answer(
            change_document(done),
            quiet=[done.revision.revision],
            people=[change_words(done, f"changed {place.reference}")],
        )
        return
    if expect is not None or message is not None:
        raise click.UsageError("--expect and -m go with --activate.")
    found = ours.packages.describe_package_version(place.repository, place.package, place.version)
    rows = [_set_row(found, name) for name in _names(found)]
    columns = (
        Column("SET"),
        Column("STATE"),
        Column("ASSETS", right=True),
        Column("SIZE", right=True, drop=2),
        Column("AGE", right=True, drop=1),
    )
    ours.out.answer(
        [
            {
                **asdict(one),
                "state": set_state(found, one.name),
                "assets": [a.name for a in found.state.assets if a.asset_set == one.name],
            }
            for one in sorted(found.state.sets, key=lambda one: _names(found).index(one.name))
        ],
        quiet=_names(found),
        people=[Table(columns, rows, f"{place.reference} has no sets")],
    )


def _names(found: Revision) -> list[str]:
    kind, state = found.package.format, found.state
    return sorted((one.name for one in state.sets), key=lambda one: set_order(kind, state, one))


def _set_row(found: Revision, name: str) -> tuple[str, ...]:
    held = [one for one in found.state.assets if one.asset_set == name]
    made = found.state.find_set(name)
    age = age_words(datetime.fromisoformat(made.created_at), datetime.now(UTC)) if made else ""
    size = size_words(sum(one.size for one in held))
    return set_words(name), set_state(found, name), str(len(held)), size, age

"""`versioned packages history`."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import zip_longest

import click

from versioned.cli.packages_arguments import PLACE, REF
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_words import active_words, added, assets_words
from versioned.cli.tables import Column, Table
from versioned.cli.words import age_words, time_words
from versioned.packages.coordinates import Place
from versioned.packages.revision import Asset, Revision

_COLUMNS = (
    Column("REVISION"),
    Column("WHAT", shrink=16),
    Column("WHEN", drop=3),
    Column("AGE", right=True, drop=1),
    Column("BY", drop=2, shrink=8),
    Column("MESSAGE", shrink=12, drop=4),
)


@click.command(
    "history", cls=PackagesCommand, example="versioned packages history AbcDev/pypi/pyabc@1.0.0"
)
@click.argument("place", metavar=REF, type=PLACE)
@pass_packages
def history(ours: PackagesSession, /, *, place: Place) -> None:
    """Show every revision of a version, newest first.

    Each can still be named with --revision: looked at, had, promoted.
    """
    found = ours.packages.list_package_version_revisions(
        place.repository, place.package, place.version
    )
    now = datetime.now(UTC)
    rows = [
        (
            one.revision,
            _what(one, before),
            time_words(one.at),
            age_words(datetime.fromisoformat(one.at), now),
            one.by or "",
            one.message or "",
        )
        for one, before in zip_longest(found, found[1:])
    ]
    ours.out.answer(
        [one.to_dict() for one in found],
        quiet=[one.revision for one in found],
        people=[Table(_COLUMNS, rows)],
    )


def _what(one: Revision, before: Revision | None) -> str:
    """What came of it, as far as it changed."""
    words = [*_assets_words(one, before)]
    status = before.state.status if before else None
    if status is not one.state.status and (before or one.state.status != "Published"):
        words.append(str(one.state.status))
    if before is None or before.state.active != one.state.active:
        words.append(active_words(one))
    if before and before.state.deprecated != one.state.deprecated:
        words.append("deprecated" if one.state.deprecated else "no longer deprecated")
    return ", ".join(filter(None, words)) or one.action


def _assets_words(one: Revision, before: Revision | None) -> list[str]:
    more = added(one, before)
    less = added(before, one) if before else []
    origins = {asset.origin.repository for asset in more if asset.origin}
    came = f" from {', '.join(sorted(origins))}" if one.action == "promote" else ""
    words = [f"{one.action} {assets_words(more)}{came}"] if more else []
    if less:
        words.append(f"remove {assets_words(less)}")
    yanked = [one for one in one.state.assets if one not in more and _yank_of(before, one)]
    if yanked:
        words.append(f"{one.action} {assets_words(yanked)}")
    return words


def _yank_of(before: Revision | None, asset: Asset) -> bool:
    """Whether it was yanked, or no longer is, since then."""
    held = before.state.assets if before else ()
    mark = (asset.asset_set, asset.name, asset.sha256)
    return any(
        (one.asset_set, one.name, one.sha256) == mark and one.yanked != asset.yanked for one in held
    )

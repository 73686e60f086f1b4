"""`versioned packages get`."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from versioned.cli.exits import FileExistsDifferentlyError
from versioned.cli.output import Mode
from versioned.cli.packages_arguments import PLACE, REF, revision_option, set_option
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.progress import transfer
from versioned.cli.words import SHORT_SHA, size_words
from versioned.errors import InvalidInputError
from versioned.packages.assets import open_asset, refuse_unreadable
from versioned.packages.coordinates import Place
from versioned.packages.errors import AssetNotFoundError
from versioned.packages.promotion import Choice, choose
from versioned.packages.revision import Asset, Revision


@click.command(
    "get",
    cls=PackagesCommand,
    example="""
    versioned packages get AbcProd/pypi/pyabc@1.0.0 -o wheels/
    versioned packages get AbcDev/generic/team/scripts@7 deploy.sh -o - | sh
    """,
)
@click.argument("place", metavar=REF, type=PLACE)
@click.argument("asset", required=False)
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="A directory to put it in; for one asset also a file, or - for standard output.",
)
@set_option
@revision_option
@click.option("--force", is_flag=True, help="Overwrite a file that holds something else.")
@pass_packages
def get(
    ours: PackagesSession,
    /,
    *,
    place: Place,
    asset: str | None,
    output: str | None,
    asset_set: str | None,
    revision: str | None,
    force: bool,
) -> None:
    """Download an asset, or all of the active set.

    The bytes are checked against their sha256. A file appears whole or not at all. With -o - the exit code tells whether the bytes that came
    out are right.
    """
    if output == "-" and (ours.out.mode is not Mode.PEOPLE or asset is None):
        raise click.UsageError("With -o - standard output is for the bytes of one ASSET alone.")
    found = ours.packages.describe_package_version(
        place.repository, place.package, place.version, revision=revision
    )
    refuse_unreadable(found)
    chosen = _chosen(found, asset, asset_set)
    if output == "-":
        _write_out(ours, found, chosen[0])
        return
    done = [
        (one, path, _fetch(ours, found, one, path, force=force))
        for one, path in _targets(chosen, output, single=asset is not None)
    ]
    ours.out.answer(
        {
            "reference": place.reference,
            "revision": found.revision,
            "assets": [
                {
                    "name": one.name,
                    "path": str(path),
                    "size": one.size,
                    "sha256": one.sha256,
                    "downloaded": new,
                }
                for one, path, new in done
            ],
        },
        quiet=[path for _, path, _ in done],
        people=[
            f"{path}: {size_words(one.size)}, sha256 {one.sha256[:SHORT_SHA]}, "
            f"{'downloaded' if new else 'unchanged'}"
            for one, path, new in done
        ],
    )


def _chosen(found: Revision, asset: str | None, asset_set: str | None) -> tuple[Asset, ...]:
    """One by its name, of the active set before all others; or all of a set."""
    if asset is None:
        return choose(found, Choice(asset_set=asset_set))
    held = () if asset_set is None else choose(found, Choice(asset_set=asset_set))
    among = held or (*found.state.active_assets, *found.state.assets)
    one = next((one for one in among if one.name == asset), None)
    if one is None:
        raise AssetNotFoundError(
            f"{found.place} has no asset {asset!r}",
            hint=f"versioned packages assets {found.place.reference}",
        )
    return (one,)


def _targets(
    chosen: tuple[Asset, ...], output: str | None, *, single: bool
) -> list[tuple[Asset, Path]]:
    path = Path(output or ".")
    if single and output and not path.is_dir() and not output.endswith("/"):
        if not path.parent.is_dir():
            raise InvalidInputError(
                f"there is no directory {str(path.parent)!r}", hint=f"mkdir -p {path.parent}"
            )
        return [(chosen[0], path)]
    if path.exists() and not path.is_dir():
        raise InvalidInputError(
            f"{output!r} is a file, and {len(chosen)} assets are to go there",
            hint="name a directory with -o, or one ASSET",
        )
    path.mkdir(parents=True, exist_ok=True)
    return [(one, path / one.name) for one in chosen]


def _fetch(
    ours: PackagesSession, found: Revision, asset: Asset, path: Path, *, force: bool
) -> bool:
    """False where the file holds it already. Raises FileExistsDifferentlyError."""
    if path.is_file() and not force:
        if _holds(path, asset):
            return False
        raise FileExistsDifferentlyError(
            f"{str(path)!r} is there and is not {asset.name} of {found.place}",
            hint="name another place with -o, or add --force to overwrite it",
        )
    opened = open_asset(ours.packages.context, found, asset)
    with transfer(ours.out, asset.name) as progress:
        opened.save(path, progress=progress)
    return True


def _holds(path: Path, asset: Asset) -> bool:
    if path.stat().st_size != asset.size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == asset.sha256


def _write_out(ours: PackagesSession, found: Revision, asset: Asset) -> None:
    opened = open_asset(ours.packages.context, found, asset)
    with transfer(ours.out, asset.name) as progress:
        done = 0
        for chunk in opened.chunks():
            ours.out.binary.write(chunk)
            done += len(chunk)
            if progress:
                progress(done, asset.size)

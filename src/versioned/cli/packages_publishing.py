"""`versioned packages publish`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from versioned.cli.arguments import message_option
from versioned.cli.output import Output
from versioned.cli.packages_arguments import TARGET, Area
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.packages_words import (
    added_assets,
    assets_words,
    change_document,
    change_words,
)
from versioned.cli.progress import transfer
from versioned.cli.words import count_words
from versioned.content import Content
from versioned.errors import InvalidInputError
from versioned.packages.committing import Change
from versioned.packages.coordinates import Package, PackageFormat, Place
from versioned.packages.distributions.reading import read_distribution
from versioned.packages.errors import InvalidDistributionError, PackageVersionNotFoundError

_FORMATS = {
    ".whl": PackageFormat.PYPI,
    ".tar.gz": PackageFormat.PYPI,
    ".zip": PackageFormat.PYPI,
    ".tgz": PackageFormat.NPM,
}


@dataclass(frozen=True, slots=True)
class Options:
    """How it is to be published."""

    asset_set: str | None
    unfinished: bool
    message: str | None


@click.command(
    "publish",
    cls=PackagesCommand,
    example="""
    versioned packages publish AbcDev dist/
    versioned packages publish AbcDev dist/PyABC-1.0.0-24-py3-none-any.whl
    versioned packages publish AbcDev/generic/team/scripts@7 deploy.sh rollback.sh
    """,
)
@click.argument("target", metavar="REPOSITORY|REF", type=TARGET)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--set", "asset_set", metavar="NAME", help="The set's name, instead of a number.")
@click.option("--unfinished", is_flag=True, help="More files of this set are to come.")
@message_option
@pass_packages
def publish(
    ours: PackagesSession,
    /,
    *,
    target: Area | Place,
    files: tuple[Path, ...],
    asset_set: str | None,
    unfinished: bool,
    message: str | None,
) -> None:
    """Publish files, all of one version in one moment.

    Wheels, source distributions and npm tarballs say themselves which version they are of; of a
    directory all of them are taken. A wheel's build tag is its set, and the newest build becomes
    active. Other files are assets of the version that is named, and become its next set. The
    same files again change nothing.
    """
    options = Options(asset_set, unfinished, message)
    if isinstance(target, Place):
        done = [_publish_generic(ours, target, files, options)]
        _show(ours, done)
        return
    if target.package is not None:
        raise InvalidInputError(
            f"{target} names a package without a version",
            hint=f"{target}@VERSION for other files; {target.repository} for wheels, "
            "source distributions and npm tarballs, which say it themselves",
        )
    if unfinished:
        raise click.UsageError("--unfinished is for other files than wheels and tarballs.")
    groups = _by_version(ours.out, files, target.kind)
    published: list[Change] = []
    try:
        for (package, version), paths in groups.items():
            with transfer(ours.out, f"{package} {version}") as progress:
                published.append(
                    ours.packages.publish_files(
                        target.repository,
                        package.format,
                        paths,
                        asset_set=asset_set,
                        message=message,
                        progress=progress,
                    )
                )
    finally:
        if published:  # also those before one that failed
            _show(ours, published)


def _publish_generic(
    ours: PackagesSession, place: Place, files: Sequence[Path], options: Options
) -> Change:
    if place.package.format is not PackageFormat.GENERIC:
        raise InvalidInputError(
            f"files of {place.package.format} say themselves which version they are of",
            hint=f"versioned packages publish {place.repository} FILE...",
        )
    paths = [path for file in files for path in (_inside(file) if file.is_dir() else [file])]
    if not paths:
        raise InvalidInputError("there are no files to publish", hint="name at least one")
    with transfer(ours.out, str(place)) as progress:
        return ours.packages.publish_package_version(
            place.repository,
            place.package,
            place.version,
            paths,
            asset_set=options.asset_set,
            whole=not options.unfinished and not _is_being_filled(ours, place, options.asset_set),
            unfinished=options.unfinished,
            message=options.message,
            progress=progress,
        )


def _is_being_filled(ours: PackagesSession, place: Place, asset_set: str | None) -> bool:
    """Whether somebody began a set with --unfinished, which this is to end."""
    try:
        found = ours.packages.describe_package_version(
            place.repository, place.package, place.version
        )
    except PackageVersionNotFoundError:
        return False
    return any(not one.finished and asset_set in {None, one.name} for one in found.state.sets)


def _by_version(
    out: Output, files: Sequence[Path], kind: PackageFormat | None
) -> dict[tuple[Package, str], list[Path]]:
    """The files by the version that they say. All are looked at before any is published."""
    found: dict[tuple[Package, str], list[Path]] = {}
    for path in _distributions(out, files):
        which = kind or _format_of(path)
        with Content.open(path) as content:
            one = read_distribution(which, path.name, content)
        found.setdefault((one.package, one.version), []).append(path)
    return found


def _distributions(out: Output, files: Sequence[Path]) -> Iterator[Path]:
    for file in files:
        if not file.is_dir():
            yield file
            continue
        inside = _inside(file)
        taken = [path for path in inside if path.name.endswith(tuple(_FORMATS))]
        if not taken:
            raise InvalidInputError(
                f"there are no wheels, source distributions or npm tarballs in {str(file)!r}",
                hint="files of other kinds are published by naming the version: "
                "AbcDev/generic/team/scripts@7",
            )
        if len(inside) > len(taken):
            out.note(f"{count_words(len(inside) - len(taken), 'other file')} in {file} left alone")
        yield from taken


def _inside(folder: Path) -> list[Path]:
    return sorted(
        path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")
    )


def _format_of(path: Path) -> PackageFormat:
    found = next((kind for end, kind in _FORMATS.items() if path.name.endswith(end)), None)
    if found is None:
        raise InvalidDistributionError(
            f"{path.name!r} is no wheel, source distribution or npm tarball",
            hint="name the version that it is of: AbcDev/generic/team/scripts@7",
        )
    return found


def _show(ours: PackagesSession, published: Sequence[Change]) -> None:
    ours.out.answer(
        [change_document(one) for one in published],
        quiet=[one.revision.revision for one in published],
        people=[_words(one) for one in published],
    )


def _words(done: Change) -> str:
    what = f"published {done.revision.place.reference}: {assets_words(added_assets(done))}"
    return change_words(done, what)

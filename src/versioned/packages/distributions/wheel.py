"""Wheels: the name, the archive and its metadata have to agree. Nothing is unpacked.

Source of the format: https://packaging.python.org/specifications/binary-distribution-format/
"""

from __future__ import annotations

import zipfile
from typing import BinaryIO

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from versioned.packages.build_tag import NO_BUILD
from versioned.packages.coordinates import Package, PackageFormat, package_version
from versioned.packages.distributions.distribution import Distribution
from versioned.packages.distributions.metadata import about, check_metadata
from versioned.packages.distributions.zips import open_zip, read_member
from versioned.packages.errors import InvalidDistributionError

_NAME_PARTS = 6


def read_wheel(filename: str, file: BinaryIO) -> Distribution:
    """Raises InvalidDistributionError."""
    package, version = parse_wheel_name(filename)
    with open_zip(filename, file) as archive:
        raw = _metadata(filename, archive, package, version)
    return Distribution(
        package,
        version,
        filename,
        asset_set=build_of(filename),
        beside=raw,
        details=check_metadata(raw, filename=filename, package=package, version=version),
        about=about(raw, filename),
    )


def parse_wheel_name(filename: str) -> tuple[Package, str]:
    """The package and the version that the name of a wheel says. Raises InvalidDistributionError."""
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise InvalidDistributionError(
            f"{filename!r:.120} is no name of a wheel",
            hint="name-version[-build]-python-abi-platform.whl",
        ) from error
    kind = PackageFormat.PYPI
    return Package.of(kind, name), package_version(kind, str(version))


def build_of(filename: str) -> str:
    """The build tag of a wheel as it is written, empty without one."""
    parts = filename.removesuffix(".whl").split("-")
    return parts[2] if len(parts) == _NAME_PARTS else NO_BUILD


def without_build(filename: str) -> str:
    """The name of a wheel without its build tag."""
    parts = filename.split("-")
    return "-".join(parts[:2] + parts[3:]) if len(parts) == _NAME_PARTS else filename


def _metadata(filename: str, archive: zipfile.ZipFile, package: Package, version: str) -> bytes:
    places = [
        one
        for one in archive.infolist()
        if one.filename.count("/") == 1 and one.filename.endswith(".dist-info/METADATA")
    ]
    if len(places) != 1:
        raise InvalidDistributionError(
            f"{filename!r} has {len(places)} files *.dist-info/METADATA, not one",
            hint=f"a wheel of {package} {version} has one",
        )
    folder = places[0].filename.partition(".dist-info/")[0]
    if parse_folder(folder) != (package.name, version):
        raise InvalidDistributionError(
            f"{filename!r} holds {folder!r}.dist-info", hint="build it again; it was renamed"
        )
    return read_member(archive, places[0])


def parse_folder(folder: str) -> tuple[str, str] | None:
    """The name and version that the name of a dist-info folder says."""
    name, dash, version = folder.partition("-")
    try:
        return (
            (Package.of("pypi", name).name, package_version(PackageFormat.PYPI, version))
            if dash
            else None
        )
    except ValueError:
        return None

"""Source distributions: the name and PKG-INFO have to agree. Nothing is unpacked.

Source of the format: https://packaging.python.org/specifications/source-distribution-format/
"""

from __future__ import annotations

from typing import BinaryIO

from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from versioned.packages.coordinates import Package, PackageFormat, package_version
from versioned.packages.distributions.distribution import LONGEST_METADATA, Distribution
from versioned.packages.distributions.metadata import about, check_metadata
from versioned.packages.distributions.tarballs import drain, open_tar, tar_files
from versioned.packages.distributions.zips import open_zip, read_member
from versioned.packages.errors import InvalidDistributionError


def read_sdist(filename: str, file: BinaryIO) -> Distribution:
    """Raises InvalidDistributionError."""
    try:
        name, parsed = parse_sdist_filename(filename)
    except InvalidSdistFilename as error:
        raise InvalidDistributionError(
            f"{filename!r:.120} is no name of a source distribution", hint="name-version.tar.gz"
        ) from error
    kind = PackageFormat.PYPI
    package, version = Package.of(kind, name), package_version(kind, str(parsed))
    read = _zip_member if filename.endswith(".zip") else _tar_member
    raws = read(filename, file)
    if len(raws) != 1:
        raise InvalidDistributionError(
            f"{filename!r} has {'several' if raws else 'no'} PKG-INFO in its folder, not one",
            hint="build it with python -m build",
        )
    raw = raws[0]
    return Distribution(
        package,
        version,
        filename,
        details=check_metadata(raw, filename=filename, package=package, version=version),
        about=about(raw, filename),
    )


def _tar_member(filename: str, file: BinaryIO) -> list[bytes]:
    """Each PKG-INFO of a top folder; the archive is read to its end, which proves it whole."""
    raws: list[bytes] = []
    with open_tar(filename, file) as archive:
        for member in tar_files(archive):
            found = archive.extractfile(member) if _is_metadata(member.name) else None
            if found is not None and len(raws) <= 1:
                raws.append(found.read(LONGEST_METADATA + 1))
        drain(archive)
    return raws


def _zip_member(filename: str, file: BinaryIO) -> list[bytes]:
    with open_zip(filename, file) as archive:
        found = [one for one in archive.infolist() if _is_metadata(one.filename)]
        return [read_member(archive, one) for one in found[:2]]


def _is_metadata(path: str) -> bool:
    return path.count("/") == 1 and path.endswith("/PKG-INFO")

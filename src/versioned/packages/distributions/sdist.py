"""Source distributions: the name and PKG-INFO have to agree. Nothing is unpacked.

Source of the format: https://packaging.python.org/specifications/source-distribution-format/
"""

from __future__ import annotations

import zipfile
import zlib
from typing import BinaryIO

from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from versioned.packages.coordinates import Package, PackageFormat, package_version
from versioned.packages.distributions.distribution import LONGEST_METADATA, Distribution
from versioned.packages.distributions.metadata import about, check_metadata
from versioned.packages.distributions.tarballs import open_tar, tar_files
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
    raw = read(filename, file)
    return Distribution(
        package,
        version,
        filename,
        details=check_metadata(raw, filename=filename, package=package, version=version),
        about=about(raw, filename),
    )


def _tar_member(filename: str, file: BinaryIO) -> bytes:
    """PKG-INFO of the top folder."""
    with open_tar(filename, file) as archive:
        for member in tar_files(archive):
            if _is_metadata(member.name):
                found = archive.extractfile(member)
                return found.read(LONGEST_METADATA + 1) if found else b""
    raise _without_metadata(filename)


def _zip_member(filename: str, file: BinaryIO) -> bytes:
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if _is_metadata(member.filename):
                    with archive.open(member) as found:
                        return found.read(LONGEST_METADATA + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise InvalidDistributionError(
            f"{filename!r} can't be read as an archive",
            hint="was it cut off, or is it something else?",
        ) from error
    raise _without_metadata(filename)


def _is_metadata(path: str) -> bool:
    return path.count("/") == 1 and path.endswith("/PKG-INFO")


def _without_metadata(filename: str) -> InvalidDistributionError:
    return InvalidDistributionError(
        f"{filename!r} has no PKG-INFO in its folder", hint="build it with python -m build"
    )

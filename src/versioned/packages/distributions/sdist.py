"""Source distributions: the name and PKG-INFO have to agree. Nothing is unpacked.

Source of the format: https://packaging.python.org/specifications/source-distribution-format/
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from typing import BinaryIO

from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from versioned.packages.coordinates import Package, PackageFormat, package_version
from versioned.packages.distributions.distribution import LONGEST_METADATA, Distribution
from versioned.packages.distributions.metadata import about, check_metadata
from versioned.packages.distributions.wheel import BOMB_RATIO, BOMB_SIZE
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
    try:
        raw = read(filename, file)
    except (
        tarfile.TarError,
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
    return Distribution(
        package,
        version,
        filename,
        details=check_metadata(raw, filename=filename, package=package, version=version),
        about=about(raw, filename),
    )


def _tar_member(filename: str, file: BinaryIO) -> bytes:
    """PKG-INFO of the top folder. Members are read in turn, up to a bound."""
    with tarfile.open(fileobj=file, mode="r|gz") as archive:
        for member in archive:
            passed = member.offset_data + member.size
            if member.isfile() and _is_metadata(member.name):
                found = archive.extractfile(member)
                return found.read(LONGEST_METADATA + 1) if found else b""
            if passed > BOMB_SIZE and passed > BOMB_RATIO * max(file.tell(), 1):
                raise InvalidDistributionError(
                    f"{filename!r} unpacks to more than {BOMB_RATIO} times its size",
                    hint="such an archive is not taken",
                )
    raise _without_metadata(filename)


def _zip_member(filename: str, file: BinaryIO) -> bytes:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if _is_metadata(member.filename):
                with archive.open(member) as found:
                    return found.read(LONGEST_METADATA + 1)
    raise _without_metadata(filename)


def _is_metadata(path: str) -> bool:
    return path.count("/") == 1 and path.endswith("/PKG-INFO")


def _without_metadata(filename: str) -> InvalidDistributionError:
    return InvalidDistributionError(
        f"{filename!r} has no PKG-INFO in its folder", hint="build it with python -m build"
    )

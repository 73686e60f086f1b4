"""Opening a file that is to be published, by its format."""

from __future__ import annotations

import io

from versioned.content import CHUNK_SIZE, Content, ContentSlice
from versioned.packages.coordinates import PackageFormat, validate_asset_name
from versioned.packages.distributions.distribution import Distribution
from versioned.packages.distributions.npm_tarball import read_npm_tarball
from versioned.packages.distributions.sdist import read_sdist
from versioned.packages.distributions.wheel import read_wheel
from versioned.packages.errors import InvalidDistributionError


def read_distribution(kind: PackageFormat, filename: str, content: Content) -> Distribution:
    """What a wheel, a source distribution or an npm tarball says of itself, proved against its
    name. Flat memory. Raises InvalidDistributionError, InvalidPackageError."""
    validate_asset_name(filename)
    file = io.BufferedReader(ContentSlice(content, 0, content.size), CHUNK_SIZE)
    if kind is PackageFormat.PYPI and filename.endswith(".whl"):
        return read_wheel(filename, file)
    if kind is PackageFormat.PYPI and filename.endswith((".tar.gz", ".zip")):
        return read_sdist(filename, file)
    if kind is PackageFormat.NPM and filename.endswith(".tgz"):
        return read_npm_tarball(filename, file, content)
    raise InvalidDistributionError(
        f"{filename!r} is no distribution of {kind}",
        hint="a wheel ends with .whl, a source distribution with .tar.gz, an npm tarball with .tgz",
    )

"""How npm names packages and tarballs in addresses. Pure."""

from __future__ import annotations

from http import HTTPStatus

from starlette.convertors import Convertor, register_url_convertor

from versioned.packages import Package, PackageFormat
from versioned.packages.coordinates import package_version
from versioned.packages.distributions.npm_tarball import tarball_name
from versioned.server.problems import RequestError


class _PackageName(Convertor[str]):
    """`widget`, or `@acme/widget`, whose slash clients write as `%2f`."""

    regex = "(?:@[^/]+/)?[^/@][^/]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


PACKAGE = "{package:npm_package}"
"""The name of a package, as a part of a route."""

register_url_convertor("npm_package", _PackageName())


def version_of_file(package: Package, name: str) -> str:
    """The version that the name of a tarball says. Raises RequestError, InvalidPackageError."""
    version = name.removeprefix(f"{package.name}-").removesuffix(".tgz")
    if name != tarball_name(package, version):
        raise RequestError(
            HTTPStatus.NOT_FOUND,
            f"{name!r:.120} is no tarball of {package}",
            hint=f"such as {tarball_name(package, '1.0.0')}",
        )
    return package_version(PackageFormat.NPM, version)

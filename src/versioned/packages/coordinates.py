"""How packages are named: format, namespace, name and version, each in one spelling. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from versioned.packages.errors import InvalidPackageError

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PYPI_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_NPM_NAME = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,213}")
_SEMVER = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_MAX_NAME = 214
_MAX_ASSET_BYTES = 255


class PackageFormat(StrEnum):
    """What kind of package: its rules for names and versions, and who installs it."""

    PYPI = "pypi"
    NPM = "npm"
    GENERIC = "generic"


def package_format(text: str) -> PackageFormat:
    """Raises InvalidPackageError."""
    try:
        return PackageFormat(text)
    except ValueError:
        raise InvalidPackageError(
            f"{text!r} is no format of packages", hint=f"use {', '.join(PackageFormat)}"
        ) from None


@dataclass(frozen=True, slots=True)
class Package:
    """A package in the spelling that counts: names of PyPI normalized as in PEP 503, the scope
    of npm without its `@`. Make it with `of` or `parse`, which check."""

    format: PackageFormat
    namespace: str | None
    name: str

    @classmethod
    def of(cls, kind: str, name: str, namespace: str | None = None) -> Package:
        """Raises InvalidPackageError for what can't name a package of that format."""
        which = package_format(kind)
        namespace = namespace.removeprefix("@") or None if namespace is not None else None
        if which is PackageFormat.PYPI:
            if namespace is not None:
                raise InvalidPackageError(
                    f"packages of pypi have no namespace, such as {namespace!r}",
                    hint="leave it out",
                )
            return cls(which, None, _pypi_name(name))
        if which is PackageFormat.NPM:
            return cls(which, None if namespace is None else _npm_name(namespace), _npm_name(name))
        if namespace is None:
            raise InvalidPackageError(
                f"the generic package {name!r} has no namespace", hint="name one: team/scripts"
            )
        return cls(which, _generic_name(namespace), _generic_name(name))

    @classmethod
    def parse(cls, kind: str, text: str) -> Package:
        """From `pyabc`, `@acme/widget` or `team/scripts`. Raises InvalidPackageError."""
        namespace, slash, name = text.rpartition("/")
        return cls.of(kind, name, namespace if slash else None)

    def __lt__(self, other: Package) -> bool:
        """Sorted by format and name; those without a namespace come first."""
        mine = (self.format, self.namespace or "", self.name)
        return mine < (other.format, other.namespace or "", other.name)

    def __str__(self) -> str:
        if self.namespace is None:
            return self.name
        scope = "@" if self.format is PackageFormat.NPM else ""
        return f"{scope}{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Place:
    """One version of a package in one repository, there or not; all in the spelling that counts."""

    repository: str
    package: Package
    version: str

    def __str__(self) -> str:
        return f"{self.package} {self.version} in {self.repository}"

    @property
    def reference(self) -> str:
        """How commands name it."""
        return f"{self.repository}/{self.package.format}/{self.package}@{self.version}"


def package_version(kind: PackageFormat, version: str) -> str:
    """A version in the spelling that counts: PEP 440 normalized, semantic without build metadata,
    or any word. Raises InvalidPackageError."""
    if kind is PackageFormat.GENERIC:
        return _generic_name(version, "a version")
    if kind is PackageFormat.NPM:
        if (
            not isinstance(version, str)
            or len(version) > _MAX_ASSET_BYTES
            or not _SEMVER.fullmatch(version)
        ):
            raise InvalidPackageError(
                f"{version!r:.80} is no semantic version", hint="such as 1.2.3"
            )
        return version.partition("+")[0]
    try:
        if len(version) > _MAX_NAME:
            raise InvalidVersion(version)
        return str(Version(version))
    except (InvalidVersion, TypeError):
        raise InvalidPackageError(
            f"{version!r:.80} is no version as PEP 440 has it", hint="such as 1.0.0 or 2.1rc1"
        ) from None


def validate_repository_name(name: str) -> str:
    """Raises InvalidPackageError."""
    if not isinstance(name, str) or not _REPOSITORY.fullmatch(name):
        raise InvalidPackageError(
            f"{name!r:.80} can't name a repository",
            hint="1 to 100 letters, digits, '.', '_' or '-'; a letter or digit first",
        )
    return name


def validate_asset_name(name: str) -> str:
    """Raises InvalidPackageError for what is no plain name of a file."""
    proper = isinstance(name, str) and name not in {"", ".", ".."} and name.isprintable()
    if not proper or set(name) & set("/\\") or len(_encoded(name)) > _MAX_ASSET_BYTES:
        raise InvalidPackageError(
            f"{name!r:.80} can't name an asset",
            hint="the plain name of a file: no slashes or control characters, at most 255 bytes",
        )
    return name


def _encoded(name: str) -> bytes:
    """Over-long where it has no UTF-8 form."""
    try:
        return name.encode()
    except UnicodeEncodeError:
        return b"?" * (_MAX_ASSET_BYTES + 1)


def _pypi_name(name: str) -> str:
    if not isinstance(name, str) or len(name) > _MAX_NAME or not _PYPI_NAME.fullmatch(name):
        raise InvalidPackageError(
            f"{name!r:.80} can't name a Python package",
            hint="letters, digits, '.', '_' and '-', with a letter or digit at both ends",
        )
    return canonicalize_name(name)


def _npm_name(name: str) -> str:
    if not isinstance(name, str) or not _NPM_NAME.fullmatch(name):
        raise InvalidPackageError(
            f"{name!r:.80} can't name an npm package or scope",
            hint="letters, digits, '-', '_', '.' and '~', without a '.' in front",
        )
    return name


def _generic_name(name: str, kind: str = "a generic package or namespace") -> str:
    proper = isinstance(name, str) and name.isprintable() and name not in {"", ".", ".."}
    if not proper or set(name) & set("/\\#@ ") or len(_encoded(name)) > _MAX_ASSET_BYTES:
        raise InvalidPackageError(
            f"{name!r:.80} can't name {kind}",
            hint="at most 255 bytes without spaces, '/', '\\', '#', '@' and control characters",
        )
    return name

"""Tarballs of npm: the name, package.json and what the publisher says have to agree.

What installers act on is taken from package.json in the tarball alone, so that an index can't
promise other dependencies or scripts than the bytes bring along.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from versioned.content import Content
from versioned.packages.coordinates import Package, PackageFormat, package_version
from versioned.packages.distributions.distribution import Distribution
from versioned.packages.distributions.tarballs import drain, open_tar, tar_files
from versioned.packages.errors import InvalidDistributionError, InvalidPackageError

LONGEST_DESCRIPTION = 1024 * 1024
"""Bytes of package.json: all versions of a package are described in one document."""

_DROPPED = {"dist", "readme", "readmeFilename", "deprecated", "_attachments", "_id"}
_FROM_PUBLISHER = ("gitHead", "maintainers", "_nodeVersion", "_npmVersion")
_ABOUT = {"description": "summary", "homepage": "home_page", "license": "license"}
_INSTALL_SCRIPTS = {"preinstall", "install", "postinstall"}
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class _Found:
    """What a tarball holds: package.json, and what else its description tells."""

    raw: bytes
    top: frozenset[str]
    count: int
    size: int


def tarball_name(package: Package, version: str) -> str:
    """How the tarball of a version is called; scopes are no part of it."""
    return f"{package.name}-{version}.tgz"


def read_npm_tarball(filename: str, file: BinaryIO, content: Content) -> Distribution:
    """A tarball under its own name, or under the one that `npm pack` gives those of a scope.

    Raises InvalidDistributionError, InvalidPackageError.
    """
    found = _read(filename, file)
    described = _parse(filename, found.raw)
    package, version = _coordinates(filename, described)
    name = tarball_name(package, version)
    if filename not in {name, f"{package.namespace}-{name}"}:
        raise InvalidDistributionError(
            f"{filename!r} holds {package} {version}", hint=f"such a tarball is called {name}"
        )
    clean = {key: value for key, value in described.items() if key not in _DROPPED}
    clean |= {"_id": f"{package}@{version}", "name": str(package), "version": version}
    clean |= _hints(described, found)
    return Distribution(
        package,
        version,
        name,
        beside=_canonical(filename, clean),
        details={
            **_digests(content),
            "file_count": str(found.count),
            "unpacked_size": str(found.size),
        },
        about=_about(described),
    )


def with_description(found: Distribution, said: Mapping[str, Any]) -> Distribution:
    """With what the publisher says of the version, and the tarball can't: who, from which commit.

    Raises InvalidDistributionError where it is said of something else, or of other bytes.
    """
    name, version = said.get("name"), said.get("version")
    proper = isinstance(version, str) and _clean(version) == found.version
    if not proper or name != str(found.package):
        raise InvalidDistributionError(
            f"{found.name!r} holds {found.package} {found.version}, "
            f"the publisher says {name!r:.80} {version!r:.80}",
            hint="pack it again",
        )
    dist = said.get("dist")
    for field in ("shasum", "integrity"):
        digest = dist.get(field) if isinstance(dist, dict) else None
        if digest is not None and found.details[field] not in str(digest).split():
            raise InvalidDistributionError(
                f"{found.name!r} has the {field} {found.details[field]}, "
                f"the publisher says {digest!r:.120}",
                hint="was it cut off? publish it again",
            )
    added = {key: said[key] for key in _FROM_PUBLISHER if key in said}
    described = added | json.loads(found.beside or b"{}")
    return replace(found, beside=_canonical(found.name, described))


def _read(filename: str, file: BinaryIO) -> _Found:
    """The last package.json of a top folder, of whatever name: installers unpack them so."""
    raw: bytes | None = None
    top: set[str] = set()
    count = size = 0
    with open_tar(filename, file) as archive:
        for member in tar_files(archive):
            count += 1
            size += member.size
            _, slash, name = member.name.partition("/")
            if slash and name == "package.json":
                raw = _content(archive, member)
            elif slash and name in {"binding.gyp", "npm-shrinkwrap.json"}:
                top.add(name)
        drain(archive)
    if raw is None:
        raise InvalidDistributionError(
            f"{filename!r} has no package.json in its folder", hint="make it with npm pack"
        )
    return _Found(raw, frozenset(top), count, size)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    found = archive.extractfile(member)
    return b"" if found is None else found.read(LONGEST_DESCRIPTION + 1)


def _parse(filename: str, raw: bytes) -> dict[str, Any]:
    if len(raw) > LONGEST_DESCRIPTION:
        raise InvalidDistributionError(
            f"package.json of {filename!r} has more than {LONGEST_DESCRIPTION} bytes",
            hint="move out of it what is no description",
        )
    try:
        found = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(filename) from error
    if not isinstance(found, dict):
        raise _unreadable(filename)
    return found


def _coordinates(filename: str, described: Mapping[str, Any]) -> tuple[Package, str]:
    name, version = described.get("name"), described.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        raise InvalidDistributionError(
            f"package.json of {filename!r} has no name and version", hint="npm init writes them"
        )
    package = Package.parse(PackageFormat.NPM, name)
    if str(package) != name:
        raise InvalidPackageError(f"{name!r:.80} can't name an npm package", hint="@scope/name")
    return package, _clean(version)


def _clean(version: str) -> str:
    """As npm cleans versions. Raises InvalidPackageError."""
    return package_version(PackageFormat.NPM, version.strip().lstrip("=v"))


def _hints(described: Mapping[str, Any], found: _Found) -> Iterator[tuple[str, bool]]:
    """What installers have to know before they unpack."""
    scripts = described.get("scripts")
    if "binding.gyp" in found.top or (isinstance(scripts, dict) and _INSTALL_SCRIPTS & {*scripts}):
        yield "hasInstallScript", True
    if "npm-shrinkwrap.json" in found.top:
        yield "_hasShrinkwrap", True


def _digests(content: Content) -> dict[str, str]:
    sha1, sha512 = hashlib.sha1(usedforsecurity=False), hashlib.sha512()
    for chunk in content.chunks():
        sha1.update(chunk)
        sha512.update(chunk)
    integrity = base64.b64encode(sha512.digest()).decode()
    return {"shasum": sha1.hexdigest(), "integrity": f"sha512-{integrity}"}


def _canonical(filename: str, described: Mapping[str, Any]) -> bytes:
    """The one way in which a description is written. Raises InvalidDistributionError for numbers
    that JSON doesn't have."""
    try:
        text = json.dumps(described, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise _unreadable(filename) from error
    return text.encode()


def _about(described: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for field, name in _ABOUT.items():
        text = described.get(field)
        if isinstance(text, str) and text.split():
            found[name] = " ".join(text.split())[:_LONGEST_TEXT]
    return found


def _unreadable(filename: str) -> InvalidDistributionError:
    return InvalidDistributionError(
        f"package.json of {filename!r} can't be read", hint="it is a JSON object in UTF-8"
    )

"""The page of an npm package as clients want it: whole or abbreviated, with addresses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FULL = "application/json"
ABBREVIATED = "application/vnd.npm.install-v1+json"
_OWN = {"_revisions", "_dist-tags"}
_FOR_INSTALLING = (
    "name",
    "version",
    "deprecated",
    "dependencies",
    "optionalDependencies",
    "devDependencies",
    "bundleDependencies",
    "bundledDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "acceptDependencies",
    "bin",
    "directories",
    "dist",
    "engines",
    "os",
    "cpu",
    "libc",
    "funding",
    "hasInstallScript",
    "_hasShrinkwrap",
)


def shown(page: Mapping[str, Any], registry: str, *, media_type: str) -> dict[str, Any]:
    """A page for a client that reaches the registry at this address, which ends with a slash."""
    versions = {name: located(one, registry) for name, one in page["versions"].items()}
    if media_type == ABBREVIATED:
        return {
            "name": page["name"],
            "modified": page["time"]["modified"],
            "dist-tags": page["dist-tags"],
            "versions": {name: _abbreviated(one) for name, one in versions.items()},
        }
    return {
        **{field: value for field, value in page.items() if field not in _OWN},
        "versions": versions,
    }


def located(described: Mapping[str, Any], registry: str) -> dict[str, Any]:
    """What is said of a version, with the whole address of its tarball."""
    dist = described["dist"]
    return {**described, "dist": {**dist, "tarball": registry + dist["tarball"]}}


def _abbreviated(described: Mapping[str, Any]) -> dict[str, Any]:
    return {field: described[field] for field in _FOR_INSTALLING if field in described}

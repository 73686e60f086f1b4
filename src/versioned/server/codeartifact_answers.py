"""What CodeArtifact's clients are told of packages, versions, assets and repositories. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from versioned.packages import Package, Revision
from versioned.packages.domain import Domain, PackageRepository
from versioned.packages.revision import Asset

NO_ACCOUNT = "0" * 12
"""Stands for the account that owns everything, where a client names none."""

_RESTRICTIONS = {"restrictions": {"publish": "ALLOW", "upstream": "BLOCK"}}


def seconds(text: str) -> float:
    """A time as CodeArtifact tells it: seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def published_at(revision: Revision) -> str:
    """When the oldest asset came; when the version changed last where none is left."""
    return min((one.uploaded_at for one in revision.state.assets), default=revision.at)


def named(package: Package, name: str = "package") -> dict[str, Any]:
    """A package, its own name under `name`."""
    found = {"format": str(package.format), "namespace": package.namespace, name: package.name}
    return {field: value for field, value in found.items() if value is not None}


def package_answer(package: Package, name: str = "package") -> dict[str, Any]:
    """A package of a list, or described."""
    return {**named(package, name), "originConfiguration": _RESTRICTIONS}


def summary_answer(revision: Revision) -> dict[str, Any]:
    """A version of a list."""
    return {
        "version": revision.version,
        "revision": revision.revision,
        "status": str(revision.state.status),
        "origin": {"originType": "INTERNAL"},
    }


def version_answer(revision: Revision) -> dict[str, Any]:
    """A version described."""
    about = revision.state.about
    told = {"summary": about.get("summary"), "homePage": about.get("home_page")}
    return {
        **named(revision.package, "packageName"),
        **summary_answer(revision),
        "displayName": revision.package.name,
        "publishedTime": seconds(published_at(revision)),
        "licenses": [{"name": about["license"]}] if "license" in about else [],
        **{field: text for field, text in told.items() if text},
    }


def asset_answer(asset: Asset) -> dict[str, Any]:
    """An asset of a version."""
    return {"name": asset.name, "size": asset.size, "hashes": {"SHA-256": asset.sha256}}


def repository_answer(domain: Domain, repository: PackageRepository, owner: str) -> dict[str, Any]:
    """A repository; `owner` is an account of twelve digits."""
    return {
        "name": repository.name,
        "administratorAccount": owner,
        "domainName": domain.name,
        "domainOwner": owner,
        "arn": f"{_arn(owner)}:repository/{domain.name}/{repository.name}",
        "description": repository.description,
        "createdTime": seconds(repository.created_at),
    }


def described_repository(
    domain: Domain, repository: PackageRepository, owner: str
) -> Mapping[str, Any]:
    """A repository described."""
    answer = repository_answer(domain, repository, owner)
    return answer | {"upstreams": [], "externalConnections": []}


def domain_answer(domain: Domain, owner: str) -> dict[str, Any]:
    """A domain of a list."""
    return {
        "name": domain.name,
        "owner": owner,
        "arn": f"{_arn(owner)}:domain/{domain.name}",
        "status": "Active",
        "createdTime": seconds(domain.created_at),
    }


def _arn(owner: str) -> str:
    """Nothing of AWS has such an ARN."""
    return f"arn:versioned:codeartifact::{owner}"

"""CodeArtifact's operations that look at packages, versions and assets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from urllib.parse import quote

from starlette.responses import Response

from versioned.packages import Package, PackageFormat, Revision
from versioned.packages.errors import AssetNotFoundError
from versioned.packages.history import no_such_package
from versioned.packages.revision import Asset, PackageStatus, ordered_assets
from versioned.packages.tokens import Scope
from versioned.server.codeartifact_answers import (
    asset_answer,
    named,
    package_answer,
    published_at,
    summary_answer,
    version_answer,
)
from versioned.server.codeartifact_errors import AsciiJSON
from versioned.server.codeartifact_operations import Operations
from versioned.server.codeartifact_requests import Guard, Query
from versioned.server.downloads import ByteRange, stream_asset

_RESTRICTIONS = ("ALLOW", "BLOCK")
_ORIGINS = ("INTERNAL", "EXTERNAL", "UNKNOWN")
_LAST_MICROSECOND = 10**18


class Looking:
    """Each takes the scope `read`. What is told is what is there now, never what was remembered,
    but where a revision is asked for."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._desk = guard.desk

    def operations(self) -> Operations:
        return {
            ("POST", "packages"): self.list_packages,
            ("GET", "package"): self.describe_package,
            ("POST", "package/versions"): self.list_versions,
            ("GET", "package/version"): self.describe_version,
            ("POST", "package/version/assets"): self.list_assets,
            ("GET", "package/version/asset"): self.get_asset,
            ("GET", "package/version/readme"): self.get_readme,
        }

    async def list_packages(self, query: Query) -> Response:
        """ListPackages."""
        kind = query.optional("format") and str(query.format)
        paging, namespace = query.paging, query.optional("namespace")
        prefix = query.optional("package-prefix") or ""
        shown = query.choice("publish", _RESTRICTIONS) != "BLOCK"
        shown &= query.choice("upstream", _RESTRICTIONS) != "ALLOW"
        await self._allow(query)
        find = partial(self._desk.packages.list_packages, query.repository, kind)
        found = await self._desk.read(find)
        wanted = [
            (f"{one.format}/{one}", one)
            for one in found
            if shown and one.name.startswith(prefix) and _within(one, namespace)
        ]
        part, more = paging.cut(wanted)
        return AsciiJSON({"packages": [package_answer(one) for one in part], **more})

    async def describe_package(self, query: Query) -> Response:
        """DescribePackage."""
        package = query.package
        await self._allow(query)
        await self._desk.read(partial(self._versions, query.repository, package))
        return AsciiJSON({"package": package_answer(package, "name")})

    async def list_versions(self, query: Query) -> Response:
        """ListPackageVersions: by name, or the newest first."""
        package, paging = query.package, query.paging
        status = query.choice("status", list(PackageStatus))
        by_time = query.choice("sortBy", ["PUBLISHED_TIME"]) is not None
        ours = query.choice("originType", _ORIGINS) in {None, "INTERNAL"}
        await self._allow(query)
        found = await self._desk.read(partial(self._versions, query.repository, package))
        key: Callable[[Revision], str] = _newest_first if by_time else lambda one: one.version
        wanted = [
            (key(one), one) for one in found if ours and status in {None, str(one.state.status)}
        ]
        part, more = paging.cut(wanted)
        newest = {"defaultDisplayVersion": min(found, key=_newest_first).version}
        return AsciiJSON(
            {
                **named(package),
                **({} if package.format is PackageFormat.NPM else newest),
                "versions": [summary_answer(one) for one in part],
                **more,
            }
        )

    async def describe_version(self, query: Query) -> Response:
        """DescribePackageVersion."""
        return AsciiJSON({"packageVersion": version_answer(await self._revision(query, None))})

    async def list_assets(self, query: Query) -> Response:
        """ListPackageVersionAssets: those of the newest asset set last. Later parts are of the
        revision that the first one was of, whatever was published in between."""
        paging = query.paging
        revision = await self._revision(query, paging.after.partition(" ")[0] or None)
        kind, state = revision.package.format, revision.state
        numbered = [
            (f"{revision.revision} {at:08d}", one)
            for at, one in enumerate(ordered_assets(kind, state))
        ]
        part, more = paging.cut(numbered)
        return AsciiJSON(
            {
                **named(revision.package),
                "version": revision.version,
                "versionRevision": revision.revision,
                "assets": [asset_answer(one) for one in part],
                **more,
            }
        )

    async def get_asset(self, query: Query) -> Response:
        """GetPackageVersionAsset: of several with that name the active one, proved while it is
        sent. It comes from here, as CodeArtifact's clients expect, never by a redirect."""
        name = query.text("asset")
        revision = await self._revision(query, query.optional("revision"))
        asset = _held(revision, name)
        headers = {
            "X-AssetName": _header(name),
            "X-PackageVersion": _header(revision.version),
            "X-PackageVersionRevision": revision.revision,
            "Content-Type": "application/octet-stream",
        }
        whole = ByteRange(0, asset.size)
        return await stream_asset(self._desk, revision, asset, whole, headers=headers)

    async def get_readme(self, query: Query) -> Response:
        """GetPackageVersionReadme: none is kept."""
        found = await self._revision(query, None)
        raise AssetNotFoundError(f"no readme is kept of {found.place}")

    async def _allow(self, query: Query) -> None:
        await self._guard.allow(query, query.repository, Scope.READ)

    async def _revision(self, query: Query, revision: str | None) -> Revision:
        package, version = query.package, query.text("version")
        await self._allow(query)
        find = partial(
            self._desk.packages.describe_package_version,
            query.repository,
            package,
            version,
            revision=revision,
        )
        return await self._desk.read(find)

    def _versions(self, repository: str, package: Package) -> list[Revision]:
        """Raises PackageNotFoundError also where all were deleted."""
        found = self._desk.packages.list_package_versions(repository, package)
        if not found:
            raise no_such_package(repository, package)
        return found


def _newest_first(revision: Revision) -> str:
    at = datetime.fromisoformat(published_at(revision)).timestamp()
    return f"{_LAST_MICROSECOND - int(at * 1e6):018d} {revision.version}"


def _held(revision: Revision, name: str) -> Asset:
    held = [one for one in revision.state.assets if one.name == name]
    if not held:
        raise AssetNotFoundError(f"{revision.place} has no asset {name!r:.255}")
    active = (one for one in held if one in revision.state.active_assets)
    return next(active, held[0])


def _within(package: Package, namespace: str | None) -> bool:
    wanted = (namespace or "").removeprefix("@")
    return not wanted or (package.namespace or "").startswith(wanted)


def _header(text: str) -> str:
    """As it is where a header can hold it, else percent-encoded."""
    return text if text.isascii() else quote(text)

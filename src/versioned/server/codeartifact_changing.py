"""CodeArtifact's operations that publish, promote, set statuses and remove."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from starlette.responses import Response

from versioned.packages import Package, PackageFormat, Revision
from versioned.packages.coordinates import package_version
from versioned.packages.errors import PackageVersionNotFoundError, RevisionNotFoundError
from versioned.packages.history import no_such_package
from versioned.packages.revision import PackageStatus
from versioned.packages.tokens import Scope
from versioned.server.bodies import spooled
from versioned.server.codeartifact_answers import asset_answer, named, package_answer
from versioned.server.codeartifact_each import Expected, changed, for_each
from versioned.server.codeartifact_errors import AsciiJSON
from versioned.server.codeartifact_operations import Operations
from versioned.server.codeartifact_requests import Body, Guard, Query, body_of, invalid

_MOST_VERSIONS = 100
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TARGETS = [PackageStatus.PUBLISHED, PackageStatus.UNLISTED, PackageStatus.ARCHIVED]


class Changing:
    """Publishing takes the scope `publish`; promoting `read` where it comes from and `promote`
    where it goes; the rest `admin`. Each version changes on its own, or tells why it did not."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._desk = guard.desk

    def operations(self) -> Operations:
        return {
            ("POST", "package/versions/copy"): self.copy_versions,
            ("POST", "package/version/publish"): self.publish_version,
            ("POST", "package/versions/update_status"): self.update_status,
            ("POST", "package/versions/dispose"): self.dispose_versions,
            ("POST", "package/versions/delete"): self.delete_versions,
            ("DELETE", "package"): self.delete_package,
        }

    async def copy_versions(self, query: Query) -> Response:
        """CopyPackageVersions. A revision may be an older one, and may name the one asset that is
        meant: `REVISION/ASSET`. Without, the active asset set is promoted."""
        package = query.package
        source, target = query.text("source-repository"), query.text("destination-repository")
        await self._guard.allow(query, source, Scope.READ)
        by = await self._guard.allow(query, target, Scope.PROMOTE)
        body = await body_of(query, self._desk)
        if body.flag("includeFromUpstream"):
            raise invalid("there are no upstreams to include", hint="leave it out")
        wanted = _chosen(body)
        promote = partial(
            self._desk.packages.copy_package_versions,
            source,
            target,
            package,
            allow_overwrite=body.flag("allowOverwrite"),
            by=by,
        )

        def copy(version: str) -> Revision:
            said = wanted[version]
            if said is None:
                return promote(version).revision
            revision, slash, asset = said.partition("/")
            try:
                done = promote(version, revision=revision, assets=(asset,) if slash else ())
            except RevisionNotFoundError:
                self._desk.packages.describe_package_version(source, package, version)
                raise
            return done.revision

        return await self._each(target, package, wanted, copy)

    async def publish_version(self, query: Query) -> Response:
        """PublishPackageVersion: an asset of a generic package, as CodeArtifact has it."""
        package = query.package
        version = package_version(package.format, query.text("version"))
        name, unfinished = query.text("asset"), query.flag("unfinished")
        digest = query.request.headers.get("x-amz-content-sha256", "")
        if package.format is not PackageFormat.GENERIC:
            raise invalid(
                f"packages of {package.format} are not published so",
                hint=f"use the client of {package.format}, or versioned packages publish",
            )
        if not _SHA256.fullmatch(digest):
            raise invalid("x-amz-content-sha256 has to be the SHA-256 of the asset, in hex")
        by = await self._guard.allow(query, query.repository, Scope.PUBLISH)
        async with spooled(query.request, self._desk.settings) as file:
            publish = partial(
                self._desk.packages.publish_package_version,
                query.repository,
                package,
                version,
                {name: file},
                sha256={name: digest},
                whole=False,
                unfinished=unfinished,
                by=by,
            )
            done = await self._desk.write(publish)
        self._desk.forget(query.repository, package, version)
        revision = done.revision
        held = [one for one in revision.state.assets if (one.name, one.sha256) == (name, digest)]
        return AsciiJSON(
            {
                **named(package),
                "version": version,
                "versionRevision": revision.revision,
                "status": str(revision.state.status),
                "asset": asset_answer(held[-1]),
            }
        )

    async def update_status(self, query: Query) -> Response:
        """UpdatePackageVersionsStatus."""
        package, by = query.package, await self._administer(query)
        body = await body_of(query, self._desk)
        target = body.choice("targetStatus", _TARGETS)
        if target is None:
            raise invalid("targetStatus is missing", hint=f"one of {', '.join(_TARGETS)}")
        status = PackageStatus(target)
        set_status = partial(
            changed,
            self._desk.packages,
            (query.repository, package),
            lambda version: version.set_status(status),
            expected=_expected(body),
            by=by,
        )
        return await self._each(query.repository, package, _versions(body), set_status)

    async def dispose_versions(self, query: Query) -> Response:
        """DisposePackageVersions."""
        return await self._discard(query, PackageStatus.DISPOSED)

    async def delete_versions(self, query: Query) -> Response:
        """DeletePackageVersions. Their names stay taken."""
        return await self._discard(query, PackageStatus.DELETED)

    async def _discard(self, query: Query, status: PackageStatus) -> Response:
        package, by = query.package, await self._administer(query)
        body = await body_of(query, self._desk)
        discard = partial(
            changed,
            self._desk.packages,
            (query.repository, package),
            lambda version: version.discard(status),
            expected=_expected(body),
            by=by,
        )
        return await self._each(query.repository, package, _versions(body), discard)

    async def delete_package(self, query: Query) -> Response:
        """DeletePackage: each of its versions."""
        package, by = query.package, await self._administer(query)
        repository = query.repository

        def delete() -> None:
            found = self._desk.packages.list_package_versions(repository, package)
            if not found:
                raise no_such_package(repository, package)
            for one in found:
                version = self._desk.packages.change_version(
                    repository, package, one.version, by=by
                )
                with suppress(PackageVersionNotFoundError):  # somebody else deletes it, too
                    version.discard(PackageStatus.DELETED)
                self._desk.forget(repository, package, one.version)

        await self._desk.write(delete)
        return AsciiJSON({"deletedPackage": package_answer(package)})

    async def _administer(self, query: Query) -> str | None:
        return await self._guard.allow(query, query.repository, Scope.ADMIN)

    async def _each(
        self,
        repository: str,
        package: Package,
        versions: Iterable[str],
        act: Callable[[str], Revision],
    ) -> Response:
        told = await self._desk.write(partial(for_each, list(versions), act))
        for revision in told.done.values():
            self._desk.forget(repository, package, revision.version)
        return AsciiJSON(told.answer())


def _versions(body: Body) -> list[str]:
    return _bounded(body.texts("versions"), "versions is missing")


def _expected(body: Body) -> Expected:
    status = body.choice("expectedStatus", list(PackageStatus))
    return Expected(
        body.mapping("versionRevisions"), None if status is None else PackageStatus(status)
    )


def _chosen(body: Body) -> dict[str, str | None]:
    """The versions to promote, and the revision of each where one is named."""
    versions, revisions = body.texts("versions"), body.mapping("versionRevisions")
    if versions and revisions:
        raise invalid("versions and versionRevisions are two ways to say it", hint="use one")
    chosen: dict[str, str | None] = {**dict.fromkeys(versions), **revisions}
    _bounded(list(chosen), "versions or versionRevisions is missing")
    return chosen


def _bounded(versions: list[str], missing: str) -> list[str]:
    if not versions:
        raise invalid(missing)
    if len(versions) > _MOST_VERSIONS:
        raise invalid(f"{len(versions)} versions at once", hint=f"at most {_MOST_VERSIONS}")
    return versions

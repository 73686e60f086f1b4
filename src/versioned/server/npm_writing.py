"""What npm speaks, writing: publishing, deprecating, tags and unpublishing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from versioned.packages import Package, PackageFormat, PackageStatus
from versioned.packages.committing import Change
from versioned.packages.tokens import Scope
from versioned.server.bodies import chunks
from versioned.server.desk import Desk
from versioned.server.npm_documents import (
    LONGEST_REST,
    Publication,
    SplitDocument,
    deprecations,
    publication,
    refused,
)
from versioned.server.npm_names import version_of_file
from versioned.server.problems import ForbiddenError, RequestError

_LONGEST_BODY = 1024


class NpmWriting:
    """The writing half of a registry of npm."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def put(self, request: Request) -> Response:
        """Publish a version, or without a tarball deprecate some. The same bytes again are no
        error; a document never takes anything away."""
        repository, package = _asked(request)
        by = await self._may_write(request, repository)
        async with self._document(request) as split:
            document = await to_thread.run_sync(split.parse)
            if not document.get("_attachments"):
                await self._desk.authorize(request, repository, await self._changer(repository))
                await self._desk.write(partial(self._edit, repository, package, document, by))
                return _done(HTTPStatus.OK)
            await self._desk.authorize(request, repository, Scope.PUBLISH)
            asked = publication(document, package)
            change = await self._desk.write(partial(self._publish, repository, split, asked, by))
        self._desk.forget(repository, package, change.revision.version)
        return _done(HTTPStatus.CREATED if change.changed else HTTPStatus.OK)

    def _publish(
        self, repository: str, split: SplitDocument, asked: Publication, by: str | None
    ) -> Change:
        with split.decoded(asked.data) as file:
            size = file.seek(0, 2)
            file.seek(0)
            if asked.length is not None and asked.length != size:
                raise refused(f"{asked.name!r:.120} has {size} bytes, said were {asked.length!r}")
            if size > self._desk.settings.longest_upload:
                raise RequestError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"the tarball has more than {self._desk.settings.longest_upload} bytes",
                )
            return self._desk.packages.npm.publish(
                repository, asked.name, file, described=asked.described, tags=asked.tags, by=by
            )

    def _edit(
        self, repository: str, package: Package, document: Mapping[str, Any], by: str | None
    ) -> None:
        packages = self._desk.packages
        page = packages.npm.packument(repository, package).data
        if document.get("_rev", page["_rev"]) != page["_rev"]:
            raise _changed(package)
        for version, text in deprecations(document, page["versions"]).items():
            packages.change_version(repository, package, version, by=by).deprecate(text)
            self._desk.forget(repository, package, version)

    async def set_tag(self, request: Request) -> Response:
        """Let a tag name the version that the body says."""
        repository, package = _asked(request)
        by = await self._may_tag(request, repository)
        body = b""
        async for chunk in chunks(request, self._desk.settings, longest=_LONGEST_BODY):
            body += chunk
        try:
            version = json.loads(body)
        except ValueError:
            version = None
        if not isinstance(version, str):
            raise refused("the body is not a version", hint='such as "1.2.3", with the quotes')
        return await self._tag(request, repository, package, version, by)

    async def remove_tag(self, request: Request) -> Response:
        """Let a tag name nothing any more."""
        repository, package = _asked(request)
        by = await self._may_tag(request, repository)
        return await self._tag(request, repository, package, None, by)

    async def _tag(
        self,
        request: Request,
        repository: str,
        package: Package,
        version: str | None,
        by: str | None,
    ) -> Response:
        changes = {request.path_params["tag"]: version}
        change = self._desk.packages.npm.change_dist_tags
        await self._desk.write(partial(change, repository, package, changes, by=by))
        return _done(HTTPStatus.OK)

    async def put_without(self, request: Request) -> Response:
        """The first of the two requests by which npm unpublishes a version: the whole page
        without it. Nothing is done by it, as it would undo what others did since; the second one
        names the tarball."""
        repository, _ = _asked(request)
        await self._desk.authorize(request, repository, Scope.ADMIN)
        async for _chunk in chunks(request, self._desk.settings, longest=LONGEST_REST):
            pass
        return _done(HTTPStatus.OK)

    async def remove_version(self, request: Request) -> Response:
        """Delete a version, by its tarball."""
        repository, package = _asked(request)
        by = await self._desk.authorize(request, repository, Scope.ADMIN)
        version = version_of_file(package, request.path_params["file"])
        await self._desk.write(partial(self._remove, repository, package, version, by))
        return _done(HTTPStatus.OK)

    async def remove_package(self, request: Request) -> Response:
        """Delete all versions, as long as they are those that the client has seen."""
        repository, package = _asked(request)
        by = await self._desk.authorize(request, repository, Scope.ADMIN)
        rev = request.path_params["rev"]
        await self._desk.write(partial(self._remove_all, repository, package, rev, by))
        return _done(HTTPStatus.OK)

    def _remove_all(self, repository: str, package: Package, rev: str, by: str | None) -> None:
        packages = self._desk.packages
        if packages.npm.packument(repository, package).data["_rev"] != rev:
            raise _changed(package)
        for one in packages.list_package_versions(repository, package):
            self._remove(repository, package, one.version, by)

    def _remove(self, repository: str, package: Package, version: str, by: str | None) -> None:
        change = self._desk.packages.change_version(repository, package, version, by=by)
        change.discard(PackageStatus.DELETED)
        self._desk.forget(repository, package, version)

    async def _may_write(self, request: Request, repository: str) -> str | None:
        """Who publishes there, or promotes into it."""
        try:
            return await self._desk.authorize(request, repository, Scope.PROMOTE)
        except ForbiddenError:
            return await self._desk.authorize(request, repository, Scope.PUBLISH)

    async def _may_tag(self, request: Request, repository: str) -> str | None:
        """Either of them, as it says what is installed; where it has sources only who promotes."""
        by = await self._may_write(request, repository)
        if await self._changer(repository) is Scope.PROMOTE:
            await self._desk.authorize(request, repository, Scope.PROMOTE)
        return by

    async def _changer(self, repository: str) -> Scope:
        """Who changes what is there: who publishes, and where nobody may, who promotes."""
        found = await self._desk.read(partial(self._desk.packages.repository, repository))
        return Scope.PROMOTE if found.sources else Scope.PUBLISH

    @asynccontextmanager
    async def _document(self, request: Request) -> AsyncIterator[SplitDocument]:
        longest = self._desk.settings.longest_upload * 4 // 3 + LONGEST_REST
        split = SplitDocument()
        try:
            async for chunk in chunks(request, self._desk.settings, longest=longest):
                await to_thread.run_sync(split.feed, chunk)
            yield split
        finally:
            split.close()


def _asked(request: Request) -> tuple[str, Package]:
    asked = request.path_params
    return asked["repository"], Package.parse(PackageFormat.NPM, asked["package"])


def _changed(package: Package) -> RequestError:
    return RequestError(
        HTTPStatus.CONFLICT, f"{package} was changed by somebody else", hint="repeat it"
    )


def _done(status: HTTPStatus) -> Response:
    return JSONResponse({"ok": True, "success": True}, status)

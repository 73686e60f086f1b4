"""What npm speaks, reading: pages of packages, versions, tarballs, tags, who one is."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from versioned.packages import Package, PackageFormat
from versioned.packages.coordinates import Place
from versioned.packages.errors import AssetNotFoundError, PackageVersionNotFoundError
from versioned.packages.packuments import FIRST_SET
from versioned.packages.revision import Asset, Revision
from versioned.packages.tokens import Scope
from versioned.server.desk import Desk
from versioned.server.downloads import send_asset
from versioned.server.negotiation import choose, names_etag
from versioned.server.npm_names import PACKAGE, version_of_file
from versioned.server.npm_pages import ABBREVIATED, FULL, located, shown
from versioned.server.npm_writing import NpmWriting
from versioned.server.problems import UnauthorizedError


class NpmRoutes:
    """`/npm/{repository}/`: a registry of npm."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._writing = NpmWriting(desk)

    def routes(self) -> list[BaseRoute]:
        at, writing = "/npm/{repository}", self._writing
        package = f"{at}/{PACKAGE}"
        tags = f"{at}/-/package/{PACKAGE}/dist-tags"
        return [
            Route(f"{at}/-/ping", self.ping),
            Route(f"{at}/-/whoami", self.whoami),
            Route(tags, self.tags),
            Route(f"{tags}/{{tag}}", writing.set_tag, methods=["PUT", "POST"]),
            Route(f"{tags}/{{tag}}", writing.remove_tag, methods=["DELETE"]),
            Route(package, self.packument, methods=["GET"]),
            Route(package, writing.put, methods=["PUT"]),
            Route(f"{package}/-rev/{{rev}}", writing.put_without, methods=["PUT"]),
            Route(f"{package}/-rev/{{rev}}", writing.remove_package, methods=["DELETE"]),
            Route(f"{package}/-/{{file}}", self.tarball, methods=["GET"]),
            Route(f"{package}/-/{{file}}/-rev/{{rev}}", writing.remove_version, methods=["DELETE"]),
            Route(f"{package}/{{version}}", self.version, methods=["GET"]),
        ]

    async def ping(self, _request: Request) -> Response:
        """Whether somebody is there."""
        return JSONResponse({})

    async def whoami(self, request: Request) -> Response:
        """Whose token it is."""
        token = await self._desk.token(request)
        if token is None:
            raise UnauthorizedError("nobody is logged in")
        return JSONResponse({"username": token.name})

    async def packument(self, request: Request) -> Response:
        """All versions and tags of a package, or of them what installing takes."""
        repository, package = await self._asked(request)
        media_type = choose(request.headers.get("accept"), (FULL, ABBREVIATED)) or FULL
        registry = self._registry(request, repository)

        def render() -> bytes:
            page = self._desk.packages.npm.packument(repository, package).data
            return json.dumps(
                shown(page, registry, media_type=media_type), separators=(",", ":")
            ).encode()

        body = await self._desk.read(render)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
        if names_etag(request.headers.get("if-none-match"), etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(body, headers=headers, media_type=media_type)

    async def version(self, request: Request) -> Response:
        """One version, also by a tag."""
        repository, package = await self._asked(request)
        asked = request.path_params["version"]
        find = partial(self._desk.packages.npm.packument, repository, package)
        page = (await self._desk.read(find)).data
        version = page["dist-tags"].get(asked, asked)
        if version not in page["versions"]:
            raise PackageVersionNotFoundError(
                f"{repository} has no version {asked!r:.80} of {package}",
                hint=f"npm view {package} versions",
            )
        registry = self._registry(request, repository)
        return JSONResponse(located(page["versions"][version], registry))

    async def tags(self, request: Request) -> Response:
        """The tags with their versions."""
        repository, package = await self._asked(request)
        find = partial(self._desk.packages.npm.dist_tags, repository, package)
        return JSONResponse(await self._desk.read(find))

    async def tarball(self, request: Request) -> Response:
        """The tarball of a version, of the first set, or of `?set=NAME`; where a version has no
        such first one, of the active set."""
        repository, package = await self._asked(request)
        place = Place(repository, package, version_of_file(package, request.path_params["file"]))
        asset_set = request.query_params.get("set")
        revision, asset = await self._desk.read(partial(self._held, place, asset_set))
        return await send_asset(
            self._desk,
            request,
            revision,
            asset,
            media_type="application/octet-stream",
            lasting=asset.asset_set == (asset_set or FIRST_SET),
        )

    def _held(self, place: Place, asset_set: str | None) -> tuple[Revision, Asset]:
        """Looked at again where it is not in what is remembered, or not for sure."""
        desk = self._desk
        for wanted in (asset_set or FIRST_SET, asset_set):
            revision = desk.revision(place.repository, place.package, place.version)
            state = revision.state
            held = state.active_assets if wanted is None else state.assets_of(wanted)
            if held:
                return revision, held[0]
            desk.forget(place.repository, place.package, place.version)
        raise AssetNotFoundError(
            f"{place} has no tarball in the set {asset_set!r:.80}"
            if asset_set
            else f"{place} has no tarball",
            hint="see the page of the package",
        )

    async def _asked(self, request: Request) -> tuple[str, Package]:
        repository = request.path_params["repository"]
        await self._desk.authorize(request, repository, Scope.READ)
        return repository, Package.parse(PackageFormat.NPM, request.path_params["package"])

    def _registry(self, request: Request, repository: str) -> str:
        return f"{self._desk.base_url(request)}/npm/{repository}/"

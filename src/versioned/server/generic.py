"""Plain PUT and GET for generic assets, as curl speaks it."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from versioned.packages import Package, PackageFormat, Revision
from versioned.packages.coordinates import package_version
from versioned.packages.errors import AssetNotFoundError
from versioned.packages.revision import Asset
from versioned.packages.tokens import Scope
from versioned.server.bodies import spooled
from versioned.server.desk import Desk
from versioned.server.downloads import send_asset
from versioned.server.problems import RequestError

_FLAGS = {"": True, "1": True, "true": True, "0": False, "false": False}


class GenericRoutes:
    """`/generic/{repository}/{namespace}/{package}/{version}/{asset}`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        at = "/generic/{repository}/{namespace}/{package}/{version}"
        return [
            Route(f"{at}/{{asset}}", self.put, methods=["PUT"]),
            Route(f"{at}/{{asset}}", self.get, methods=["GET"]),
            Route(at, self.describe, methods=["GET"]),
        ]

    async def put(self, request: Request) -> Response:
        """Publish an asset. `?unfinished=true` keeps the set open for more, `?asset-set=NAME`
        names it; `X-Checksum-Sha256` says what the bytes have to be."""
        asked = request.path_params
        by = await self._desk.authorize(request, asked["repository"], Scope.PUBLISH)
        package, version = _named(asked)
        unfinished = flag(request, "unfinished")
        async with spooled(request, self._desk.settings) as file:
            digest = request.headers.get("x-checksum-sha256")
            publish = partial(
                self._desk.packages.publish_package_version,
                asked["repository"],
                package,
                version,
                {asked["asset"]: file},
                sha256={asked["asset"]: digest} if digest else None,
                asset_set=request.query_params.get("asset-set"),
                whole=False,
                unfinished=unfinished,
                by=by,
            )
            done = await self._desk.write(publish)
        status = HTTPStatus.CREATED if done.changed else HTTPStatus.OK
        return JSONResponse(summary(done.revision), status)

    async def get(self, request: Request) -> Response:
        """An asset, of the active set or of `?asset-set=NAME`."""
        asked = request.path_params
        await self._desk.authorize(request, asked["repository"], Scope.READ)
        package, version = _named(asked)
        revision = await self._newest(asked["repository"], package, version)
        asset = _find(revision, asked["asset"], request.query_params.get("asset-set"))
        return await send_asset(
            self._desk,
            request,
            revision,
            asset,
            media_type="application/octet-stream",
            lasting=False,
        )

    async def describe(self, request: Request) -> Response:
        """What the version is, as JSON."""
        asked = request.path_params
        await self._desk.authorize(request, asked["repository"], Scope.READ)
        package, version = _named(asked)
        return JSONResponse(summary(await self._newest(asked["repository"], package, version)))

    async def _newest(self, repository: str, package: Package, version: str) -> Revision:
        """Asked for each time: an address without a hash leads to what is active now, whichever
        server it was told to."""
        find = self._desk.packages.describe_package_version
        return await self._desk.read(partial(find, repository, package, version))


def summary(revision: Revision) -> dict[str, object]:
    """What a client needs to know of a version."""
    state = revision.state
    return {
        "package": str(revision.package),
        "version": revision.version,
        "revision": revision.revision,
        "status": str(state.status),
        "active": state.active,
        "assets": [
            {"name": one.name, "set": one.asset_set, "size": one.size, "sha256": one.sha256}
            for one in state.assets
        ],
    }


def flag(request: Request, name: str) -> bool:
    """A parameter of the query that is true or false. Raises RequestError."""
    text = request.query_params.get(name, "false").lower()
    if text not in _FLAGS:
        raise RequestError(
            HTTPStatus.BAD_REQUEST, f"{name} can't be {text!r:.40}", hint="true or false"
        )
    return _FLAGS[text]


def _named(asked: dict[str, str]) -> tuple[Package, str]:
    package = Package.of(PackageFormat.GENERIC, asked["package"], asked["namespace"])
    return package, package_version(PackageFormat.GENERIC, asked["version"])


def _find(revision: Revision, name: str, asset_set: str | None) -> Asset:
    state = revision.state
    held = state.active_assets if asset_set is None else state.assets_of(asset_set)
    for one in held:
        if one.name == name:
            return one
    raise AssetNotFoundError(
        f"{revision.place} has no asset {name!r}",
        hint="an asset of a set that is not active is had with ?asset-set=NAME",
    )

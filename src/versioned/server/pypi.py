"""What twine, pip and uv speak: the upload form, and the Simple API (PEP 503, 691, 658)."""

from __future__ import annotations

import hashlib
from functools import partial
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import quote, unquote

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from versioned.packages import Package, PackageFormat
from versioned.packages.assets import beside_key_of, read_beside, refuse_unreadable
from versioned.packages.committing import Change
from versioned.packages.coordinates import Place, package_version
from versioned.packages.errors import (
    AssetNotFoundError,
    PackageNotFoundError,
)
from versioned.packages.layout import simple_folder
from versioned.packages.revision import Asset, Revision
from versioned.packages.simple_pages import HTML_TYPE, JSON_TYPE
from versioned.packages.tokens import Scope
from versioned.server.bodies import form
from versioned.server.desk import Desk
from versioned.server.downloads import send_asset
from versioned.server.negotiation import choose, names_etag
from versioned.server.problems import RequestError
from versioned.steps import or_none

_HTML_V1 = "application/vnd.pypi.simple.v1+html"
_OFFERED = ("text/html", JSON_TYPE, _HTML_V1)
_METADATA = ".metadata"


class PypiRoutes:
    """`/pypi/{repository}/`: uploads there, the index at `simple/`, files at `files/`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        at = "/pypi/{repository}"
        return [
            Route(at, self.upload, methods=["POST"]),
            Route(f"{at}/", self.upload, methods=["POST"]),
            Route(f"{at}/simple", self.add_slash),
            Route(f"{at}/simple/", self.root),
            Route(f"{at}/simple/{{project}}", self.add_slash),
            Route(f"{at}/simple/{{project}}/", self.project),
            Route(f"{at}/files/{{project}}/{{version}}/{{digest}}/{{name}}", self.file),
        ]

    async def upload(self, request: Request) -> Response:
        """Publish one file. The same bytes again are no error."""
        repository = request.path_params["repository"]
        by = await self._desk.authorize(request, repository, Scope.PUBLISH)
        async with form(request, self._desk.settings) as fields:
            upload = fields.get("content")
            if fields.get(":action") != "file_upload" or not isinstance(upload, UploadFile):
                raise RequestError(
                    HTTPStatus.BAD_REQUEST,
                    "the form is no upload of a file",
                    hint="it has :action=file_upload and a file named content",
                )
            publish = partial(
                self._publish,
                repository,
                upload.filename or "",
                upload.file,
                fields,
                by,
            )
            done = await self._desk.write(publish)
        where = done.revision
        self._desk.forget(repository, where.package, where.version)
        return PlainTextResponse(
            f"{'published' if done.changed else 'there already'}\n",
            headers={"X-Package-Version-Revision": where.revision},
        )

    def _publish(
        self, repository: str, name: str, file: BinaryIO, fields: FormData, by: str | None
    ) -> Change:
        package, version = _text(fields, "name"), _text(fields, "version")
        digest = _text(fields, "sha256_digest")
        return self._desk.packages.publish_files(
            repository,
            PackageFormat.PYPI,
            {name: file},
            package=Package.of(PackageFormat.PYPI, package) if package else None,
            version=version,
            sha256={name: digest} if digest else None,
            by=by,
        )

    async def add_slash(self, request: Request) -> Response:
        """The addresses of the Simple API end with a slash."""
        last = request.scope["path"].rpartition("/")[2]
        return _moved(f"./{quote(last, safe='')}/")

    async def root(self, request: Request) -> Response:
        """The list of projects."""
        repository = request.path_params["repository"]
        await self._desk.authorize(request, repository, Scope.READ)
        return await self._page(request, simple_folder(repository), empty=True)

    async def project(self, request: Request) -> Response:
        """The files of a project."""
        repository, name = request.path_params["repository"], request.path_params["project"]
        await self._desk.authorize(request, repository, Scope.READ)
        package = Package.of(PackageFormat.PYPI, name)
        if name != package.name:
            return _moved(f"../{package.name}/")
        return await self._page(request, f"{simple_folder(repository)}{name}/", empty=False)

    async def _page(self, request: Request, folder: str, *, empty: bool) -> Response:
        media_type = choose(request.headers.get("accept"), _OFFERED)
        if media_type is None:
            raise RequestError(
                HTTPStatus.NOT_ACCEPTABLE,
                "there is no such form of the index",
                hint=f"there are {', '.join(_OFFERED)}",
            )
        name = "index.json" if media_type == JSON_TYPE else "index.html"
        context = self._desk.packages.context
        found = await self._desk.read(lambda: or_none(lambda: context.read(f"{folder}{name}")))
        if found is None and not empty:
            raise PackageNotFoundError("there is no such project", hint="publish it first")
        body = found[1] if found else _EMPTY[name]
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
        if names_etag(request.headers.get("if-none-match"), etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        content_type = HTML_TYPE if media_type == "text/html" else media_type
        return Response(body, headers={**headers, "Content-Type": content_type})

    async def file(self, request: Request) -> Response:
        """A file, or with `.metadata` behind its name what PEP 658 keeps beside it."""
        asked = request.path_params
        await self._desk.authorize(request, asked["repository"], Scope.READ)
        package = Package.of(PackageFormat.PYPI, asked["project"])
        version = package_version(PackageFormat.PYPI, unquote(asked["version"]))
        name = asked["name"]
        place = Place(asked["repository"], package, version)
        find = partial(self._held, place, name.removesuffix(_METADATA), asked["digest"])
        revision, asset = await self._desk.read(find)
        if name.endswith(_METADATA):
            refuse_unreadable(revision)
            context, key = self._desk.packages.context, beside_key_of(revision.place, asset)
            raw = await self._desk.read(partial(read_beside, context, key, asset))
            return Response(raw, media_type="text/plain; charset=utf-8")
        return await send_asset(
            self._desk, request, revision, asset, media_type="application/octet-stream"
        )

    def _held(self, place: Place, name: str, digest: str) -> tuple[Revision, Asset]:
        """A page that another server has just made may lead to what this one does not know yet."""
        generation, _, sha256 = digest.partition("-")
        which = (name, sha256, generation)
        for _ in range(2):
            revision = self._desk.revision(place.repository, place.package, place.version)
            for one in revision.state.assets:
                if (one.name, one.sha256, str(one.generation)) == which:
                    return revision, one
            self._desk.forget(place.repository, place.package, place.version)
        raise AssetNotFoundError("there is no such file", hint="see the page of the project")


_EMPTY = {
    "index.json": b'{"meta":{"api-version":"1.1"},"projects":[]}',
    "index.html": b"<!DOCTYPE html>\n<html><body></body></html>\n",
}


def _moved(where: str) -> Response:
    """Relative, so that it is right behind a proxy that serves this below a path of its own."""
    return Response(status_code=HTTPStatus.MOVED_PERMANENTLY, headers={"Location": where})


def _text(fields: FormData, name: str) -> str | None:
    """A field of the form, `None` where it is missing or empty."""
    found = fields.get(name)
    return found if isinstance(found, str) and found else None

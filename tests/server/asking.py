"""Asks a server in this process, as the clients do, and reads its log."""

import asyncio
import base64
import io
import json

import httpx
from package_making import sha256

from versioned.packages.tokens import Scope
from versioned.server.app import create_app
from versioned.server.log import Log
from versioned.server.settings import Settings

JSON = "application/vnd.pypi.simple.v1+json"
SIMPLE = "/pypi/AbcDev/simple/pyabc/"


class Asking:
    """One server before `packages`, and clients of it. `token` is what requests carry unless they
    say otherwise."""

    def __init__(self, packages, *, app=None, **settings):
        self.packages = packages
        self.log = io.StringIO()
        self.app = app or create_app(packages, Settings(**settings), log=Log(self.log))
        self.token = None
        self._runner = asyncio.Runner()

    def close(self):
        self._runner.close()

    def ask(self, method, path, *, token=..., **options):
        """The answer; `token` goes as Bearer, or as the header itself where it has a space."""
        token = self.token if token is ... else token
        headers = httpx.Headers(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = token if " " in token else f"Bearer {token}"
        return self._runner.run(self._ask(method, path, headers=headers, **options))

    async def _ask(self, method, path, **options):
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, **options)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def upload(self, file, repository="AbcDev", *, token=..., slash=True, **fields):
        """As twine sends it: `file` is a pair of name and bytes; fields replace or add to those
        that are usual, `None` leaves one out."""
        path = f"/pypi/{repository}{'/' if slash else ''}"
        return self.ask("POST", path, token=token, **form(file, **fields))

    def put(self, path, data=b"", **options):
        return self.ask("PUT", path, content=data, **options)

    def lines(self):
        """What the log says, parsed."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def form(file, **fields):
    """The form of an upload, for httpx."""
    name, data = file
    usual = {
        ":action": "file_upload",
        "protocol_version": "1",
        "metadata_version": "2.1",
        "name": "PyABC",
        "version": "1.0.0",
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "sha256_digest": sha256(data),
        "blake2_256_digest": "0" * 64,
        "summary": "a package",
        "classifiers": ["Topic :: A", "Topic :: B"],
    }
    data_fields = {key: value for key, value in (usual | fields).items() if value is not None}
    return {"data": data_fields, "files": {"content": (name, data, "application/octet-stream")}}


def basic(token, user="__token__"):
    """The header of Basic."""
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def token(packages, *scopes, repository="AbcDev", **options):
    """The secret of a new token."""
    held = {repository: tuple(Scope(one) for one in scopes)}
    return packages.create_token("tests", held, **options).secret


def links(answer):
    """The files of a page of JSON, by name."""
    return {one["filename"]: one for one in answer.json()["files"]}


def file_url(answer, name):
    """Where a page says that a file is."""
    return str(answer.url.join(links(answer)[name]["url"]))

"""A real server before a domain, and machines whose clients use it."""

import json
import secrets
import time
from dataclasses import dataclass

from package_making import publish_builds

from serving import PROGRAM, Served
from versioned.packages import Packages

TOOLS = ("pip", "uv")


@dataclass
class Registry:
    """A server before the domain at the URL `domain`, on a store of this kind. `environ` is who
    another process is at that store."""

    packages: Packages
    kind: str
    domain: str
    environ: dict[str, str]
    server: Served

    def repository(self, *builds):
        """Makes a repository and names it; `builds` of PyABC 1.0.0 are published in it in turn."""
        name = f"abc-{secrets.token_hex(4)}"
        self.packages.create_repository(name)
        if builds:
            publish_builds(self.packages, *builds, repository=name)
        return name

    def secret(self, *scopes, repository="*"):
        return self.packages.create_token("tests", {repository: scopes}).secret

    def place(self, repository, kind="pypi", *, secret=None, host="localhost"):
        """Where clients find a repository, with the credentials in the URL where there are any.
        Stores answer on 127.0.0.1, which is another host to clients."""
        said = f"__token__:{secret}@" if secret else ""
        port = self.server.url.rpartition(":")[2]
        return f"http://{said}{host}:{port}/{kind}/{repository}/"

    def index(self, repository, **where):
        return f"{self.place(repository, **where)}simple/"

    def asked(self, repository):
        """What the server has logged of a repository: method, last part of the path and status. A
        line that is being written is left for later."""
        whole = self.server.log.read_text("utf-8").rpartition("\n")[0]
        lines = map(json.loads, whole.splitlines())
        return [
            (one["method"], one["path"].rpartition("/")[2], one["status"])
            for one in lines
            if f"/{repository}/" in one.get("path", "")
        ]

    def handed_out(self, repository, name):
        """The status with which a file was handed out. That is logged after its last byte, so it is
        waited for."""
        last = time.monotonic() + 60
        while time.monotonic() < last:
            for method, found, status in self.asked(repository):
                if (method, found) == ("GET", name):
                    return status
            time.sleep(0.01)
        raise AssertionError(f"{name} was not asked for: {self.asked(repository)}")

    @property
    def elsewhere(self):
        """The status of what the store hands out itself, where it does."""
        return 200 if self.kind == "local" else 302


class Machine:
    """Clients in a home of their own, with an environment to install into."""

    def __init__(self, clients, registry):
        self.clients, self.registry = clients, registry
        self.home = clients.home
        self.python = self.home / "site/bin/python"
        clients.run(clients.uv, "venv", "--quiet", self.home / "site", "--python", clients.python)

    def write(self, folder, *files):
        """Writes pairs of name and content; returns their paths."""
        (self.home / folder).mkdir(exist_ok=True)
        paths = [self.home / folder / name for name, _ in files]
        for path, (_, content) in zip(paths, files, strict=True):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return paths

    def twine(self, repository, *files, secret, verbose=False, check=True):
        return self.clients.run(
            *(self.clients.twine, "upload", "--disable-progress-bar"),
            *(["--verbose"] if verbose else []),
            *("--repository-url", self.registry.place(repository), *files),
            check=check,
            TWINE_USERNAME="__token__",
            TWINE_PASSWORD=secret,
        )

    def uv_publish(self, repository, *words, secret, check=True):
        url = self.registry.place(repository)
        return self.clients.run(
            *(self.clients.uv, "publish", "--publish-url", url, "--token", secret, *words),
            check=check,
        )

    def install(self, tool, *words, index=None, check=True, **environment):
        """Install with pip or uv."""
        command = {
            "pip": (self.clients.pip, "--python", self.python, "install"),
            "uv": (self.clients.uv, "pip", "install", "--python", self.python),
        }[tool]
        where = ["--index-url", index] if index else []
        return self.clients.run(*command, *where, *words, check=check, **environment)

    def installed(self, module="PyABC", python=None):
        """The build that an environment imports."""
        code = f"import {module}; print({module}.BUILD)"
        return self.clients.run(python or self.python, "-c", code).stdout.strip()

    def versioned(self, *words, check=True):
        """Our own command line, on the domain."""
        return self.clients.run(
            *(PROGRAM, "packages", *words),
            check=check,
            VERSIONED_PACKAGES=self.registry.domain,
            VERSIONED_ACTOR="ann",
            **self.registry.environ,
        )


def words(process):
    """All that a client said, on one line however it wrapped that."""
    return " ".join((process.stdout + process.stderr).split())

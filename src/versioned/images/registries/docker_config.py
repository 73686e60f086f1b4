"""Credentials for registries, where Docker and Podman keep them."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from versioned.checks.base import clean_reason
from versioned.errors import AccessDeniedError, InvalidInputError
from versioned.images.reference import DOCKER_HUB, DOCKER_HUB_HOSTS
from versioned.images.registry import Credentials

IDENTITY = "<token>"
"""The user of credentials whose password is an identity token, as Docker writes it."""

USER, PASSWORD = "VERSIONED_REGISTRY_USER", "VERSIONED_REGISTRY_PASSWORD"
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_FOUND = "credentials not found"
_TIMEOUT = 60.0


def credentials_for(host: str, environ: Mapping[str, str]) -> Credentials | None:
    """What is known for a registry, `None` where nothing is. The first of these that has some:

    1. `VERSIONED_REGISTRY_USER` with `VERSIONED_REGISTRY_PASSWORD`;
    2. `$REGISTRY_AUTH_FILE`;
    3. `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`;
    4. `$XDG_RUNTIME_DIR/containers/auth.json`;
    5. `$XDG_CONFIG_HOME/containers/auth.json`, else `~/.config/containers/auth.json`.

    Within a file its `credHelpers`, then its `credsStore`, then its `auths`. Raises
    InvalidInputError for a file that can't be read, AccessDeniedError where a program that keeps
    credentials (`docker-credential-...`) fails.
    """
    return CredentialStore(environ).find(host)


class CredentialStore:
    """All of an environment, read when it is first asked; see `credentials_for`. Every program
    is asked once. Safe to use from several threads."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._lock = threading.Lock()
        self._configs: list[_Config] | None = None
        self._told: dict[tuple[str, str], Credentials | None] = {}

    @property
    def own(self) -> Credentials | None:
        """Those that are meant for this program alone. Raises InvalidInputError where one of the
        two variables is missing."""
        user, password = self._environ.get(USER), self._environ.get(PASSWORD)
        if bool(user) != bool(password):
            raise InvalidInputError(f"only one of {USER} and {PASSWORD} is set", hint="set both")
        return Credentials(user, password) if user and password else None

    def find(self, host: str, repository: str = "") -> Credentials | None:
        """The most specific ones: Podman keeps some for `host/namespace`. See
        `credentials_for`."""
        if self.own:
            return self.own
        with self._lock:
            if self._configs is None:
                self._configs = [_Config.read(path) for path in _files(self._environ)]
            for config in self._configs:
                found = self._asked(config, host) or config.find(host, repository)
                if found:
                    return found
        return None

    def _asked(self, config: _Config, host: str) -> Credentials | None:
        program = config.program(host)
        if program is None:
            return None
        server = _DOCKER_HUB_KEY if host == DOCKER_HUB else host
        if (program, server) not in self._told:
            self._told[program, server] = _ask(program, server, self._environ)
        return self._told[program, server]


@dataclass(frozen=True, slots=True)
class _Config:
    """A file as it stands."""

    path: Path
    auths: Mapping[str, Any]
    programs: Mapping[str, Any]
    program_for_all: Any

    @classmethod
    def read(cls, path: Path) -> _Config:
        try:
            data = json.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            data = {}
        except (OSError, ValueError, RecursionError) as error:
            said = "is not JSON" if isinstance(error, ValueError) else "can't be read"
            raise _broken(path, said) from None  # the reason may quote a secret
        if not isinstance(data, dict):
            raise _broken(path, "is no table")
        auths, programs = data.get("auths") or {}, data.get("credHelpers") or {}
        if not isinstance(auths, dict) or not isinstance(programs, dict):
            raise _broken(path, "has auths or credHelpers that are no tables")
        return cls(path, auths, programs, data.get("credsStore"))

    def program(self, host: str) -> str | None:
        """What comes after `docker-credential-` in the name of the program for a host."""
        hosts = DOCKER_HUB_HOSTS if host == DOCKER_HUB else (host,)
        keys = (*hosts, _DOCKER_HUB_KEY) if host == DOCKER_HUB else hosts
        named = [self.programs[key] for key in keys if key in self.programs]
        name = named[0] if named else self.program_for_all
        if not name:
            return None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _broken(self.path, f"names {str(name)[:40]!r}, which is no such program")
        return name

    def find(self, host: str, repository: str) -> Credentials | None:
        entries = {_plain(key): entry for key, entry in self.auths.items()}
        for key in _keys(host, repository):
            if key in entries and (found := self._credentials(entries[key])):
                return found
        return None

    def _credentials(self, entry: object) -> Credentials | None:
        if not isinstance(entry, dict):
            raise _broken(self.path, "has an entry of auths that is no table")
        values = {
            key: entry.get(key) or "" for key in ("auth", "username", "password", "identitytoken")
        }
        if not all(isinstance(value, str) for value in values.values()):
            raise _broken(self.path, "has an entry of auths that is not made of texts")
        if values["identitytoken"]:
            return Credentials(IDENTITY, values["identitytoken"])
        user, password = values["username"], values["password"]
        if values["auth"]:
            try:
                text = base64.b64decode(values["auth"], validate=True).decode()
            except ValueError:
                raise _broken(self.path, "has an auth that is not base64") from None
            user, colon, password = text.partition(":")
            if not colon:
                raise _broken(self.path, "has an auth that is not user:password")
        password = password.rstrip("\0")
        return Credentials(user, password) if user and password else None


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ["HOME"]) if environ.get("HOME") else None
    if environ.get("REGISTRY_AUTH_FILE"):
        yield Path(environ["REGISTRY_AUTH_FILE"])
    if environ.get("DOCKER_CONFIG"):
        yield Path(environ["DOCKER_CONFIG"], "config.json")
    elif home:
        yield home / ".docker" / "config.json"
    if environ.get("XDG_RUNTIME_DIR"):
        yield Path(environ["XDG_RUNTIME_DIR"], "containers", "auth.json")
    if environ.get("XDG_CONFIG_HOME"):
        yield Path(environ["XDG_CONFIG_HOME"], "containers", "auth.json")
    elif home:
        yield home / ".config" / "containers" / "auth.json"


def _plain(key: str) -> str:
    """A key of `auths`: Docker's may be URLs, of which only the host counts."""
    _, found, rest = key.partition("://")
    return rest.partition("/")[0] if found else key.rstrip("/")


def _keys(host: str, repository: str) -> Iterator[str]:
    """The keys that may be meant, the most specific first."""
    parts = repository.split("/") if repository else []
    for count in range(len(parts), 0, -1):
        yield "/".join((host, *parts[:count]))
    yield from DOCKER_HUB_HOSTS if host == DOCKER_HUB else (host,)


def _ask(name: str, server: str, environ: Mapping[str, str]) -> Credentials | None:
    program = f"docker-credential-{name}"
    try:
        ended = subprocess.run(  # noqa: S603 - named in the user's own configuration
            [program, "get"],
            input=server.encode(),
            capture_output=True,
            env=dict(environ),
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        kind = "took too long" if isinstance(error, subprocess.TimeoutExpired) else "can't be run"
        raise _failed(program, server, kind) from None
    if ended.returncode != 0:
        said = ended.stdout.decode("utf-8", "replace")  # by the protocol: where errors are written
        if _NOT_FOUND in said:
            return None
        raise _failed(program, server, f"failed: {clean_reason(said)}")
    try:
        told = json.loads(ended.stdout)
        user, secret = told["Username"], told["Secret"]
    except (ValueError, RecursionError, LookupError, TypeError):
        raise _failed(program, server, "said nothing that is understood") from None
    if not isinstance(user, str) or not isinstance(secret, str):
        raise _failed(program, server, "said nothing that is understood")
    return Credentials(user, secret) if user and secret else None


def _failed(program: str, server: str, what: str) -> AccessDeniedError:
    return AccessDeniedError(
        f"{program} {what}, so there are no credentials for {server}",
        hint=f"mend it, or set {USER} and {PASSWORD}",
    )


def _broken(path: Path, what: str) -> InvalidInputError:
    return InvalidInputError(f"{path} {what}", hint="mend it, or log in anew with docker login")

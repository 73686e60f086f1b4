"""Proving to a registry who asks: Basic, or tokens of the server that its challenge names."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlencode

from versioned.errors import AccessDeniedError
from versioned.images.errors import RegistryError
from versioned.images.registries.answers import Answer
from versioned.images.registries.challenge import Challenge
from versioned.images.registries.docker_config import IDENTITY
from versioned.images.registries.origin import Origin
from versioned.images.registry import Credentials

FindCredentials = Callable[[str], Credentials | None]
"""Those for a repository, by its path."""

_MARGIN, _SHORTEST, _LONGEST = 10.0, 60.0, 3600.0
_CLIENT = "versioned"


@dataclass(frozen=True, slots=True)
class Access:
    """What a request is about to do, as the scopes of tokens name it. Without a repository it
    lists all of them. `source` is another one that is read."""

    repository: str = ""
    actions: str = "pull"
    source: str = ""

    @property
    def scopes(self) -> tuple[str, ...]:
        """One for each repository."""
        if not self.repository:
            return ("registry:catalog:*",)
        own = f"repository:{self.repository}:{self.actions}"
        return (own, f"repository:{self.source}:pull") if self.source else (own,)


PULL, PUSH, DELETE = "pull", "pull,push", "pull,push,delete"


class AskForToken(Protocol):
    """One request to a server of tokens, whatever its answer."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer: ...


class Authorization:
    """The `Authorization` of requests to one registry: none until it is demanded, then what was
    demanded last. Tokens are kept until shortly before they expire. Safe to use from several
    threads."""

    def __init__(self, origin: Origin, find: FindCredentials, ask: AskForToken) -> None:
        self._origin = origin
        self._find = find
        self._ask = ask
        self._lock = threading.RLock()
        self._challenge: Challenge | None = None
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}

    def header(self, access: Access) -> str | None:
        """What to send, as far as it is known what is wanted. Raises as `demanded`."""
        with self._lock:
            if self._challenge is None:
                return None
            if self._challenge.scheme == "basic":
                return self._basic(access)
            token, ends = self._tokens.get(access.scopes, ("", 0.0))
            if time.monotonic() >= ends:
                token = self._fetch(self._challenge, access, access.scopes)
            return f"Bearer {token}"

    def demanded(self, headers: Iterable[str], access: Access, sent: str | None) -> str | None:
        """What to send instead of `sent`, which was answered with 401 and these headers of
        `Www-Authenticate`; `None` where nothing else is known.

        Raises AccessDeniedError where no token is given, RegistryError for a demand that would
        send a password where it could be read.
        """
        challenge = Challenge.choose(headers)
        if challenge is None:
            return None
        with self._lock:
            is_known = self._challenge is not None
            self._challenge = challenge
            if challenge.scheme == "basic":
                header = self._basic(access)
                return None if header == sent else header
            current = self._tokens.get(access.scopes)
            if is_known and current and sent != f"Bearer {current[0]}":
                return f"Bearer {current[0]}"  # another thread was faster
            demanded = challenge.parameters.get("scope", "").split()
            scopes = (*access.scopes, *(one for one in demanded if one not in access.scopes))
            return f"Bearer {self._fetch(challenge, access, scopes)}"

    def _basic(self, access: Access) -> str | None:
        credentials = self._find(access.repository)
        if credentials is None or credentials.username == IDENTITY:
            return None
        return basic(credentials)

    def _fetch(self, challenge: Challenge, access: Access, scopes: tuple[str, ...]) -> str:
        answer = self._ask_for(challenge.parameters, scopes, self._find(access.repository))
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise AccessDeniedError(
                f"no token for {self._origin.host}: {answer.asked} was answered with {answer.reason}",
                hint=login_hint(self._origin.host),
            )
        if not answer.is_good:
            raise answer.failure()
        token, seconds = _token(answer)
        lasts = max(seconds, _SHORTEST) - _MARGIN
        self._tokens[access.scopes] = (token, time.monotonic() + lasts)
        return token

    def _ask_for(
        self,
        parameters: Mapping[str, str],
        scopes: tuple[str, ...],
        credentials: Credentials | None,
    ) -> Answer:
        realm = parameters["realm"]
        if not self._origin.trusts(realm):
            raise RegistryError(
                f"{self._origin.host} wants tokens from a server that passwords are not sent to",
                hint="it has to be named by https: ask whoever runs the registry",
            )
        asked = [("service", parameters["service"])] if parameters.get("service") else []
        if credentials and credentials.username == IDENTITY:
            form = [("grant_type", "refresh_token"), *asked, ("client_id", _CLIENT)]
            form += [("scope", " ".join(scopes)), ("refresh_token", credentials.password)]
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self._ask("POST", realm, headers=headers, body=urlencode(form).encode())
        query = urlencode([*asked, *(("scope", scope) for scope in scopes)])
        headers = {"Authorization": basic(credentials)} if credentials else {}
        return self._ask("GET", f"{realm}{'&' if '?' in realm else '?'}{query}", headers=headers)


def basic(credentials: Credentials) -> str:
    """The value of a header."""
    pair = f"{credentials.username}:{credentials.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def login_hint(host: str) -> str:
    """What to do where credentials are missing or wrong."""
    return (
        f"log in with docker login {host} or podman login {host}, "
        "or set VERSIONED_REGISTRY_USER and VERSIONED_REGISTRY_PASSWORD"
    )


def _token(answer: Answer) -> tuple[str, float]:
    """The token and for how many seconds it lasts; the specification has 60 for no word."""
    try:
        document = json.loads(answer.body)
        token = document.get("token") or document.get("access_token")
        seconds = document.get("expires_in") or _SHORTEST
    except (ValueError, RecursionError, AttributeError):
        token, seconds = None, _SHORTEST
    is_token = isinstance(token, str) and token.isascii() and token.isprintable()
    if (
        not is_token
        or " " in token
        or isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
    ):
        raise RegistryError(
            f"{answer.asked} gave no token that is understood",
            hint="that server of tokens is broken: ask whoever runs it",
        )
    return token, float(min(max(0, seconds), _LONGEST))  # 0 first: NaN is no number

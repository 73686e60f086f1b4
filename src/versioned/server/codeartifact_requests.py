"""What a request to CodeArtifact's API asks: its parameters, its body, and whether it may."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.requests import Request

from versioned.packages import Package
from versioned.packages.coordinates import PackageFormat, package_format
from versioned.packages.tokens import Scope, Token
from versioned.server.bodies import chunks
from versioned.server.codeartifact_answers import NO_ACCOUNT
from versioned.server.codeartifact_errors import BROKEN_JSON, UNKNOWN_DOMAIN
from versioned.server.codeartifact_paging import Paging
from versioned.server.desk import Desk
from versioned.server.problems import ForbiddenError, RequestError, UnauthorizedError

_LONGEST_BODY = 1024 * 1024
_ACCOUNT = re.compile(r"[0-9]{12}")
_FLAGS = {"true": True, "false": False}


class BrokenJsonError(RequestError):
    """The body of the request is no JSON object."""

    code = BROKEN_JSON

    def __init__(self, message: str) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, message, hint="a JSON object in UTF-8")


class UnknownDomainError(RequestError):
    """Another domain was meant than is served."""

    code = UNKNOWN_DOMAIN


def invalid(message: str, *, hint: str = "") -> RequestError:
    """For a request that can't be meant."""
    return RequestError(HTTPStatus.BAD_REQUEST, message, hint=hint)


class Query:
    """The parameters of a request, checked; an empty one counts as missing. Readers raise
    RequestError, InvalidPackageError."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def optional(self, name: str) -> str | None:
        return self.request.query_params.get(name) or None

    def text(self, name: str) -> str:
        found = self.optional(name)
        if found is None:
            raise invalid(f"the parameter {name} is missing")
        return found

    @property
    def repository(self) -> str:
        return self.text("repository")

    @property
    def format(self) -> PackageFormat:
        return package_format(self.text("format"))

    @property
    def package(self) -> Package:
        return Package.of(self.format, self.text("package"), self.optional("namespace"))

    @property
    def owner(self) -> str:
        """The account that the client believes in. There are none here; any will do."""
        found = self.optional("domain-owner") or NO_ACCOUNT
        if not _ACCOUNT.fullmatch(found):
            raise invalid(f"{found!r:.80} is no account", hint="twelve digits")
        return found

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        return _one_of(name, self.optional(name), allowed)

    def flag(self, name: str) -> bool:
        return _FLAGS[self.choice(name, _FLAGS) or "false"]

    def number(self, name: str, *, least: int, most: int) -> int | None:
        """`None` where it is not said."""
        text = self.optional(name)
        if text is None:
            return None
        proper = text.isascii() and text.isdigit() and len(text) <= len(str(most))
        if not proper or not least <= int(text) <= most:
            raise invalid(f"{name} can't be {text!r:.80}", hint=f"{least} to {most}")
        return int(text)

    @property
    def paging(self) -> Paging:
        """Which part of a list is asked for."""
        limit = self.number("max-results", least=1, most=Paging.most)
        others = [
            (name, value)
            for name, value in self.request.query_params.multi_items()
            if name not in {"max-results", "next-token"}
        ]
        return Paging.of(self.request.url.path, others, limit, self.optional("next-token"))


class Body:
    """The JSON object that a request brings, checked. Readers raise RequestError."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def texts(self, name: str) -> list[str]:
        """Each once; empty where it is missing."""
        found = self._data.get(name) or []
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise invalid(f"{name} is no list of strings")
        return list(dict.fromkeys(found))

    def mapping(self, name: str) -> dict[str, str]:
        """Empty where it is missing."""
        found = self._data.get(name) or {}
        if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
            raise invalid(f"{name} doesn't map strings to strings")
        return found

    def optional(self, name: str) -> str | None:
        found = self._data.get(name)
        if found is not None and not isinstance(found, str):
            raise invalid(f"{name} is no string")
        return found

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        return _one_of(name, self.optional(name), allowed)

    def flag(self, name: str) -> bool:
        """False where it is missing."""
        found = self._data.get(name)
        if found is not None and not isinstance(found, bool):
            raise invalid(f"{name} is neither true nor false")
        return bool(found)

    def refuse(self, name: str, reason: str) -> None:
        """Raises RequestError where something is said that nothing here can do."""
        if self._data.get(name):
            raise invalid(f"{name} can't be had: {reason}", hint="leave it out")


def _one_of(name: str, found: str | None, allowed: Collection[str]) -> str | None:
    if found is not None and found not in allowed:
        raise invalid(f"{name} can't be {found!r:.80}", hint=f"one of {', '.join(allowed)}")
    return found


class Guard:
    """Lets in who may, to the domain that is served. Besides what a method names, all raise
    UnauthorizedError, ForbiddenError, UnknownDomainError."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._domain: str | None = None

    async def allow(self, query: Query, repository: str, scope: Scope) -> str | None:
        """Who asks, as revisions name them. Raises PackageRepositoryNotFoundError."""
        wanted = query.text("domain")
        by = await self.desk.authorize(query.request, repository, scope)
        await self._check_domain(wanted)
        return by

    async def allow_any(self, query: Query, repository: str) -> None:
        """For whoever may do anything in the repository. Raises PackageRepositoryNotFoundError."""
        token = await self.desk.token(query.request)
        held = (one for one in Scope if token is not None and token.allows(repository, one))
        await self.allow(query, repository, next(held, Scope.READ))

    async def caller(self, query: Query) -> Token:
        """The token of whoever asks about no repository of its own."""
        token = await self.desk.token(query.request)
        if token is None:
            raise UnauthorizedError("this takes a token")
        return token

    async def in_domain(self, query: Query) -> Token:
        """The token of whoever asks about the domain."""
        wanted = query.text("domain")
        token = await self.caller(query)
        await self._check_domain(wanted)
        return token

    async def administrator(self, query: Query) -> Token:
        """The token of whoever may change the domain."""
        token = await self.in_domain(query)
        if not token.allows("*", Scope.ADMIN):
            raise ForbiddenError("this token may not change the domain: that takes admin on *")
        return token

    async def _check_domain(self, wanted: str) -> None:
        """One request, the first time."""
        if self._domain is None:
            self._domain = (await self.desk.read(partial(self.desk.packages.domain))).name
        if wanted != self._domain:
            raise UnknownDomainError(
                HTTPStatus.NOT_FOUND,
                f"there is no domain {wanted!r:.80}",
                hint=f"here is {self._domain!r}",
            )


async def body_of(query: Query, desk: Desk) -> Body:
    """Raises RequestError for a body that is no JSON object, or too long."""
    parts = [one async for one in chunks(query.request, desk.settings, longest=_LONGEST_BODY)]
    raw = b"".join(parts)
    if not raw.strip():
        return Body({})
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BrokenJsonError("the body is not JSON") from error
    if not isinstance(found, dict):
        raise BrokenJsonError("the body is no JSON object")
    return Body(found)

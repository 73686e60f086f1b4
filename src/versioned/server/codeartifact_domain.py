"""CodeArtifact's operations on the domain: repositories, endpoints, tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from starlette.responses import Response

from versioned.packages.domain import Domain, PackageRepository
from versioned.packages.errors import PackageRepositoryExistsError
from versioned.packages.tokens import NewToken, Token
from versioned.server.codeartifact_answers import (
    described_repository,
    domain_answer,
    repository_answer,
    seconds,
)
from versioned.server.codeartifact_errors import AsciiJSON
from versioned.server.codeartifact_operations import Operations
from versioned.server.codeartifact_requests import Guard, Query, body_of, invalid
from versioned.server.problems import ForbiddenError

_LEAST_SECONDS, _MOST_SECONDS = 900, 12 * 3600


class DomainOperations:
    """Who asks needs a token; repositories are shown to those who may do something in them."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._desk = guard.desk

    def operations(self) -> Operations:
        return {
            ("POST", "domains"): self.list_domains,
            ("GET", "domain"): self.describe_domain,
            ("POST", "repositories"): self.list_repositories,
            ("POST", "domain/repositories"): self.list_repositories_in_domain,
            ("GET", "repository"): self.describe_repository,
            ("POST", "repository"): self.create_repository,
            ("GET", "repository/endpoint"): self.get_endpoint,
            ("POST", "authorization-token"): self.get_token,
        }

    async def list_domains(self, query: Query) -> Response:
        """ListDomains: there is one."""
        body = await body_of(query, self._desk)
        body.refuse("nextToken", "there is one domain")
        await self._guard.caller(query)
        return AsciiJSON({"domains": [domain_answer(await self._domain(), query.owner)]})

    async def describe_domain(self, query: Query) -> Response:
        """DescribeDomain."""
        owner = query.owner
        await self._guard.in_domain(query)
        domain = await self._domain()
        count = len(domain.repositories)
        return AsciiJSON({"domain": domain_answer(domain, owner) | {"repositoryCount": count}})

    async def list_repositories(self, query: Query) -> Response:
        """ListRepositories."""
        return await self._listed(query, await self._guard.caller(query))

    async def list_repositories_in_domain(self, query: Query) -> Response:
        """ListRepositoriesInDomain."""
        return await self._listed(query, await self._guard.in_domain(query))

    async def _listed(self, query: Query, token: Token) -> Response:
        owner, paging = query.owner, query.paging
        prefix = query.optional("repository-prefix") or ""
        domain = await self._domain()
        wanted = [
            (one.name, repository_answer(domain, one, owner))
            for one in self._seen(token, domain)
            if one.name.startswith(prefix)
        ]
        part, more = paging.cut(wanted)
        return AsciiJSON({"repositories": part, **more})

    def _seen(self, token: Token, domain: Domain) -> Sequence[PackageRepository]:
        open_to_all = self._desk.settings.anonymous
        named = {*token.scopes, *open_to_all}
        return [one for one in domain.repositories if named & {one.name, "*"}]

    async def describe_repository(self, query: Query) -> Response:
        """DescribeRepository."""
        owner = query.owner
        await self._guard.allow_any(query, query.repository)
        domain = await self._domain()
        found = domain.repository(query.repository)
        return AsciiJSON({"repository": described_repository(domain, found, owner)})

    async def create_repository(self, query: Query) -> Response:
        """CreateRepository: takes `admin` on every repository."""
        name, owner = query.repository, query.owner
        await self._guard.administrator(query)
        body = await body_of(query, self._desk)
        body.refuse("upstreams", "packages come by publishing and promoting alone")
        body.refuse("tags", "repositories have a description")
        description = body.optional("description")

        def create() -> tuple[Domain, PackageRepository]:
            packages = self._desk.packages
            if any(one.name == name for one in packages.domain().repositories):
                raise PackageRepositoryExistsError(f"the repository {name!r} is there already")
            made = packages.create_repository(name, description=description)
            return packages.domain(), made

        domain, made = await self._desk.write(create)
        return AsciiJSON({"repository": described_repository(domain, made, owner)})

    async def get_endpoint(self, query: Query) -> Response:
        """GetRepositoryEndpoint: where pip, twine, uv, npm and curl go."""
        repository, kind = query.repository, query.format
        await self._guard.allow_any(query, repository)
        base = self._desk.base_url(query.request)
        return AsciiJSON({"repositoryEndpoint": f"{base}/{kind}/{repository}/"})

    async def get_token(self, query: Query) -> Response:
        """GetAuthorizationToken: may what the caller's token may, and ends before it does."""
        duration = query.number("duration", least=0, most=_MOST_SECONDS)
        if duration and duration < _LEAST_SECONDS:
            raise invalid(
                f"a token can't last {duration} seconds",
                hint=f"{_LEAST_SECONDS} to {_MOST_SECONDS}, or 0 for as long as it may",
            )
        caller = await self._guard.in_domain(query)
        if caller.parent is not None:
            raise ForbiddenError("a token that came from another one makes no further ones")
        mint = partial(self._minted, caller, duration or _MOST_SECONDS)
        made = await self._desk.write(mint)
        expires = made.token.expires_at
        told = {"expiration": seconds(expires)} if expires is not None else {}
        return AsciiJSON({"authorizationToken": made.secret, **told})

    def _minted(self, caller: Token, duration: float) -> NewToken:
        if caller.expires_at is not None:
            left = (
                datetime.fromisoformat(caller.expires_at) - self._desk.packages.context.store.now()
            )
            duration = min(duration, left.total_seconds())
        return self._desk.packages.create_token(
            caller.name, caller.scopes, seconds=duration, parent=caller, by=caller.name
        )

    async def _domain(self) -> Domain:
        return await self._desk.read(self._desk.packages.domain)

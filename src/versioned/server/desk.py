"""What all routes share: the packages, who asks, threads to work in, and what is remembered."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from versioned.packages import Package, Packages, Revision
from versioned.packages.coordinates import validate_repository_name
from versioned.packages.tokens import Scope, Token
from versioned.server.problems import ForbiddenError, UnauthorizedError
from versioned.server.remembering import Remembered
from versioned.server.settings import Settings

T = TypeVar("T")


class Desk:
    """One for each server. Work on the store is done in threads: reading never waits for those
    who write."""

    def __init__(self, packages: Packages, settings: Settings) -> None:
        self.packages = packages
        self.settings = settings
        self._readers = CapacityLimiter(settings.readers)
        self._writers = CapacityLimiter(settings.writers)
        self._carriers = CapacityLimiter(settings.readers)
        self._tokens: Remembered[str, Token | None] = Remembered(settings.memory)
        self._revisions: Remembered[tuple[str, Package, str], Revision] = Remembered(
            settings.memory
        )

    async def read(self, call: Callable[[], T]) -> T:
        """Run what reads from the store in a thread."""
        return await to_thread.run_sync(call, limiter=self._readers)

    async def carry(self, call: Callable[[], T]) -> T:
        """Run what reads the bytes of an asset in a thread: pages never wait for those."""
        return await to_thread.run_sync(call, limiter=self._carriers)

    async def write(self, call: Callable[[], T]) -> T:
        """Run what changes something in a thread. It goes on where the client goes away."""
        return await to_thread.run_sync(call, limiter=self._writers, abandon_on_cancel=False)

    def base_url(self, request: Request) -> str:
        """How the client reaches this server, without a slash at its end."""
        return (self.settings.public_url or str(request.base_url)).rstrip("/")

    async def authorize(self, request: Request, repository: str, scope: Scope) -> str | None:
        """Who asks, as revisions name them; `None` for anybody where all may read.

        Raises UnauthorizedError, ForbiddenError, and PackageRepositoryNotFoundError for those who
        would be allowed.
        """
        validate_repository_name(repository)
        token = await self.token(request)
        open_to_all = scope is Scope.READ and repository in self.settings.anonymous
        if not open_to_all and token is None:
            raise UnauthorizedError(f"{repository} takes a token")
        if not open_to_all and token is not None and not token.allows(repository, scope):
            raise ForbiddenError(f"this token may not {scope} in {repository}")
        await self.read(partial(self.packages.repository, repository))
        return token.name if token else None

    async def token(self, request: Request) -> Token | None:
        """The token that a request carries; `None` where it has none. Raises UnauthorizedError for
        one that is wrong, revoked or expired."""
        secret = secret_of(request)
        if secret is None:
            return None
        if not secret:
            raise UnauthorizedError("no token came along; AWS's clients send AWS_SESSION_TOKEN")
        key = hashlib.sha256(secret.encode(errors="replace")).hexdigest()
        look_up = partial(self._tokens.get, key, partial(self.packages.find_token, secret))
        token = await self.read(look_up)
        if token is None or not token.is_valid(self.packages.context.store.now()):
            raise UnauthorizedError("this token is not valid, or not any more")
        request.state.token = token
        return token

    def revision(self, repository: str, package: Package, version: str) -> Revision:
        """What a version was within the last seconds: for what may not change, such as the bytes
        under a name with their sha256. Who does not find something in it forgets it and looks
        again: another server may have added it. Raises PackageVersionNotFoundError."""
        key = (repository, package, version)
        look_up = partial(self.packages.describe_package_version, *key)
        return self._revisions.get(key, look_up)

    def forget(self, repository: str, package: Package, version: str) -> None:
        """Look it up next time: after a change, or where what was looked for is missing."""
        self._revisions.forget((repository, package, version))


def secret_of(request: Request) -> str | None:
    """The token that a request carries: as the password of Basic, as Bearer, or as the session
    token of AWS's signature. `None` without any."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            user_password = base64.b64decode(rest.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return user_password.partition(":")[2]
    if scheme.startswith("AWS4"):
        return request.headers.get("x-amz-security-token", "")
    return None

"""The way to ECR: two clients made when they are needed, and errors in our words."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import boto3
from botocore.config import Config

from versioned.errors import InvalidInputError, VersionedError
from versioned.images.errors import RegistryError
from versioned.images.reference import validate_host, validate_region, validate_repository
from versioned.images.registries.ecr_errors import EcrRequest, as_ours
from versioned.stores.s3_answers import REMOTE_ERRORS, code_of

_ACCOUNT = re.compile(r"[0-9]{12}")
_ATTEMPTS = 8
_CONNECT_TIMEOUT = 10
_READ_TIMEOUT = 60

_MAX_PAGES = 10_000
_BATCH = 100
"""Images that ECR takes in one request."""

Clients = Callable[[str, str], Any]
"""Makes a boto3 client, of a service and a region."""


def make_client(service: str, region: str) -> Any:  # noqa: ANN401 - boto3 knows no better
    """A client that tries again when it is throttled, and never waits for ever."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        connect_timeout=_CONNECT_TIMEOUT,
        read_timeout=_READ_TIMEOUT,
    )
    session: Any = boto3.Session()
    return session.client(service, region_name=region, config=config)


def in_batches(digests: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at once as ECR takes."""
    for start in range(0, len(digests), _BATCH):
        yield digests[start : start + _BATCH]


class EcrConnection:
    """The private registry of an account in a region. Safe to use from several threads.

    Without an `account` it is that of the credentials, asked for when it is needed and once. With
    one, ECR is told whose registry is meant, so credentials of another account are refused or
    have to be let in. Raises InvalidInputError.
    """

    def __init__(
        self, region: str, *, account: str | None, host: str | None, clients: Clients
    ) -> None:
        if account is not None and not _ACCOUNT.fullmatch(account):
            raise InvalidInputError(f"{account[:40]!r} is no AWS account", hint="it has 12 digits")
        self.region = validate_region(region)
        self._named = account
        self._account = account
        self._host = validate_host(host) if host is not None else None
        self._make = clients
        self._made: dict[str, Any] = {}
        self._lock = threading.RLock()

    @property
    def account(self) -> str:
        """Raises AccessDeniedError, StoreUnavailableError."""
        with self._lock:
            if self._account is None:
                self._account = str(self.call("get_caller_identity", service="sts")["Account"])
            return self._account

    @property
    def host(self) -> str:
        """What stands before the first slash of its images."""
        if self._host is not None:
            return self._host
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"{self.account}.dkr.ecr.{self.region}.{domain}"

    def offers(self, operation: str) -> bool:
        """Whether the client that is installed knows the operation."""
        return hasattr(self._client("ecr"), operation)

    def reads(self, shape: str, member: str) -> bool:
        """Whether the client that is installed would pass on a member of an answer."""
        return member in self._client("ecr").meta.service_model.shape_for(shape).members

    def call(
        self,
        operation: str,
        repository: str | None = None,
        *,
        service: str = "ecr",
        **parameters: Any,  # noqa: ANN401 - the operation's own
    ) -> dict[str, Any]:
        """The answer to one request. Raises what `Registry` raises."""
        request = EcrRequest(operation, self.region, self._account, repository)
        if repository is not None:
            validate_repository(repository)
            is_many = operation == "describe_repositories"
            parameters |= (
                {"repositoryNames": [repository]} if is_many else {"repositoryName": repository}
            )
        if self._named and (repository is not None or operation == "describe_repositories"):
            parameters["registryId"] = self._named
        client = self._client(service)
        try:
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except REMOTE_ERRORS as error:
            raise as_ours(error, request) from error
        return answer

    def call_unless(
        self,
        codes: Collection[str],
        operation: str,
        repository: str | None = None,
        **parameters: Any,  # noqa: ANN401 - the operation's own
    ) -> dict[str, Any] | None:
        """The same; `None` where ECR answers with an error of one of these codes."""
        try:
            return self.call(operation, repository, **parameters)
        except VersionedError as error:
            if code_of(error.__cause__) in codes:
                return None
            raise

    def pages(
        self,
        key: str,
        operation: str,
        repository: str | None = None,
        **parameters: Any,  # noqa: ANN401 - the operation's own
    ) -> Iterator[dict[str, Any]]:
        """Everything under `key`, of all pages."""
        token = None
        for _ in range(_MAX_PAGES):
            answer = self.call(operation, repository, **parameters)
            yield from answer.get(key, ())
            following = answer.get("nextToken")
            if not following:
                return
            if following == token:
                raise RegistryError(
                    f"{EcrRequest(operation, self.region, self._account, repository)}: "
                    "the same page is announced again and again",
                    hint="the server is not ECR, or is damaged",
                )
            parameters["nextToken"] = token = following
        raise RegistryError(
            f"{EcrRequest(operation, self.region, self._account, repository)}: no end of pages",
            hint="the server is not ECR, or is damaged",
        )

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3's own
        with self._lock:
            if service not in self._made:
                try:
                    self._made[service] = self._make(service, self.region)
                except (*REMOTE_ERRORS, ValueError) as error:
                    request = EcrRequest("connect", self.region, self._account)
                    raise as_ours(error, request) from error
            return self._made[service]

"""What all operations on one domain of packages share."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from versioned.context import Context
from versioned.errors import ObjectNotFoundError, RepositoryNotFoundError
from versioned.packages.domain import Domain, PackageRepository, decode_domain
from versioned.packages.errors import DomainNotFoundError, PackageRepositoryNotFoundError
from versioned.packages.layout import DOMAIN_KEY
from versioned.packages.package_locks import PackageLocks

_PAUSE = 0.02
_LONGEST_PAUSE = 1.0
HEARD_WITHIN = 30.0
"""Seconds until each process that publishes has heard of a change of the domain."""


@dataclass(slots=True)
class Room:
    """A domain's store with who acts, the locks of this process, and the domain as it was read.

    Repositories are looked up in what was read; one that is not in it is asked for anew, and so
    is what was read longer ago than the caller takes.
    """

    context: Context
    locks: PackageLocks = field(default_factory=PackageLocks)
    pages: PackageLocks = field(default_factory=PackageLocks)
    clock: Callable[[], float] = time.monotonic
    _domain: Domain | None = None
    _read_at: float = 0.0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def domain(self, *, anew: bool = False) -> Domain:
        """One request, or none where it is known. Raises DomainNotFoundError."""
        with self._guard:
            known = self._domain
        if known is not None and not anew:
            return known
        try:
            _, raw = self.context.read(DOMAIN_KEY)
        except (ObjectNotFoundError, RepositoryNotFoundError):
            raise DomainNotFoundError(
                f"no packages are kept in {self.context.store.uri('')}",
                hint="versioned packages init makes a domain there",
            ) from None
        found = decode_domain(raw)
        self.remember(found)
        return found

    def remember(self, domain: Domain) -> None:
        """What the domain is known to be."""
        with self._guard:
            self._domain = domain
            self._read_at = self.clock()

    def repository(self, name: str, *, lately: bool = False) -> PackageRepository:
        """With `lately` as it was at most `HEARD_WITHIN` seconds ago. Raises
        PackageRepositoryNotFoundError, InvalidPackageError."""
        with self._guard:
            anew = lately and self.clock() - self._read_at > HEARD_WITHIN
        try:
            return self.domain(anew=anew).repository(name)
        except PackageRepositoryNotFoundError:
            return self.domain(anew=True).repository(name)

    def pause(self, attempt: int) -> None:
        """Wait before another try, so that many who race don't race on in step."""
        longest = min(_LONGEST_PAUSE, _PAUSE * 2 ** min(attempt, 10))
        self.context.sleep(random.uniform(0, longest))  # noqa: S311 - guards nothing

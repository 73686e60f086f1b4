"""Making a domain and its repositories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from versioned.context import stamp
from versioned.errors import (
    ObjectNotFoundError,
    PreconditionFailedError,
    RepositoryNotFoundError,
)
from versioned.naming import validate_word
from versioned.packages import layout
from versioned.packages.coordinates import validate_repository_name
from versioned.packages.domain import (
    Domain,
    PackageRepository,
    decode_domain,
    encode_domain,
    refuse_circle,
)
from versioned.packages.errors import (
    DomainNotFoundError,
    PackageConflictError,
    PackageRepositoryExistsError,
)
from versioned.packages.room import Room
from versioned.pipelines.fields import check_note

_ATTEMPTS = 20


def create_domain(room: Room, name: str) -> Domain:
    """Make the store where it is missing, see what it enforces, and write the domain. Idempotent.

    Raises PackageRepositoryExistsError where the domain has another name, UnsafeStoreError.
    """
    validate_repository_name(name)
    room.context.store.create()
    room.context.capabilities()

    def decide(found: Domain | None) -> Domain:
        if found is not None and found.name != name:
            raise PackageRepositoryExistsError(
                f"{room.context.store.uri('')} is the domain {found.name!r}, not {name!r}",
                hint="use that name, or another place",
            )
        return found or Domain(name, stamp(room.context.store.now()))

    return _change(room, decide)


def create_repository(
    room: Room,
    name: str,
    *,
    description: str | None,
    requires: Sequence[str] | None,
    sources: Sequence[str] | None,
) -> PackageRepository:
    """Make a repository, or change what is said of it: `None` leaves that as it is. Idempotent.

    Raises DomainNotFoundError, InvalidPackageError, InvalidNameError, and for sources
    PackageRepositoryNotFoundError, InvalidInputError, also for those that lead back to it.
    """
    validate_repository_name(name)
    check_note("description", description)
    checks = (
        None
        if requires is None
        else tuple(sorted({validate_word("a check", one) for one in requires}))
    )

    def decide(found: Domain | None) -> Domain:
        if found is None:
            raise DomainNotFoundError(
                f"no packages are kept in {room.context.store.uri('')}",
                hint="versioned packages init makes a domain there",
            )
        others = {one.name: one for one in found.repositories}
        made = others.get(name) or PackageRepository(name, stamp(room.context.store.now()))
        if description is not None:
            made = replace(made, description=description)
        if checks is not None:
            made = replace(made, requires=checks)
        if sources is not None:
            made = replace(made, sources=_known(found, sources))
        others[name] = made
        after = replace(found, repositories=tuple(others[one] for one in sorted(others)))
        if sources is not None:
            refuse_circle(after, name)
        return after

    return _change(room, decide).repository(name)


def _known(domain: Domain, names: Sequence[str]) -> tuple[str, ...]:
    """Raises PackageRepositoryNotFoundError, InvalidPackageError."""
    return tuple(sorted({domain.repository(name).name for name in names}))


def _change(room: Room, decide: Callable[[Domain | None], Domain]) -> Domain:
    for attempt in range(_ATTEMPTS):
        found, etag = _read(room)
        wanted = decide(found)
        if wanted == found or _written(room, wanted, etag):
            room.remember(wanted)
            return wanted
        room.pause(attempt)
    raise PackageConflictError("the domain is changed by others all the time", hint="repeat it")


def _read(room: Room) -> tuple[Domain | None, str | None]:
    try:
        info, raw = room.context.read(layout.DOMAIN_KEY)
    except (ObjectNotFoundError, RepositoryNotFoundError):
        return None, None
    return decode_domain(raw), info.etag


def _written(room: Room, domain: Domain, etag: str | None) -> bool:
    try:
        room.context.write(
            layout.DOMAIN_KEY, encode_domain(domain), if_absent=etag is None, if_match=etag
        )
    except PreconditionFailedError:
        return False
    return True

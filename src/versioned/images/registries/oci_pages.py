"""Lists that come in pages: tags, repositories, referrers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress

from versioned.errors import AccessDeniedError
from versioned.images.errors import (
    ImageRepositoryNotFoundError,
    RegistryError,
    UnsupportedByRegistryError,
)
from versioned.images.reference import validate_repository, validate_tag
from versioned.images.registries.answers import Answer
from versioned.images.registries.tokens import Access
from versioned.images.registries.transport import PAGE_SIZE, Transport

_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*?\brel\s*=\s*"?next"?', re.IGNORECASE)
_COUNT = 1000
"""Of a page; more are refused by some registries."""
_MAX_LINK = 8192
_MAX_PAGES = 10_000


def list_tags(transport: Transport, repository: str) -> list[str]:
    """All tags, sorted. Raises ImageRepositoryNotFoundError."""
    access = Access(repository)
    path = f"/v2/{validate_repository(repository)}/tags/list?n={_COUNT}"
    first = transport.request("GET", path, access, limit=PAGE_SIZE)
    if first.is_missing:
        _check_registry(transport, first)
        raise ImageRepositoryNotFoundError(
            f"{transport.origin.host} has no repository {repository}, or no tag in it",
            hint="versioned images list shows all that there are",
        )
    answers = pages(transport, first, access)
    return sorted({tag for answer in answers for tag in _texts(answer, "tags", validate_tag)})


def has_repository(transport: Transport, repository: str) -> bool:
    """False where the registry says that it has none; one that lets nobody list tags has it.
    Raises RegistryError where it is no registry."""
    path = f"/v2/{validate_repository(repository)}/tags/list?n=1"
    with suppress(AccessDeniedError):
        answer = transport.request("GET", path, Access(repository), limit=PAGE_SIZE)
        if answer.is_missing:
            _check_registry(transport, answer)
        return not answer.is_missing
    return True


def _check_registry(transport: Transport, answer: Answer) -> None:
    """Whether it is a registry that says 404: others don't say why. Raises RegistryError."""
    if answer.code:
        return
    with suppress(AccessDeniedError):
        version = transport.request("GET", "/v2/", Access())
        if version.is_missing:
            raise RegistryError(
                f"{transport.origin.host} is no registry: {version.asked} was answered with "
                f"{version.reason}",
                hint="name the host, and the port, of a registry",
            )


def list_repositories(transport: Transport) -> list[str]:
    """The paths of all, sorted. Raises UnsupportedByRegistryError."""
    access = Access()
    first = transport.request("GET", f"/v2/_catalog?n={_COUNT}", access, limit=PAGE_SIZE)
    if first.is_missing:
        raise UnsupportedByRegistryError(
            f"{transport.origin.host} does not list its repositories",
            hint="name the repository that is meant",
        )
    found = (
        _texts(answer, "repositories", validate_repository)
        for answer in pages(transport, first, access)
    )
    return sorted({name for names in found for name in names})


def pages(transport: Transport, first: Answer, access: Access) -> Iterator[Answer]:
    """Every page of a list, the first given. Raises RegistryError where they lead elsewhere or
    round in circles or are more than 10,000, and whatever `Answer.failure` makes of an answer that is none."""
    answer, seen = first, {first.url}
    while True:
        if not answer.is_good:
            raise answer.failure()
        yield answer
        match = _NEXT.search((answer.headers.get("Link") or "")[:_MAX_LINK])
        if not match:
            return
        url = transport.origin.follow(answer.url, match[1])
        if len(seen) == _MAX_PAGES or url in seen or not transport.origin.owns(url):
            raise RegistryError(
                f"{answer.asked}: the pages of the list lead in a circle, elsewhere, or to no end",
                hint="that registry is broken: ask whoever runs it",
            )
        seen.add(url)
        answer = transport.request("GET", url, access, limit=PAGE_SIZE)


def _texts(answer: Answer, key: str, validate: Callable[[str], str]) -> list[str]:
    try:
        found = json.loads(answer.body)[key] or []
        if not isinstance(found, list):
            raise TypeError(key)
        return [validate(text) for text in found]
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise RegistryError(
            f"{answer.asked} was answered with no list of {key}",
            hint="that is no registry, or one that is broken",
        ) from error

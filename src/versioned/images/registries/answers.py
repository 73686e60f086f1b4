"""What a registry answered, and what that means to the caller."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from versioned.checks.base import clean_reason
from versioned.errors import AccessDeniedError, VersionedError
from versioned.images.errors import (
    ImageNotFoundError,
    ImageRepositoryNotFoundError,
    RegistryError,
    UnsupportedByRegistryError,
)

NAME_UNKNOWN = "NAME_UNKNOWN"
_REDIRECTS = 300
_EXCERPT = 200
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_NOT_OFFERED = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of a registry. `url` is where it came from; `asked` says what was asked for,
    for people: `GET https://host/v2/app/tags/list`, without the query, which may be signed.
    Bodies and headers may have tokens: none of them is shown."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    asked: str

    @property
    def is_good(self) -> bool:
        """2xx."""
        return HTTPStatus.OK <= self.status < _REDIRECTS

    @property
    def is_missing(self) -> bool:
        """404."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def code(self) -> str:
        """The registry's own code of the first error, such as MANIFEST_UNKNOWN; may be empty."""
        return str(_first_error(self.body).get("code") or "")

    @property
    def reason(self) -> str:
        """The status, and the registry's own words, in one printable line of bounded length."""
        error = _first_error(self.body)
        said = [str(error[key])[:_EXCERPT] for key in ("code", "message") if error.get(key)]
        return clean_reason(f"{self.status} {': '.join(said)}")

    def failure(self, what: str = "") -> VersionedError:
        """The error that stands for it; `what` is the thing that a 404 would mean is not there."""
        said = f"{self.asked} was answered with {self.reason}"
        if self.status in _DENIED:
            return AccessDeniedError(said, hint="your credentials may not do this")
        if self.is_missing and what:
            kind = ImageRepositoryNotFoundError if self.code == NAME_UNKNOWN else ImageNotFoundError
            return kind(f"{what} is not there: {said}", hint="versioned images list shows what is")
        if self.status in _NOT_OFFERED:
            return UnsupportedByRegistryError(said, hint="this registry does not offer that")
        return RegistryError(said, hint="that is the registry's own word: see its documentation")


def _first_error(body: bytes) -> dict[str, Any]:
    """The first of the errors as the specification has them; also Harbor's and Docker Hub's."""
    try:
        document = json.loads(body) if body else {}
        errors = document.get("errors") or [document]
        error = errors[0]
    except (ValueError, RecursionError, AttributeError, LookupError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}

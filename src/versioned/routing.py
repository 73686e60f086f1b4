"""Which version a key gets. Pure; the same answer in any language.

    bucket = first 8 bytes of SHA-256("{artifact}/{alias}/{key}" as UTF-8), big-endian,
             times 10000, divided by 2**64, rounded down                  (0 .. 9999)
    each canary, in the order in which they are listed, gets the next so many buckets as it
    has basis points (hundredths of a percent), from 0 on; the primary version gets the rest

A key's bucket never changes. So while no canary's share shrinks, a key only ever moves towards
the front of the list: to an earlier canary, or from the primary version to one; never back.
Neither name can hold a slash, so no two inputs collide. The specification with its test
vectors is `docs/formats/routing.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from versioned.errors import InvalidInputError

BUCKETS = 10_000


def bucket(name: str, alias: str, key: str) -> int:
    """The bucket of a key, from 0 to 9999. Raises InvalidInputError for what is no Unicode."""
    try:
        told = f"{name}/{alias}/{key}".encode()
    except UnicodeEncodeError:
        raise InvalidInputError(
            f"the key {key!r} is not valid Unicode", hint="lone surrogates have no UTF-8 form"
        ) from None
    digest = hashlib.sha256(told).digest()
    return int.from_bytes(digest[:8], "big") * BUCKETS >> 64


def canary_of(name: str, alias: str, key: str, shares: Iterable[tuple[str, int]]) -> str | None:
    """The canary that a key goes to, `None` for the primary version.

    `shares` are the canaries with their basis points, in order.
    """
    left = bucket(name, alias, key)
    for version, basis_points in shares:
        if left < basis_points:
            return version
        left -= basis_points
    return None

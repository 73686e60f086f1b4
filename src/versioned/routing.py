"""Which version a key gets. Pure; the same answer in any language.

    bucket = first 8 bytes of SHA-256("{artifact}/{alias}/{key}" as UTF-8), big-endian,
             times 10000, divided by 2**64, rounded down                  (0 .. 9999)
    the secondary version gets the key when bucket < weight in percent * 100

A key's bucket never changes, so a growing weight only ever moves keys from the primary to the
secondary version. Neither names can hold a slash, so no two inputs collide. The specification
with its test vectors is `docs/formats/routing.md`.
"""

from __future__ import annotations

import hashlib

BUCKETS = 10_000


def bucket(name: str, alias: str, key: str) -> int:
    """The bucket of a key, from 0 to 9999."""
    digest = hashlib.sha256(f"{name}/{alias}/{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") * BUCKETS >> 64


def routes_to_secondary(name: str, alias: str, key: str, weight: int) -> bool:
    """Whether a key goes to the secondary version at a weight of 0 to 99 percent."""
    return bucket(name, alias, key) < weight * (BUCKETS // 100)

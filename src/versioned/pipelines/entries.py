"""Rooms of numbered entries, each created once and linked by hash to the one before.

Verdicts and approvals lie in such rooms, and credentials can be bound to one room. In a policy
of S3 a `*` matches slashes too, so whoever may write to one room may also make keys that lie
deeper in another: only what lies right in a room is an entry of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

from versioned import layout
from versioned.context import Context
from versioned.errors import ContaminatedError
from versioned.stores.base import ListedObject

LAST_POSITION = 99_999_999

T = TypeVar("T")


def listed_entries(context: Context, folder: str) -> list[ListedObject]:
    """The entries of a room, the newest first. One LIST for each 1000."""
    return [line for line in context.listed(folder) if "/" not in line.key[len(folder) :]]


def append_entry(
    context: Context,
    folder: str,
    draft: Callable[[int, str], T],
    encode: Callable[[T], bytes],
) -> T:
    """Write the next entry, whoever else does so at the same time, and return it.

    `draft` makes it from its position and the SHA-256 of the entry before. Two or three steps,
    and two more for each time that somebody else was faster. Raises ContaminatedError.
    """
    listed = listed_entries(context, folder)
    position, previous = 0, ""
    if listed:
        position = layout.position_of_ledger_key(listed[0].key)
        previous = _digest(context, listed[0].key)
    while position < LAST_POSITION:
        entry = draft(position + 1, previous)
        key = layout.entry_key(folder, position + 1)
        if context.create_once(key, encode(entry)):
            return entry
        position, previous = position + 1, _digest(context, key)
    raise ContaminatedError(
        f"{folder!r} is full: its newest entry has the position {position}",
        hint="something else wrote it; move that object away",
    )


def _digest(context: Context, key: str) -> str:
    return hashlib.sha256(context.read(key)[1]).hexdigest()


def newest_of_each(folder: str, keys: Iterable[str]) -> list[str]:
    """Of keys `{room}/{entry}` below a folder, in order, the newest of each room; others are
    passed over."""
    newest: dict[str, str] = {}
    for key in keys:
        room, slash, entry = key[len(folder) :].partition("/")
        if slash and "/" not in entry:
            newest.setdefault(room, key)
    return list(newest.values())

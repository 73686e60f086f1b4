"""What crashes leave in a local store: files that no object refers to."""

from __future__ import annotations

import sqlite3

from versioned.stores.local_blobs import Blobs
from versioned.stores.local_database import Database
from versioned.stores.local_files import Leftover
from versioned.stores.local_rows import is_referenced, referenced_blobs


def sweep_unfinished(blobs: Blobs, age: float, *, mend: bool) -> list[str]:
    """Files of writes that never ended, a sentence each; removed with `mend`."""
    found = blobs.old_unfinished(age)
    if mend:
        for leftover in found:
            leftover.path.unlink(missing_ok=True)
    return [_sentence("an interrupted write left tmp/{name}", one, mend=mend) for one in found]


def sweep_orphans(database: Database, blobs: Blobs, age: float, *, mend: bool) -> list[str]:
    """Blobs that no object refers to, a sentence each; removed with `mend`."""
    sentences: list[str] = []
    for shard in blobs.shards():
        found = _orphans(database, blobs, shard, age)
        if found and mend:
            found = _remove(database, blobs, found)
        sentences += [_sentence("no object refers to blob {name}", one, mend=mend) for one in found]
    return sentences


def _orphans(database: Database, blobs: Blobs, shard: str, age: float) -> list[Leftover]:
    found = blobs.old_blobs(shard, age)
    if not found:
        return []
    referenced = database.read(lambda connection: referenced_blobs(connection, shard))
    return [leftover for leftover in found if leftover.path.name not in referenced]


def _remove(database: Database, blobs: Blobs, found: list[Leftover]) -> list[Leftover]:
    def change(connection: sqlite3.Connection) -> list[Leftover]:
        orphans = [one for one in found if not is_referenced(connection, one.path.name)]
        for orphan in orphans:
            blobs.remove(orphan.path.name)
        return orphans

    return database.write(change)


def _sentence(text: str, leftover: Leftover, *, mend: bool) -> str:
    sentence = f"{text.format(name=leftover.path.name)} ({leftover.size} bytes)"
    return f"{sentence}; removed" if mend else sentence

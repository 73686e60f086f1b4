"""Which operations are measured, in the order in which each finds what it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.workers import Call, call

SMALL = 1024
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the table.

    `before` is done first, without delay and unmeasured. `budget` are the steps that DESIGN
    allows, `found` is what the call has to return on both sides.
    """

    label: str
    call: Call
    before: tuple[Call, ...] = ()
    budget: int | None = None
    found: int | None = None
    ours_only: bool = False


def operations(number: int, *, versions: int, conditional_copy: bool) -> list[Operation]:
    """All operations of one round, on artifacts of its own."""
    return [
        *_writing(f"app{number}", 100 * number, large_budget=3 if conditional_copy else 6),
        *_reading(f"app{number}", f"read{number}"),
        *_aliases(f"app{number}"),
        *_many(f"many{number}", versions),
    ]


def _writing(name: str, seed: int, *, large_budget: int) -> list[Operation]:
    def put(seed: int, size: int = SMALL) -> Call:
        return call("put", name=name, seed=seed, size=size)

    publish = call("publish", name=name)
    large = 12 * MEBIBYTE
    return [
        Operation("put, unchanged", put(seed), (put(seed),), budget=1),
        Operation("put, changed", put(seed + 1), budget=2),
        Operation("publish, unchanged", publish, (publish,), budget=2, found=1),
        Operation("publish, new, 1 KiB", publish, (put(seed + 2),), budget=3, found=2),
        Operation(
            "publish, new, 12 MiB",
            publish,
            (put(seed + 3, large), publish, put(seed + 4, large)),
            budget=large_budget,
            found=4,
        ),
    ]


def _reading(name: str, other: str) -> list[Operation]:
    prepare = (
        call("put", name=other, seed=0, size=MEBIBYTE),
        call("publish", name=other),
        call("put_alias", name=other, alias="prod", version=1),
        call("read_alias_cached", name=other, alias="prod"),
    )
    alias = {"name": other, "alias": "prod"}
    return [
        Operation("get version", call("get_version", name=name, version=1), budget=1, found=1),
        Operation("get alias", call("get_alias", **alias), prepare, budget=1, found=1),
        Operation("read 1 MiB", call("read", name=other, version=1), budget=1, found=MEBIBYTE),
        Operation(
            "resolve alias, read 1 MiB", call("read_alias", **alias), budget=2, found=MEBIBYTE
        ),
        Operation(
            "the same, bytes in our cache",
            call("read_alias_cached", **alias),
            budget=1,
            found=MEBIBYTE,
        ),
    ]


def _aliases(name: str) -> list[Operation]:
    def put(alias: str, version: int) -> Call:
        return call("put_alias", name=name, alias=alias, version=version)

    list_all = call("list_aliases", name=name)
    history = call("history", name=name, alias="prod")
    rollback = call("rollback", name=name, alias="prod")
    two, more = (put("b", 1), put("c", 1)), tuple(put(f"d{n}", 1) for n in range(17))
    return [
        Operation("put alias, new", put("prod", 1), budget=2),
        Operation("put alias, update", put("prod", 2), budget=3),
        Operation("history of an alias", history, ours_only=True, found=2),
        Operation("rollback", rollback, ours_only=True, found=1),
        Operation("delete a version, 1 alias", call("delete_version", name=name, version=3)),
        Operation("list 3 aliases", list_all, two, budget=2, found=3),
        Operation("list 20 aliases", list_all, more, budget=2, found=20),
    ]


def _many(name: str, versions: int) -> list[Operation]:
    list_all = call("list_versions", name=name)
    seed = call("seed_versions", name=name, count=versions)
    aged = call("pause", seconds=1.5)  # the clock of a store may tell whole seconds only
    pages = math.ceil((versions + 1) / 1000)
    return [
        Operation(f"list {versions} versions, first time", list_all, (seed,), found=versions + 1),
        Operation(f"list {versions} versions, again", list_all, budget=pages, found=versions + 1),
        Operation(f"purge {versions} versions", call("purge", name=name), (aged,), found=versions),
    ]

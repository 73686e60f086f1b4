"""What sources that ask AWS have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE = 8


def listed(client: Any, operation: str, key: str, **options: str) -> Iterator[Any]:  # noqa: ANN401 - botocore's
    """Everything that a listing has, page by page. Raises KeyError for a page without it."""
    for page in client.get_paginator(operation).paginate(**options):
        yield from page[key]


def in_batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """As many at once as one request takes."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def at_once(call: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results in order; a few requests at once. Raises the first error."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="versioned-aws") as pool:
        return list(pool.map(call, items))


def code_of(error: Exception) -> str:
    """The code of an error of botocore, empty where it has none."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))

"""Requests that don't wait for each other, run as one step. Round trips are the unit of cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from versioned.errors import ObjectNotFoundError
from versioned.stores.base import Store

T = TypeVar("T")


class Pending(Generic[T]):
    """A result that is there once its step has run."""

    __slots__ = ("result",)

    result: T


class Step:
    """Collects requests inside `with`, and runs them at once when the block ends.

    All of them run; then the first error is raised, in the order in which they were added.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._calls: list[Callable[[], None]] = []

    def add(self, call: Callable[[], T]) -> Pending[T]:
        """Ask for one more request. The result must not be read before the block has ended."""
        pending: Pending[T] = Pending()

        def run() -> None:
            pending.result = call()

        self._calls.append(run)
        return pending

    def add_optional(self, call: Callable[[], T]) -> Pending[T | None]:
        """Like `add`; a missing object gives `None`."""
        return self.add(lambda: or_none(call))

    def __enter__(self) -> Step:  # noqa: PYI034 - nobody subclasses a step
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._calls:
            self._store.gather(*self._calls)


def gathered(store: Store, calls: Sequence[Callable[[], T]], *, at_once: int) -> list[T]:
    """The results of any number of calls in order, so many of them in a step. Steps within a call
    run one after the other."""
    results: list[T] = []
    for start in range(0, len(calls), at_once):
        results += store.gather(*calls[start : start + at_once])
    return results


def or_none(call: Callable[[], T]) -> T | None:
    """The result of a request, or `None` where the object is missing."""
    try:
        return call()
    except ObjectNotFoundError:
        return None

"""Independent requests at once."""

from __future__ import annotations

import contextvars
import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

WORKERS = 32

_is_worker = contextvars.ContextVar("versioned_is_worker", default=False)


class Workers:
    """Threads that are started when they are first needed, and end with this object.

    A forked child has none of its parent's threads, and starts its own.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0

    def gather(self, *calls: Callable[[], T]) -> list[T]:
        """Results in order; waits for all, then raises the first error. A single call runs in
        this thread, and so do calls within a call: they could wait for each other for ever."""
        if len(calls) == 1:
            return [calls[0]()]
        if _is_worker.get():
            return _outcomes([_run_here(call) for call in calls])
        pool = self._started()
        futures = [pool.submit(contextvars.copy_context().run, _work, call) for call in calls]
        wait(futures)
        return _outcomes(futures)

    def close(self) -> None:
        """Ends the threads; they are started again when they are needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def _started(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None or self._process != os.getpid():
                self._process = os.getpid()
                self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="versioned-s3")
                weakref.finalize(self, self._pool.shutdown, wait=False)
            return self._pool


def _work(call: Callable[[], T]) -> T:
    _is_worker.set(True)
    return call()


def _run_here(call: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(call())
    except Exception as error:  # noqa: BLE001 - raised again when the others have run
        future.set_exception(error)
    return future


def _outcomes(futures: list[Future[T]]) -> list[T]:
    for future in futures:
        error = future.exception()
        if error is not None:
            raise error
    return [future.result() for future in futures]

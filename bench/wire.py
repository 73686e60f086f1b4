"""Delays and records every request below botocore. Runs in both environments, so it imports
nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

Interval = tuple[float, float]
"""When a request was asked for and when its answer began, by the monotonic clock."""


class Wire:
    """The requests of all clients of this process; each waits `delay` seconds before it is sent.

    The wait belongs to the request, as the way to a distant server would.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self._sent: list[Interval] = []

    def tap(self) -> None:
        """Put this wire below botocore, for the rest of the process."""
        send = URLLib3Session.send

        def delayed(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
            started = time.monotonic()
            time.sleep(self.delay)
            try:
                return send(session, request)
            finally:
                self._sent.append((started, time.monotonic()))

        URLLib3Session.send = delayed  # type: ignore[method-assign, assignment]

    def take(self) -> list[Interval]:
        """What was sent since the last time."""
        sent, self._sent = self._sent, []
        return sent


def count_steps(sent: Iterable[Interval]) -> int:
    """How often somebody had to wait: the longest chain of requests that don't overlap in time."""
    steps, free = 0, float("-inf")
    for started, ended in sorted(sent, key=lambda interval: interval[1]):
        if started >= free:
            steps, free = steps + 1, ended
    return steps

"""Running the application until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp


def serve(
    app: ASGIApp,
    listening: socket.socket,
    *,
    grace_seconds: int,
    most_connections: int,
    started: Callable[[], None],
) -> None:
    """Answer on a socket until SIGTERM or SIGINT; then take nothing new, and give what is under
    way so many seconds. `started` is called once it answers."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",  # what went wrong is in our own log
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=grace_seconds,
        limit_concurrency=most_connections,
        lifespan="off",
    )
    # Inherited by every connection; without it each answer on one that is kept waits 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _Announcing(config, started).run(sockets=[listening])


class _Announcing(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._announce()

"""Running the application until it is told to stop."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable
from typing import ClassVar

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from versioned.server.metrics import Metrics
from versioned.server.observing import Observed

_MOST_FILES = 65536


def serve(
    app: Observed,
    listening: socket.socket,
    *,
    grace_seconds: int,
    most_connections: int,
    keep_alive: int,
    patience: float,
    slowest_upload: int,
    started: Callable[[], None],
) -> None:
    """Answer on a socket until SIGTERM or SIGINT; then take nothing new, and give what is under
    way so many seconds. `started` is called once it answers. A connection on which nothing is
    asked stays for `keep_alive` seconds, and gives way where there would be more than
    `most_connections`; beyond them the answer is 503. A client that stops in the middle of asking,
    or does not take what it asked for, for `patience` seconds is cut off; so is one that goes on
    sending what was refused at less than `slowest_upload` bytes a second on average."""
    _allow_files()
    manners = {"patience": patience, "slowest_upload": slowest_upload, "metrics": app.metrics}
    config = uvicorn.Config(
        app,
        http=type("Patient", (_Patient,), manners),
        ws="none",
        log_config=None,
        log_level="critical",  # what went wrong is in our own log
        access_log=False,
        server_header=False,
        timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=grace_seconds,
        limit_concurrency=most_connections + 1,  # it refuses at this number, not beyond it
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


class _Patient(H11Protocol):
    """A connection that is given up where no whole head of a request comes, or where nothing of
    an answer is taken. Bodies of requests have a rule of their own: `bodies.chunks`."""

    patience: ClassVar[float]
    slowest_upload: ClassVar[int]
    metrics: ClassVar[Metrics]
    _speaking: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _in_vain_until: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """One that nothing was asked on yet is as idle as one between two requests."""
        super().connection_made(transport)
        self._stay_idle()
        self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._no_longer_speaking()
        elif self.conn.their_state is h11.SEND_BODY:
            self._go_on_in_vain(len(data))
        elif self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]:
            self._no_longer_speaking()
            self._stay_idle()
        elif self._speaking is None:
            self._speaking = self.loop.call_later(self.patience, self._cut_off)

    def handle_events(self) -> None:
        """Who is told that there are too many connections is counted, and not logged: they may
        be very many."""
        before = self.cycle
        super().handle_events()
        limit = self.limit_concurrency
        if self.cycle is not before and limit is not None and len(self.connections) >= limit:
            self.metrics.refused.inc()

    def send_400_response(self, msg: str) -> None:
        """What comes is garbled. Who waits for a body is told that no more of it comes."""
        if self.cycle is None or self.cycle.response_complete:
            super().send_400_response(msg)
            return
        if not self.cycle.response_started:
            super().send_400_response(msg)
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look_again()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._no_longer_taking()

    def timeout_keep_alive_handler(self) -> None:
        """Closing waits for what is still to be taken."""
        super().timeout_keep_alive_handler()
        self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._no_longer_speaking()
        self._no_longer_taking()

    def _make_room(self) -> None:
        """Where there are too many connections, the one on which nothing has been asked for the
        longest time gives way; one that has asked nothing yet does not."""
        if self.limit_concurrency is None or len(self.connections) < self.limit_concurrency:
            return
        idle = [
            (one.timeout_keep_alive_task.when(), id(one), one)
            for one in self.connections
            if isinstance(one, _Patient)
            and one.timeout_keep_alive_task is not None
            and one.cycle is not None
            and not one.transport.is_closing()
        ]
        if idle:
            min(idle)[-1].timeout_keep_alive_handler()

    def _cut_off(self) -> None:
        self.metrics.cut_off.inc()
        self.transport.abort()

    def _stay_idle(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _go_on_in_vain(self, size: int) -> None:
        """Most clients look at no answer before all is sent, so that is taken, and dropped."""
        if self._in_vain_until is None:
            self._in_vain_until = self.loop.time() + self.patience
        until = self._in_vain_until + size / self.slowest_upload
        self._no_longer_speaking()
        self._in_vain_until = until
        self._speaking = self.loop.call_at(until, self._cut_off)

    def _no_longer_speaking(self) -> None:
        self._in_vain_until = None
        if self._speaking is not None:
            self._speaking.cancel()
            self._speaking = None

    def _no_longer_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _look_again(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left and self._taking is None:
            self._taking = self.loop.call_later(self.patience, self._give_up_unless_less_than, left)

    def _give_up_unless_less_than(self, left: int) -> None:
        self._taking = None
        if self.transport.get_write_buffer_size() >= left:
            self._cut_off()
        else:
            self._look_again()


def _allow_files() -> None:
    """A connection takes a file, an upload a second one, and the store a third."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

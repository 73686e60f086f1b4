"""What goes over the wire for one request."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.types import Message, Receive, Scope, Send


class Traffic:
    """Counts, and sees to it that a refusal is seen; `status` is 0 until the answer began.

    A refusal is sent at once, but it ends only with the body of the request, or after `patience`
    seconds. A server that closes the connection on a client that still sends breaks it, and its
    user is told of a broken pipe instead of a wrong token.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, identity: str, patience: float
    ) -> None:
        self._receive = receive
        self._send = send
        self._identity = identity
        self._patience = patience
        names = {name for name, _ in scope["headers"]}
        self._more = bool(names & {b"content-length", b"transfer-encoding"})
        self._asks_first = b"expect" in names
        self.received = 0
        self.sent = 0
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self.received += len(message.get("body", b""))
        self._more = message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            identity = (b"x-request-id", self._identity.encode())
            message = {**message, "headers": [*message["headers"], identity]}
        self.sent += len(message.get("body", b""))
        ends = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not ends or not self._is_still_sent_to():
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        try:
            async with asyncio.timeout(self._patience):
                while self._more:
                    await self.receive()
        except TimeoutError:
            pass
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _is_still_sent_to(self) -> bool:
        """Whether the client is in the middle of a body that nobody wants. One that asked whether
        to send it sends none."""
        refused = self.status >= HTTPStatus.BAD_REQUEST
        return refused and self._more and not (self._asks_first and not self.received)

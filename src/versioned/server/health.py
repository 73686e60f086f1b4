"""For whoever runs the server: is it alive, can it serve, how is it doing."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from versioned.server.desk import Desk
from versioned.server.metrics import CONTENT_TYPE, Metrics


class HealthRoutes:
    """`/-/healthy`, `/-/ready` and `/-/metrics`: without a token, and without anything secret."""

    def __init__(self, desk: Desk, metrics: Metrics) -> None:
        self._desk = desk
        self._metrics = metrics

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/-/healthy", self.healthy),
            Route("/-/ready", self.ready),
            Route("/-/metrics", self.metrics),
        ]

    async def healthy(self, _: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """The store answers, too. One request to it."""
        await self._desk.read(partial(self._desk.packages.domain))
        return JSONResponse({"status": "ok"})

    async def metrics(self, _: Request) -> Response:
        """What Prometheus reads."""
        return Response(self._metrics.page(), headers={"Content-Type": CONTENT_TYPE})

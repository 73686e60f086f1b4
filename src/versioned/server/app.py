"""The server as an ASGI application. Any number of copies may stand before one domain."""

from __future__ import annotations

from versioned.packages import Packages
from versioned.server.codeartifact import CodeArtifactRoutes
from versioned.server.desk import Desk
from versioned.server.generic import GenericRoutes
from versioned.server.health import HealthRoutes
from versioned.server.log import Log
from versioned.server.metrics import Metrics
from versioned.server.npm import NpmRoutes
from versioned.server.observing import Observed
from versioned.server.pypi import PypiRoutes
from versioned.server.settings import Settings


def create_app(packages: Packages, settings: Settings, *, log: Log) -> Observed:
    """The application. Asks nothing of the store. `log` gets a line of JSON for each request."""
    desk, metrics = Desk(packages, settings), Metrics()
    routes = [
        *HealthRoutes(desk, metrics).routes(),
        *PypiRoutes(desk).routes(),
        *NpmRoutes(desk).routes(),
        *GenericRoutes(desk).routes(),
        *CodeArtifactRoutes(desk).routes(),
    ]
    return Observed(routes, metrics, log)

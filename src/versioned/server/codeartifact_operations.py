"""What an operation is to the routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.responses import Response

from versioned.server.codeartifact_requests import Query

Operations = Mapping[tuple[str, str], Callable[[Query], Awaitable[Response]]]
"""By method, and by path below the prefix."""

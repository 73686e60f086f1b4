"""What ECR is logged in with: a password that holds for twelve hours."""

from __future__ import annotations

import base64
import math
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from versioned.images.errors import RegistryError
from versioned.images.registries.ecr_connection import EcrConnection
from versioned.images.registry import Credentials

_MARGIN = timedelta(minutes=15)
"""A password that is handed out is good for at least this long, where ECR gives such."""
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(hours=12) - _MARGIN
"""For how long one is kept, whatever the clock of this machine says."""


class EcrToken:
    """The password of a registry, asked for when it is needed, kept until shortly before it
    expires. Safe to use from several threads."""

    def __init__(self, connection: EcrConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._held: Credentials | None = None
        self._good_until = -math.inf

    def credentials(self) -> Credentials:
        """One request where none is held. One that comes expired is handed out all the same, for
        five minutes: the clock of this machine may be wrong, and the registry says so if it is
        not."""
        with self._lock:
            if self._held is None or time.monotonic() >= self._good_until:
                self._held, expires_at = _read(self._connection.call("get_authorization_token"))
                left = expires_at - datetime.now(UTC) - _MARGIN
                kept = min(max(left, _SHORTEST), _LONGEST)
                self._good_until = time.monotonic() + kept.total_seconds()
            return self._held


def _read(answer: Mapping[str, Any]) -> tuple[Credentials, datetime]:
    """User, password and when they expire."""
    try:
        data = answer["authorizationData"][0]
        token = base64.b64decode(data["authorizationToken"], validate=True).decode()
        expires_at: datetime = data["expiresAt"]
    except (KeyError, IndexError, ValueError):
        token = ""
    username, _, password = token.partition(":")
    if not (username and password):
        # without a cause, because it may show the token, which is a secret
        raise RegistryError(
            "ECR gave no token with user, password and expiry", hint="the server is not ECR"
        ) from None
    return Credentials(username, password), expires_at

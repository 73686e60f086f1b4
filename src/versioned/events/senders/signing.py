"""Signatures of webhooks, by the scheme of Standard Webhooks. Pure: no I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from versioned.errors import InvalidHookError

_PREFIX = "whsec_"


def parse_secret(text: str) -> bytes:
    """The key in a secret: after `whsec_` base64, else the text itself.

    Raises InvalidHookError, which does not repeat the secret.
    """
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX):
        key = text.encode()
    if not key:
        raise InvalidHookError(
            "the secret of a webhook can't be used", hint=f"{_PREFIX} and base64, or any text"
        )
    return key


def sign(secrets: Iterable[bytes], identity: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`: one signature for each secret, so that the other side may
    know the old one or the new one while they change."""
    signed = f"{identity}.{timestamp}.".encode() + body
    digests = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)

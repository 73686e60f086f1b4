"""How large a release can be."""

from __future__ import annotations

from s3pipeline.errors import TooLargeError

PUT_LIMIT = 5 * 1024**3
"""The most bytes that one PutObject takes, and so one condition can guard."""


def check_size(name: str, size: int) -> None:
    """Raises TooLargeError."""
    if size > PUT_LIMIT:
        raise TooLargeError(
            f"{name!r} has {size} bytes",
            hint=f"at most {PUT_LIMIT}, the most that S3 writes under a condition",
        )

"""How a server behaves. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from versioned.errors import InvalidInputError

Downloads = Literal["redirect", "stream"]

GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Settings:
    """`public_url` is how clients reach the server, without it what each request says; `downloads`
    redirects them to the store where that has such URLs, or streams through the server.
    `anonymous` are repositories that may be read without a token. `longest_upload` is in bytes.
    A client that sends less than `slowest_upload` bytes a second on average, after `patience`
    seconds, is cut off. A connection on which nothing is asked stays for `keep_alive` seconds:
    longer than nginx and AWS's load balancers keep theirs, 60, so that none asks on one that is
    being closed. What a token may do, and what a version is, is remembered for `memory` seconds.
    Raises InvalidInputError.
    """

    public_url: str | None = None
    downloads: Downloads = "redirect"
    anonymous: frozenset[str] = frozenset()
    longest_upload: int = 10 * GIB
    slowest_upload: int = 1024
    patience: float = 30.0
    keep_alive: int = 75
    memory: float = 10.0
    url_seconds: int = 300
    readers: int = 32
    writers: int = 16

    def __post_init__(self) -> None:
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query:
                raise InvalidInputError(
                    f"{self.public_url!r} can't be how clients reach the server",
                    hint="such as https://packages.example.com",
                )

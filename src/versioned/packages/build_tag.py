"""The order of asset sets that are builds of wheels. Pure.

The build tag stands in the name of a wheel: digits, then anything; it is compared as the number
first (Binary distribution format, https://packaging.python.org/specifications/).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NO_BUILD = ""
"""The set of the wheels that have no build tag; it comes before all others."""

_BUILD = re.compile(r"([0-9]+)(.*)")


def build_key(tag: str) -> tuple[int, str]:
    """What build tags are sorted by; `24` and `024` have the same."""
    match = _BUILD.fullmatch(tag)
    return (int(match[1]), match[2]) if match else (-1, tag)


def same_build(tags: Sequence[str], tag: str) -> str | None:
    """The tag among `tags` that is the same build in another spelling."""
    return next((one for one in tags if one != tag and build_key(one) == build_key(tag)), None)

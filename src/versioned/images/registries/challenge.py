"""What a registry demands when it answers 401. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_PART = re.compile(
    r"""\s*+,?\s*+(?:
        (?P<name>[A-Za-z0-9_!#$%&'*+.^`|~-]++)\s*+=\s*+
            (?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>[^\s,"]*+))
        |(?P<scheme>[A-Za-z0-9_-]++)(?=[\s,]|$)
    )""",
    re.VERBOSE,
)
_MAX_SIZE = 8192


@dataclass(frozen=True, slots=True)
class Challenge:
    """One of the ways that `Www-Authenticate` offers; `scheme` is in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def choose(cls, headers: Iterable[str]) -> Challenge | None:
        """The best that is understood: Bearer with a realm, else Basic."""
        offered = [one for header in headers for one in _parse(header[:_MAX_SIZE])]
        tokens = [one for one in offered if one.scheme == "bearer" and one.parameters.get("realm")]
        return next(iter([*tokens, *(one for one in offered if one.scheme == "basic")]), None)


def _parse(header: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while match := _PART.match(header, position):
        position = match.end()
        if match["scheme"]:
            found.append((match["scheme"].lower(), {}))
        elif found:
            value = match["plain"] if match["quoted"] is None else match["quoted"]
            found[-1][1][match["name"].lower()] = re.sub(r"\\(.)", r"\1", value)
    return [Challenge(scheme, parameters) for scheme, parameters in found]

"""Platforms of images, as `os/arch` or `os/arch/variant`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from versioned.images.errors import InvalidBuildError

_PLATFORM = re.compile(
    r"(?P<os>[a-z0-9]+)/(?P<architecture>[a-z0-9]+)(?:/(?P<variant>[a-z0-9.]+))?"
)
_ARCHITECTURES = frozenset(
    [
        "386",
        "amd64",
        "arm",
        "arm64",
        "loong64",
        "mips64",
        "mips64le",
        "ppc64le",
        "riscv64",
        "s390x",
        "wasm",
    ]
)
"""As Go names them, and so the specification."""
_VARIANTS = {"amd64": "v1", "arm": "v7", "arm64": "v8"}
"""What an architecture without a variant means."""


def parse_platforms(text: str) -> tuple[str, ...]:
    """The platforms of `linux/amd64` or `linux/amd64,linux/arm64`. Raises InvalidBuildError."""
    platforms = tuple(text.split(","))
    for platform in platforms:
        match = _PLATFORM.fullmatch(platform)
        if not match or match["architecture"] not in _ARCHITECTURES:
            raise InvalidBuildError(
                f"{platform[:80]!r} is no platform",
                hint="such as linux/amd64, linux/arm64 or linux/arm/v7; several parted by commas",
            )
    if len({_normal(platform) for platform in platforms}) < len(platforms):
        raise InvalidBuildError(f"{text[:80]!r} names a platform twice", hint="name each once")
    return platforms


def platform_of(config: Mapping[str, Any]) -> str | None:
    """What the config of an image says that it runs on; `None` where it doesn't say."""
    parts = [str(config.get(key) or "") for key in ("os", "architecture", "variant")]
    named = "/".join(parts).removesuffix("/")
    return named if _PLATFORM.fullmatch(named) and "unknown" not in parts else None


def is_platform(wanted: str, found: str | None) -> bool:
    """Whether what was found is what was wanted: `linux/arm64` is also `linux/arm64/v8`. Many old
    images say no variant."""
    if found is None:
        return False
    named = _normal(wanted)
    return named == _normal(found) or "/".join(named[:2]) == found


def _normal(platform: str) -> tuple[str, str, str]:
    system, architecture, variant = [*platform.split("/"), "", ""][:3]
    return system, architecture, variant or _VARIANTS.get(architecture, "")

"""The order of semantic versions, as https://semver.org has it. Pure."""

from __future__ import annotations

_Part = tuple[int, int, str]
SemverKey = tuple[tuple[int, ...], bool, tuple[_Part, ...]]


def semver_key(version: str) -> SemverKey:
    """What versions are sorted by: releases after what leads to them. Takes what
    `package_version` lets through for npm."""
    numbers, _, prerelease = version.partition("-")
    parts = tuple(map(_part, prerelease.split("."))) if prerelease else ()
    return tuple(map(int, numbers.split("."))), not prerelease, parts


def is_release(version: str) -> bool:
    """Whether it is no prerelease."""
    return "-" not in version


def _part(text: str) -> _Part:
    """Numbers come before words."""
    return (0, int(text), "") if text.isdigit() else (1, 0, text)

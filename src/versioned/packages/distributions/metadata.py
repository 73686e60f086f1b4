"""Python's core metadata: checked against the name of the file that it is in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from email.errors import MessageError
from email.parser import HeaderParser

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from versioned.packages.coordinates import Package
from versioned.packages.distributions.distribution import LONGEST_METADATA
from versioned.packages.errors import InvalidDistributionError

_ABOUT = {
    "Summary": "summary",
    "Home-page": "home_page",
    "License-Expression": "license",
    "License": "license",
}
_SINGLE = ("Name", "Version", "Requires-Python")
_LONGEST_TEXT = 500


def check_metadata(raw: bytes, *, filename: str, package: Package, version: str) -> dict[str, str]:
    """What indexes need of it: `requires_python`, where it has one.

    Raises InvalidDistributionError for metadata that is of something else, or no metadata.
    """
    if len(raw) > LONGEST_METADATA:
        raise InvalidDistributionError(
            f"the metadata of {filename!r} has more than {LONGEST_METADATA} bytes",
            hint="move the long description out of it",
        )
    fields = _fields(raw, filename)
    name, said = fields.get("Name", ""), fields.get("Version", "")
    try:
        agrees = canonicalize_name(name) == package.name and Version(said) == Version(version)
    except InvalidVersion:
        agrees = False
    if not agrees:
        raise InvalidDistributionError(
            f"{filename!r} has metadata of {name[:80]!r} {said[:80]!r}, not of {package} {version}",
            hint="build it again; files are not renamed, wheels are by python -m wheel tags",
        )
    requires = " ".join(fields.get("Requires-Python", "").split())
    if not requires:
        return {}
    try:
        if len(requires) > _LONGEST_TEXT:
            raise InvalidSpecifier(requires)
        SpecifierSet(requires)
    except InvalidSpecifier as error:
        raise InvalidDistributionError(
            f"the Requires-Python of {filename!r} can't be meant: {requires[:80]!r}",
            hint="such as >=3.9",
        ) from error
    return {"requires_python": requires}


def about(raw: bytes, filename: str) -> dict[str, str]:
    """What people want to know of a version: summary, home page, licence; each cut short."""
    fields = _fields(raw, filename)
    found: dict[str, str] = {}
    for field, name in _ABOUT.items():
        text = " ".join(fields.get(field, "").split())
        if text and text != "UNKNOWN":
            found.setdefault(name, text[:_LONGEST_TEXT])
    return found


def _fields(raw: bytes, filename: str) -> Mapping[str, str]:
    try:
        message = HeaderParser().parsestr(raw.decode())
        found = {name: message.get_all(name, []) for name in (*_SINGLE, *_ABOUT)}
    except (UnicodeDecodeError, MessageError, ValueError) as error:
        raise InvalidDistributionError(
            f"the metadata of {filename!r} can't be read", hint="it is UTF-8 text with headers"
        ) from error
    double = next((name for name in _SINGLE if len(found[name]) > 1), None)
    if double is not None:
        raise InvalidDistributionError(
            f"the metadata of {filename!r} says {double} more than once",
            hint="tools would not agree on which of them counts",
        )
    return {name: str(values[0]) for name, values in found.items() if values}

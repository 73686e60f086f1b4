"""What may stand on a command line: refs, versions, durations, shares, pairs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from versioned import layout, naming
from versioned.cli import completing
from versioned.errors import InvalidReferenceError
from versioned.references import Reference

if TYPE_CHECKING:
    _ParamType = click.ParamType[Any]
else:
    _ParamType = click.ParamType  # generic from click 8.4 on

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])|0")
_PERCENT = 100

Complete = Callable[[click.Context, str], list[str]]


class Parsed(_ParamType):
    """Text that a function turns into a value; `complete` gives candidates for a shell."""

    def __init__(
        self, name: str, parse: Callable[[str], object], complete: Complete | None = None
    ) -> None:
        self.name = name
        self._parse = parse
        self._complete = complete

    def convert(self, value: object, _: object, __: object) -> object:
        return self._parse(value) if isinstance(value, str) else value

    def shell_complete(
        self, ctx: click.Context, _: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return (
            [CompletionItem(c) for c in self._complete(ctx, incomplete)] if self._complete else []
        )


def _present_ref(text: str) -> Reference:
    reference = Reference.parse(text)
    if reference.at is not None:
        present = f"{reference.name}@{reference.alias}"
        raise InvalidReferenceError(
            f"{text!r} names a time, and this command takes none: the past can only be read",
            hint=f"leave the time out: {present}; get, show, route and verify take one",
        )
    return reference


def _alias_ref(text: str) -> Reference:
    return _with_alias(text, _present_ref(text))


def _past_alias_ref(text: str) -> Reference:
    return _with_alias(text, Reference.parse(text))


def _with_alias(text: str, reference: Reference) -> Reference:
    if reference.alias is None:
        raise InvalidReferenceError(
            f"{text!r} does not name an alias", hint="use the form app@prod"
        )
    return reference


def _version_ref(text: str) -> Reference:
    reference = Reference.parse(text)
    if reference.version is None:
        raise InvalidReferenceError(f"{text!r} does not name a version", hint="use the form app@12")
    return reference


def _name(text: str) -> str:
    if "@" in text:
        raise InvalidReferenceError(
            f"{text!r} is not the name of an artifact", hint="name it without version or alias"
        )
    naming.validate_artifact_name(text)
    return text


def _expected(text: str) -> str:
    return text if text == "none" else layout.normalize_version(text)


def _duration(text: str) -> float:
    match = _DURATION.fullmatch(text)
    if not match:
        raise click.BadParameter(f"{text!r} is not a duration; say 90d, 12h, 30m or 45s.")
    return float(match[1]) * _UNITS[match[2]] if match[1] else 0.0


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (_PERCENT if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise click.BadParameter(f"{text!r} is not a share; say 10% or 0.1.")
    return share


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"{text!r} is not of the form key=value.")
    return key, value


def _share_of_version(text: str) -> tuple[str, str]:
    version, equals, percentage = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not of the form VERSION=PERCENT, such as 12=89.5.")
    return layout.normalize_version(version), percentage.removesuffix("%")


REF = Parsed("ref", _present_ref, completing.refs)
PAST_REF = Parsed("ref[@time]", Reference.parse, completing.refs)
ALIAS_REF = Parsed("name@alias", _alias_ref, completing.aliases)
PAST_ALIAS_REF = Parsed("name@alias[@time]", _past_alias_ref, completing.aliases)
VERSION_REF = Parsed("name@version", _version_ref, completing.versions)
NAME = Parsed("name", _name, completing.names)
VERSION = Parsed("version", layout.normalize_version)
EXPECTED = Parsed("version|none", _expected)
DURATION = Parsed("duration", _duration)
SHARE = Parsed("share", _share)
PAIR = Parsed("key=value", _pair)
WEIGHT = Parsed("version=percent", _share_of_version)


def as_dict(option: str, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The pairs of an option that may be repeated. Raises UsageError for a key said twice."""
    found: dict[str, str] = {}
    for key, value in pairs:
        if key in found:
            raise click.UsageError(f"{option} {key} is given twice.")
        found[key] = value
    return found


message_option = click.option("-m", "--message", metavar="TEXT", help="Why; the ledger keeps it.")
yes_option = click.option("--yes", is_flag=True, help="Do it. Without this the plan is shown.")
expect_option = click.option(
    "--expect",
    type=EXPECTED,
    help="Only if the alias is at this version now; none: only if there is no such alias.",
)

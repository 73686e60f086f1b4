"""What the names of checks mean on this machine.

A repository holds names only, so whoever can write to it can't make a machine run something.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from versioned import naming
from versioned.checks.alarm import AlarmCheck
from versioned.checks.base import DEFAULT_TIMEOUT, Check
from versioned.checks.command import CommandCheck
from versioned.checks.http import HttpCheck
from versioned.checks.verdict import VerdictCheck
from versioned.context import Context
from versioned.errors import InvalidCheckError

MAX_TIMEOUT = 24 * 60 * 60

_FORMS = "command:./smoke.sh, https://..., alarm:NAME?region=..., verdict:CHECK"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where checks run: the repository, the directory and the environment of commands."""

    context: Context
    directory: Path
    environ: Mapping[str, str]


def define_checks(definitions: Mapping[str, object], around: Surroundings) -> dict[str, Check]:
    """The checks of a table: `smoke = "command:./smoke.sh"`, or a table with `run` and `timeout`.

    Raises InvalidNameError, InvalidCheckError.
    """
    return {name: _define(name, given, around) for name, given in definitions.items()}


def _define(name: str, given: object, around: Surroundings) -> Check:
    naming.validate_word("a check", name)
    timeout: object = DEFAULT_TIMEOUT
    if isinstance(given, Mapping):
        fields: dict[str, Any] = dict(given)
        given, timeout = fields.pop("run", None), fields.pop("timeout", timeout)
        if fields:
            raise _unclear(name, f"{', '.join(sorted(fields))} is not understood")
    if not isinstance(given, str):
        raise _unclear(name, f"what to run is {given!r}")
    number = isinstance(timeout, (int, float)) and not isinstance(timeout, bool)
    if not number or not 0 < timeout <= MAX_TIMEOUT:  # type: ignore[operator]
        raise _unclear(name, f"its timeout is {timeout!r}", f"seconds, {MAX_TIMEOUT} at most")
    return parse_check(name, given, around, timeout=float(timeout))  # type: ignore[arg-type]


def parse_check(name: str, spec: str, around: Surroundings, *, timeout: float) -> Check:
    """The check that a spec means. Nothing is run. Raises InvalidCheckError."""
    kind, colon, rest = spec.partition(":")
    if kind == "command" and colon:
        return CommandCheck(_words(name, rest), around.directory, around.environ, timeout)
    if kind in {"http", "https"}:
        return HttpCheck(_url(name, spec), timeout)
    if kind == "alarm" and colon:
        return _alarm(name, rest, timeout)
    if kind == "verdict" and colon:
        naming.validate_word("a check", rest)
        return VerdictCheck(around.context, rest)
    raise _unclear(name, "it is of no known kind")


def _words(name: str, command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise _unclear(name, f"its command can't be split: {error}") from None
    if not words or "\0" in command:
        raise _unclear(name, "it has no command")
    return words


def _url(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or not url.isprintable() or " " in url or not url.isascii():
        # the URL is not shown: it may hold a password
        raise _unclear(name, "it is not a URL", "https://example.org/health, ASCII, no spaces")
    return url


def _alarm(name: str, rest: str, timeout: float) -> AlarmCheck:
    alarm, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    region = options.pop("region", None)
    if not alarm or options or region == "":
        raise _unclear(name, f"alarm:{rest} is not an alarm", "alarm:NAME?region=eu-west-1")
    return AlarmCheck(unquote(alarm), region, timeout)


def _unclear(name: str, found: str, hint: str = _FORMS) -> InvalidCheckError:
    return InvalidCheckError(f"the check {name!r} can't be meant: {found}", hint=hint)

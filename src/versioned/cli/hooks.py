"""The hooks of a config file, and telling them after a command that changed something."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from versioned.cli import config
from versioned.cli.output import Output
from versioned.cli.session import Session
from versioned.cli.words import count_words
from versioned.errors import DeliveryError, InvalidHookError, VersionedError
from versioned.events import DeliveryReport, Event, Hook, Sender, Untold, deliver
from versioned.events.senders.command import Command
from versioned.events.senders.eventbridge import EventBridge
from versioned.events.senders.retrying import Retries
from versioned.events.senders.signing import parse_secret
from versioned.events.senders.webhook import Webhook

_LONGEST = 600
_OPTIONS = {
    "webhook": {"secret_env"},
    "command": set[str](),
    "eventbridge": {"region"},
}
_COMMON = {"types", "artifacts", "timeout"}
_HINT = (
    'one of webhook = "https://...", command = ["./program"], eventbridge = "bus"; then types, '
    "artifacts, timeout; secret_env for a webhook, region for a bus"
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for one attempt where a hook does not say, and how often to try again."""

    timeout: float
    retries: int


BRIEF = Patience(timeout=5.0, retries=1)
"""After a command, for which somebody waits."""

FULL = Patience(timeout=15.0, retries=4)


def configured(session: Session) -> tuple[Path, dict[str, Any]]:
    """The hooks of the nearest config file that has any, as they are written, and its
    directory. Raises InvalidInputError for a broken file."""
    return config.table("hooks", session.environ, session.cwd)


def read_hooks(session: Session) -> list[Hook]:
    """All hooks, for a delivery with the full patience. Raises InvalidHookError."""
    folder, table = configured(session)
    if not table:
        raise InvalidHookError(
            f"no hooks are configured here, in no {config.FILE_NAME} upwards",
            hint='add one: [hooks.audit] with command = ["./on-change.sh"]',
        )
    return [build_hook(name, table[name], folder, session.environ, FULL) for name in table]


def tell_hooks(session: Session, out: Output) -> None:
    """Tell the configured hooks what this invocation changed, briefly. What goes wrong is a
    warning: the changes stand."""
    try:
        folder, table = configured(session)
        hooks: list[Hook] = []
        for name in table:
            try:
                hooks.append(build_hook(name, table[name], folder, session.environ, BRIEF))
            except InvalidHookError as error:
                out.warn(str(error))
        if hooks:
            for context, artifact in session.changes:
                reach = time.monotonic() - session.started
                report = deliver(context, artifact, hooks, reach=reach, give_up_after=1)
                warn_of(report, out)
    except (VersionedError, OSError) as error:
        out.warn(f"the hooks were not told: {error}")
    except KeyboardInterrupt:
        out.warn("interrupted; versioned events deliver tells the hooks what is left")


def warn_of(report: DeliveryReport, out: Output) -> None:
    """A warning for each thing that could not be told."""
    for untold in report.untold:
        out.warn(untold_words(untold))


def untold_words(untold: Untold) -> str:
    count = f"{count_words(untold.waiting, 'change')} of " if untold.waiting else ""
    return f"hook {untold.hook} was not told {count}{untold.subject}: {untold.error}"


def build_hook(
    name: str, settings: object, folder: Path, environ: Mapping[str, str], patience: Patience
) -> Hook:
    """A hook from its table. Raises InvalidHookError."""
    if not isinstance(settings, dict):
        raise _invalid(name, f"{settings!r} is not a table")
    kinds = sorted(_OPTIONS.keys() & settings)
    if len(kinds) != 1:
        raise _invalid(name, f"it has {' and '.join(kinds) or 'no sender'}")
    unknown = sorted(settings.keys() - _COMMON - _OPTIONS[kinds[0]] - {kinds[0]})
    if unknown:
        raise _invalid(name, f"{', '.join(unknown)} is not understood")
    reader = _Settings(name, settings)
    return Hook(
        name,
        _SENDERS[kinds[0]](reader, folder, environ, patience),
        types=reader.texts("types"),
        artifacts=reader.texts("artifacts"),
    )


def _invalid(name: str, why: str) -> InvalidHookError:
    return InvalidHookError(f"hook {name}: {why}", hint=_HINT)


class _Settings:
    """One table, read with suspicion. Raises InvalidHookError."""

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self.name = name
        self._settings = settings

    def text(self, key: str) -> str | None:
        value = self._settings.get(key)
        if value is not None and not (isinstance(value, str) and value):
            raise _invalid(self.name, f"{key} = {value!r} is not a text")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._settings.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise _invalid(self.name, f"{key} = {value!r} is not a list of texts")
        return tuple(value)

    def timeout(self, otherwise: float) -> float:
        value = self._settings.get("timeout", otherwise)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _invalid(self.name, f"timeout = {value!r} is not a number of seconds")
        if not 0 < value <= _LONGEST:
            raise _invalid(self.name, f"timeout = {value!r} is not from 0 to {_LONGEST} seconds")
        return float(value)


def _webhook(
    settings: _Settings, _: Path, environ: Mapping[str, str], patience: Patience
) -> Sender:
    variable = settings.text("secret_env")
    secrets = environ.get(variable, "").split() if variable else []
    if variable and not secrets:
        return _Unready(f"the environment has no {variable}", "set it to the shared secret")
    try:
        return Webhook(
            settings.text("webhook") or "",
            tuple(parse_secret(secret) for secret in secrets),
            timeout=settings.timeout(patience.timeout),
            retries=Retries(patience.retries),
        )
    except InvalidHookError as error:
        raise InvalidHookError(f"hook {settings.name}: {error.message}", hint=error.hint) from None


@dataclass(frozen=True, slots=True)
class _Unready:
    """A hook that this environment can't tell: what it misses waits, as if it were down."""

    reason: str
    hint: str

    def send(self, _event: Event) -> None:
        raise DeliveryError(self.reason, hint=self.hint)


def _command(settings: _Settings, folder: Path, environ: Mapping[str, str], _: Patience) -> Sender:
    from versioned.events.senders.command import DEFAULT_TIMEOUT  # noqa: PLC0415

    arguments = settings.texts("command")
    if not arguments:
        raise _invalid(settings.name, "command is empty")
    return Command(arguments, folder, environ, timeout=settings.timeout(DEFAULT_TIMEOUT))


def _eventbridge(settings: _Settings, _: Path, __: Mapping[str, str], patience: Patience) -> Sender:
    return EventBridge(
        settings.text("eventbridge") or "",
        settings.text("region"),
        timeout=settings.timeout(patience.timeout),
        retries=Retries(patience.retries),
    )


_SENDERS = {"webhook": _webhook, "command": _command, "eventbridge": _eventbridge}

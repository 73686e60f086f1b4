"""How rollouts are written: `docs/formats/rollouts.md`. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from versioned import naming
from versioned.alias_fields import read_version
from versioned.documents import Document, dump, is_time, parse
from versioned.errors import ContaminatedError, InvalidNameError
from versioned.rollout_states import (
    MAX_HOLD,
    MAX_STEPS,
    ON_FAILURE,
    STATUSES,
    LogLine,
    RampStep,
    Rollout,
)
from versioned.routing import BUCKETS

FORMAT = 1

T = TypeVar("T", bound=str)


def encode_rollout(rollout: Rollout) -> bytes:
    """The document of a rollout."""
    return dump(
        {
            "format": FORMAT,
            "artifact": rollout.name,
            "alias": rollout.alias,
            "identity": rollout.identity,
            "strategy": rollout.strategy,
            "stable": {"version": rollout.stable_version, "sha256": rollout.stable_sha256},
            "new": {"version": rollout.new_version, "sha256": rollout.new_sha256},
            "steps": [[step.basis_points, step.hold] for step in rollout.steps],
            "step": rollout.step,
            "serial": rollout.serial,
            "status": rollout.status,
            "released": rollout.released,
            "checks": rollout.checks,
            "on_failure": rollout.on_failure,
            "overrides": rollout.overrides,
            "base": rollout.base,
            "started": rollout.started,
            "by": rollout.by,
            "message": rollout.message,
            "write": rollout.write,
            "log": [[line.at, line.by, line.what, line.reason] for line in rollout.log],
        }
    )


def decode_rollout(name: str, alias: str, key: str, raw: bytes) -> Rollout:
    """Read the document of the rollout of this alias. Raises ContaminatedError."""
    document = parse(key, raw)
    if document.data.get("format") != FORMAT:
        raise ContaminatedError(
            f"{key!r} has the format {document.data.get('format')!r}", hint="update this program"
        )
    stable, new = document.mapping("stable"), document.mapping("new")
    rollout = Rollout(
        name=document.text("artifact"),
        alias=document.text("alias"),
        identity=_word(document, document.text("identity")),
        strategy=document.text("strategy"),
        stable_version=_number(stable),
        stable_sha256=naming.validate_sha256(key, stable.text("sha256")),
        new_version=_number(new),
        new_sha256=naming.validate_sha256(key, new.text("sha256")),
        steps=_steps(document),
        base=document.text("base"),
        started=_time(document, document.text("started")),
        write=document.text("write"),
        step=document.integer("step"),
        serial=document.integer("serial"),
        status=_one_of(document, "status", STATUSES),
        released=document.flag("released"),
        checks=tuple(_word(document, check) for check in document.texts("checks")),
        on_failure=_one_of(document, "on_failure", ON_FAILURE),
        overrides=tuple(document.texts("overrides")),
        by=document.text_or_none("by"),
        message=document.text_or_none("message"),
        log=tuple(_log_line(document, line) for line in document.lists("log")),
    )
    if (rollout.name, rollout.alias) != (name, alias):
        _refuse(document, f"it is of {rollout.name!r}@{rollout.alias!r}")
    if rollout.stable_version == rollout.new_version:
        _refuse(document, f"both of its versions are {rollout.new_version}")
    if not 0 <= rollout.step < len(rollout.steps) or rollout.serial < 1:
        _refuse(document, f"it has no step {rollout.step}, serial {rollout.serial}")
    return rollout


def _refuse(document: Document, found: str) -> NoReturn:
    raise ContaminatedError(
        f"{document.key!r} is not a rollout: {found}",
        hint="restore it, or remove this object; the alias stays as it is",
    )


def _one_of(document: Document, field: str, known: Iterable[T]) -> T:
    text = document.text(field)
    for word in known:
        if word == text:
            return word
    _refuse(document, f"its {field} is {text!r}")


def _number(side: Document) -> str:
    version = read_version(side, "version")
    if version == naming.LATEST_VERSION:
        _refuse(side, f"it moves {version}")
    return version


def _word(document: Document, text: str) -> str:
    try:
        return naming.validate_word("a check", text)
    except InvalidNameError as error:
        _refuse(document, error.message)


def _time(document: Document, text: object) -> str:
    if isinstance(text, str) and is_time(text):
        return text
    _refuse(document, f"{text!r} is not a time")


def _steps(document: Document) -> tuple[RampStep, ...]:
    steps = tuple(_step(document, line) for line in document.lists("steps"))
    shares = [step.basis_points for step in steps]
    growing = shares == sorted(set(shares))
    if not growing or not shares or shares[0] < 1 or shares[-1] != BUCKETS:
        _refuse(document, f"its steps don't grow to all traffic: {shares[:MAX_STEPS]}")
    if len(steps) > MAX_STEPS:
        _refuse(document, f"it has {len(steps)} steps")
    return steps


def _step(document: Document, line: list[Any]) -> RampStep:
    match line:
        case [int() as points, int() | None as hold] if (
            not isinstance(points, bool)
            and not isinstance(hold, bool)
            and (hold is None or 0 <= hold <= MAX_HOLD)
        ):
            return RampStep(points, hold)
    _refuse(document, f"{line!r} is not a step")


def _log_line(document: Document, line: list[Any]) -> LogLine:
    match line:
        case [str() as at, str() | None as by, str() as what, str() as reason]:
            return LogLine(_time(document, at), by, what, reason)
    _refuse(document, f"{line!r} is not a line of its log")

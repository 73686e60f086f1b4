"""The result of a named check for the bytes of a version: `docs/formats/pipeline.md`. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from versioned import layout, naming
from versioned.alias_fields import read_version
from versioned.documents import dump, parse
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.pipelines.fields import (
    FORMAT,
    check_format,
    check_place,
    check_url,
    read_link,
)

Outcome = Literal["pass", "fail"]
_OUTCOMES: tuple[str, ...] = get_args(Outcome)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found of the bytes with this sha256, under whatever number they are.

    `version` is the number by which they were named then; `position` counts the verdicts of
    this check for these bytes, and the newest is the one that counts; `at` is ISO 8601 in UTC by
    the store's clock; `previous` is the SHA-256 of the document before, empty for the first.
    """

    artifact: str
    sha256: str
    version: str
    check: str
    outcome: Outcome
    position: int
    at: str
    by: str | None
    url: str | None
    message: str | None
    identity: str
    previous: str

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


def check_outcome(outcome: str) -> Outcome:
    """Raises InvalidInputError."""
    if outcome == "pass":
        return "pass"
    if outcome == "fail":
        return "fail"
    raise InvalidInputError(
        f"{outcome!r} is not the outcome of a check", hint=f"use {' or '.join(_OUTCOMES)}"
    )


def encode_verdict(verdict: Verdict) -> bytes:
    """The document of a verdict."""
    return dump({"format": FORMAT} | verdict.to_dict())


def decode_verdict(key: str, raw: bytes) -> Verdict:
    """Read a verdict, which has to say what its key says. Raises ContaminatedError."""
    document = parse(key, raw)
    check_format(document)
    try:
        verdict = Verdict(
            artifact=document.text("artifact"),
            sha256=naming.validate_sha256(key, document.text("sha256")),
            version=read_version(document, "version"),
            check=document.text("check"),
            outcome=check_outcome(document.text("outcome")),
            position=document.integer("position"),
            at=document.time("at"),
            by=document.text_or_none("by"),
            url=document.text_or_none("url"),
            message=document.text_or_none("message"),
            identity=document.text("identity"),
            previous=read_link(document),
        )
        check_url(verdict.url)
        folder = layout.verdict_folder(verdict.artifact, verdict.sha256, verdict.check)
    except InvalidInputError as error:
        raise ContaminatedError(f"{key!r}: {error.message}", hint="record it again") from error
    check_place(document, folder, verdict.position)
    return verdict

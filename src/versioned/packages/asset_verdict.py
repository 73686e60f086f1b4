"""What checks found of assets: by sha256, so that a verdict holds in every repository."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from versioned import naming
from versioned.context import Context, new_identity, stamp
from versioned.documents import dump, parse
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.packages import layout
from versioned.packages.errors import VerdictMissingError
from versioned.packages.revision import Asset
from versioned.pipelines.entries import append_entry, listed_entries
from versioned.pipelines.fields import (
    FORMAT,
    check_format,
    check_note,
    check_place,
    check_url,
    read_link,
)
from versioned.pipelines.verdict import Outcome, check_outcome
from versioned.steps import Step


@dataclass(frozen=True, slots=True)
class AssetVerdict:
    """What a check found of the bytes with this sha256, wherever they are. `position` counts the
    verdicts of the check for them, the newest counts; `previous` is the SHA-256 of the document
    before, empty for the first."""

    sha256: str
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


def record_verdict(
    context: Context,
    sha256: str,
    check: str,
    outcome: str,
    *,
    url: str | None,
    message: str | None,
    by: str | None,
) -> AssetVerdict:
    """Create-only. Two or three steps. Raises InvalidNameError, InvalidInputError."""
    found = check_outcome(outcome)
    check_url(url)
    check_note("message", message)
    check_note("by", by)
    folder = layout.verdict_folder(sha256, check)
    context.capabilities()

    def draft(position: int, previous: str) -> AssetVerdict:
        return AssetVerdict(
            sha256=sha256,
            check=check,
            outcome=found,
            position=position,
            at=stamp(context.store.now()),
            by=by or context.actor,
            url=url,
            message=message,
            identity=new_identity(),
            previous=previous,
        )

    return append_entry(context, folder, draft, _encode)


def list_verdicts(context: Context, sha256: str) -> list[AssetVerdict]:
    """All verdicts for these bytes, sorted by check, the newest of each first."""
    folder = layout.verdicts_folder(sha256)
    lines = context.listed(folder)
    with Step(context.store) as step:
        raws = [step.add(partial(context.read, line.key)) for line in lines]
    return [decode_verdict(line.key, raw.result[1]) for line, raw in zip(lines, raws, strict=True)]


def newest_verdict(context: Context, sha256: str, check: str) -> AssetVerdict | None:
    """The verdict that counts. Two steps. Raises ContaminatedError."""
    lines = listed_entries(context, layout.verdict_folder(sha256, check))
    if not lines:
        return None
    return decode_verdict(lines[0].key, context.read(lines[0].key)[1])


def require_verdicts(context: Context, assets: Sequence[Asset], checks: Collection[str]) -> None:
    """Raises VerdictMissingError unless the newest verdict of each check passes each asset."""
    wanted = [(asset, check) for asset in assets for check in sorted(checks)]
    with Step(context.store) as step:
        asked = [
            step.add(partial(newest_verdict, context, asset.sha256, check))
            for asset, check in wanted
        ]
    unmet = {
        f"{check} of {asset.name}": "no verdict" if found.result is None else "it failed"
        for (asset, check), found in zip(wanted, asked, strict=True)
        if found.result is None or found.result.outcome != "pass"
    }
    if unmet:
        said = "; ".join(f"{name}: {reason}" for name, reason in unmet.items())
        raise VerdictMissingError(
            f"not met: {said}",
            unmet=unmet,
            hint="nothing was promoted; promote a build that passes, or have the check run again"
            if "it failed" in unmet.values()
            else "nothing was promoted; versioned packages verdict ... --pass records one",
        )


def _encode(verdict: AssetVerdict) -> bytes:
    return dump({"format": FORMAT} | verdict.to_dict())


def decode_verdict(key: str, raw: bytes) -> AssetVerdict:
    """Read a verdict, which has to say what its key says. Raises ContaminatedError."""
    document = parse(key, raw)
    check_format(document)
    try:
        verdict = AssetVerdict(
            sha256=naming.validate_sha256(key, document.text("sha256")),
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
        folder = layout.verdict_folder(verdict.sha256, verdict.check)
    except InvalidInputError as error:
        raise ContaminatedError(f"{key!r}: {error.message}", hint="record it again") from error
    check_place(document, folder, verdict.position)
    return verdict

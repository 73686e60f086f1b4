"""Recording what checks and persons say of a version's bytes, and reading it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from versioned import layout, naming
from versioned.aliases import get_alias
from versioned.context import Context, new_identity, stamp
from versioned.errors import ContentMismatchError, InvalidInputError, InvalidReferenceError
from versioned.pipelines.approval import Approval, decode_approval, encode_approval
from versioned.pipelines.entries import append_entry
from versioned.pipelines.fields import check_note, check_url
from versioned.pipelines.policies import read_policy
from versioned.pipelines.scene import published
from versioned.pipelines.verdict import Verdict, check_outcome, decode_verdict, encode_verdict
from versioned.references import Reference
from versioned.steps import Step
from versioned.targets import target_words
from versioned.versions import head_version, sha256_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pinned:
    """A published version with the bytes that it has."""

    name: str
    version: str
    sha256: str


def pinned(context: Context, reference: str) -> Pinned:
    """What `app@12` or `app@qa` means now; an alias costs a second request.

    Raises InvalidReferenceError, InvalidVersionError for LATEST, InvalidInputError for a split
    alias, ArtifactNotFoundError, AliasNotFoundError, ContentMismatchError.
    """
    parsed = Reference.parse(reference)
    if parsed.at is not None:
        raise InvalidReferenceError(
            f"{reference!r} names a time", hint=f"name the version that it means: {parsed.name}@12"
        )
    version, recorded = parsed.version, None
    if parsed.alias is not None:
        alias = get_alias(context, parsed.name, parsed.alias)
        if alias.is_split:
            raise InvalidInputError(
                f"{reference} is split, {target_words(alias)}",
                hint=f"name the version: {parsed.name}@{alias.version}",
            )
        version, recorded = alias.version, alias.sha256
    number = published(version or naming.LATEST_VERSION)
    sha256 = sha256_of(head_version(context, parsed.name, number))
    if recorded not in {None, sha256}:
        raise ContentMismatchError(
            f"{reference} is {number}, which has other bytes than were meant",
            hint=f"see versioned ls {parsed.name}, and move the alias",
        )
    return Pinned(parsed.name, number, sha256)


def record_verdict(
    context: Context,
    reference: str,
    check: str,
    outcome: str,
    *,
    url: str | None,
    message: str | None,
    by: str | None,
) -> Verdict:
    """Three to five steps; see `Pipeline.record_verdict`."""
    naming.validate_word("a check", check)
    found = check_outcome(outcome)
    check_url(url)
    check_note("message", message)
    check_note("by", by)
    version = pinned(context, reference)
    context.capabilities()
    key = layout.verdict_folder(version.name, version.sha256, check)

    def draft(position: int, previous: str) -> Verdict:
        return Verdict(
            artifact=version.name,
            sha256=version.sha256,
            version=version.version,
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

    return append_entry(context, key, draft, encode_verdict)


def approve(
    context: Context,
    reference: str,
    rank: str,
    *,
    revoke: bool,
    message: str | None,
    by: str | None,
) -> Approval:
    """Four to six steps; see `Pipeline.approve`."""
    check_note("message", message)
    person = _person(by or context.actor)
    policy = read_policy(context)
    policy.index(rank)
    approvers = policy.gate(rank).approvers
    if approvers and person not in approvers and not revoke:
        raise InvalidInputError(
            f"{person} is none of those who approve for {rank}: {', '.join(approvers)}",
            hint="ask one of them",
        )
    version = pinned(context, reference)
    context.capabilities()
    key = layout.approval_folder(version.name, version.sha256, rank, person)

    def draft(position: int, previous: str) -> Approval:
        return Approval(
            artifact=version.name,
            sha256=version.sha256,
            version=version.version,
            rank=rank,
            person=person,
            revoked=revoke,
            position=position,
            at=stamp(context.store.now()),
            message=message,
            identity=new_identity(),
            previous=previous,
        )

    return append_entry(context, key, draft, encode_approval)


def _person(name: str | None) -> str:
    if not name:
        raise InvalidInputError(
            "an approval needs somebody who approves",
            hint="set VERSIONED_ACTOR, in Python by= or actor=",
        )
    return naming.validate_person(name)


def list_verdicts(context: Context, reference: str, check: str | None) -> list[Verdict]:
    """Three or four steps; see `Pipeline.verdicts`."""
    version = pinned(context, reference)
    folder = layout.verdicts_folder(version.name, version.sha256)
    if check is not None:
        folder = layout.verdict_folder(version.name, version.sha256, check)
    return _read(context, [folder], layout.verdict_folder("a", "0" * 64, "c"), decode_verdict)


def list_approvals(context: Context, reference: str, rank: str | None) -> list[Approval]:
    """Four or five steps; see `Pipeline.approvals`."""
    policy = read_policy(context)
    if rank is not None:
        policy.index(rank)
    version = pinned(context, reference)
    folders = [
        layout.approvals_folder(version.name, version.sha256, one)
        for one in policy.ranks
        if rank in {None, one}
    ]
    room = layout.approval_folder("a", "0" * 64, "r", "p")
    return _read(context, folders, room, decode_approval)


def _read(
    context: Context, folders: Sequence[str], room: str, decode: Callable[[str, bytes], T]
) -> list[T]:
    """The documents below some folders that lie as deep as those in a room."""
    with Step(context.store) as step:
        listed = [step.add(partial(context.listed, folder)) for folder in folders]
    keys = [line.key for lines in listed for line in lines.result]
    keys = [key for key in keys if key.count("/") == room.count("/")]
    with Step(context.store) as step:
        raws = [step.add(partial(context.read, key)) for key in keys]
    return [decode(key, raw.result[1]) for key, raw in zip(keys, raws, strict=True)]

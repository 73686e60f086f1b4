"""`versioned verify`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

import click

from versioned.cli.arguments import PAST_REF, SHARE
from versioned.cli.framework import command
from versioned.cli.output import Block
from versioned.cli.progress import counting
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.verify_ledger import verify_ledgers
from versioned.cli.words import count_words, ref, size_words
from versioned.errors import ContaminatedError, ContentMismatchError
from versioned.references import Reference
from versioned.repository import Repository
from versioned.verification import VerificationReport


@command(
    "verify",
    example="""
    versioned verify --sample 10%
    versioned verify --ledger app@prod
    versioned verify --ledger -q > anchors.txt
    versioned verify --ledger --anchors anchors.txt
    """,
)
@click.argument("reference", metavar="[NAME|REF[@TIME]]", type=PAST_REF, required=False)
@click.option("--sample", metavar="SHARE", type=SHARE, help="Read a part: 10% or 0.1.")
@click.option("--ledger", is_flag=True, help="Prove histories instead: NAME or NAME@ALIAS.")
@click.option(
    "--anchors",
    metavar="FILE",
    type=click.File("r", encoding="utf-8"),
    help="With --ledger: hashes that -q printed earlier, which must still be there.",
)
@click.pass_obj
def verify(
    session: Session,
    /,
    *,
    reference: Reference | None,
    sample: float | None,
    ledger: bool,
    anchors: TextIO | None,
) -> None:
    """Read versions again and compare their sha256.

    All of them, those of one artifact, or those that one ref means. Ends with 5 if something is
    damaged.

    --ledger proves histories instead: it reads every entry and checks the hashes that link them.
    Its quiet form prints the hash of each newest entry: kept elsewhere, they prove later that
    nothing before them was forged or cut off.
    """
    repository = session.repository()
    if ledger:
        if sample is not None:
            raise click.UsageError("--sample is for versions; a history is proved whole.")
        verify_ledgers(session, repository, reference, anchors)
        return
    if anchors is not None:
        raise click.UsageError("--anchors are for --ledger.")
    with counting(session.out, "verifying") as progress:
        name = reference.name if reference else None
        reports = [
            repository.verify(name, version=version, sample=sample or 1.0, progress=progress)
            for version in _versions(repository, reference)
        ]
    report = VerificationReport(
        tuple(version for one in reports for version in one.verified),
        sum(one.total for one in reports),
        tuple(sentence for one in reports for sentence in one.unreadable),
    )
    session.out.answer(report.to_dict(), quiet=_damaged(report), people=_blocks(report))
    _check(report)


def _check(report: VerificationReport) -> None:
    """Raises ContentMismatchError, ContaminatedError."""
    if report.damaged:
        raise ContentMismatchError(
            f"{count_words(len(report.damaged), 'version')} damaged",
            hint="put a good copy and publish it, then move the aliases",
        )
    if report.unreadable:
        raise ContaminatedError(
            f"{count_words(len(report.unreadable), 'artifact')} can't be listed, so not verified",
            hint="move the foreign objects away that are named above",
        )


def _versions(repository: Repository, reference: Reference | None) -> Sequence[str | None]:
    """Both sides of a split alias, one version, or `None` for all of them."""
    if reference is None or reference.alias is None:
        return [reference.version if reference else None]
    return sorted(repository.get_alias(reference.name, reference.alias, at=reference.at).versions)


def _damaged(report: VerificationReport) -> list[str]:
    return [ref(v.artifact.name, v.artifact.version) for v in report.damaged]


def _blocks(report: VerificationReport) -> list[Block]:
    rows = [
        (ref(v.artifact.name, v.artifact.version), v.message) for v in report.verified if v.message
    ]
    table: list[Block] = (
        [Table((Column("VERSION"), Column("WHAT", shrink=24)), rows)] if rows else []
    )
    size = size_words(sum(v.artifact.size for v in report.verified))
    verdict = f"{len(report.damaged)} damaged" if report.damaged else "all intact"
    read = f"read {len(report.verified):,} of {count_words(report.total, 'version')} ({size})"
    return [*table, *report.unreadable, f"{read}: {verdict}"]

"""`versioned verify`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from versioned.cli.arguments import REF, SHARE
from versioned.cli.framework import command
from versioned.cli.output import Block
from versioned.cli.progress import counting
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import count_words, ref, size_words
from versioned.errors import ContentMismatchError
from versioned.references import Reference
from versioned.repository import Repository
from versioned.verification import VerificationReport


@command("verify", example="versioned verify --sample 10%")
@click.argument("reference", metavar="[NAME|REF]", type=REF, required=False)
@click.option("--sample", metavar="SHARE", type=SHARE, default=1.0, help="Read a part: 10% or 0.1.")
@click.pass_obj
def verify(session: Session, /, *, reference: Reference | None, sample: float) -> None:
    """Read versions again and compare their sha256.

    All of them, those of one artifact, or those that one ref means. Ends with 5 if something is damaged.
    """
    repository = session.repository()
    with counting(session.out, "verifying") as progress:
        name = reference.name if reference else None
        reports = [
            repository.verify(name, version=version, sample=sample, progress=progress)
            for version in _versions(repository, reference)
        ]
    report = VerificationReport(
        tuple(version for one in reports for version in one.verified),
        sum(one.total for one in reports),
    )
    session.out.answer(report.to_dict(), quiet=_damaged(report), people=_blocks(report))
    if not report.ok:
        raise ContentMismatchError(
            f"{count_words(len(report.damaged), 'version')} damaged",
            hint="put a good copy and publish it, then move the aliases",
        )


def _versions(repository: Repository, reference: Reference | None) -> Sequence[str | None]:
    """Both sides of a split alias, one version, or `None` for all of them."""
    if reference is None or reference.alias is None:
        return [reference.version if reference else None]
    return sorted(repository.get_alias(reference.name, reference.alias).versions)


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
    verdict = "all intact" if report.ok else f"{len(report.damaged)} damaged"
    read = f"read {len(report.verified):,} of {count_words(report.total, 'version')} ({size})"
    return [*table, f"{read}: {verdict}"]

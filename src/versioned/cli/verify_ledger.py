"""`versioned verify --ledger`."""

from __future__ import annotations

from collections.abc import Iterable

import click

from versioned.cli.output import Block
from versioned.cli.progress import counting
from versioned.cli.session import Session
from versioned.cli.tables import Column, Table
from versioned.cli.words import SHORT_SHA, count_words, ref
from versioned.errors import LedgerBrokenError
from versioned.ledger_proof import Anchor, LedgerReport
from versioned.references import Reference
from versioned.repository import Repository


def verify_ledgers(
    session: Session,
    repository: Repository,
    reference: Reference | None,
    anchors: Iterable[str] | None,
) -> None:
    """Prove the histories that a ref means. Raises LedgerBrokenError."""
    if reference and (reference.version or reference.at):
        raise click.UsageError("--ledger is for NAME or NAME@ALIAS: a history is proved whole.")
    try:
        kept = [Anchor.parse(line.strip()) for line in anchors or () if line.strip()]
    except UnicodeDecodeError:
        raise click.UsageError("The file of --anchors is no text.") from None
    with counting(session.out, "proving") as progress:
        report = repository.verify_ledger(
            reference.name if reference else None,
            reference.alias if reference else None,
            anchors=kept,
            progress=progress,
        )
    found = [ledger.anchor for ledger in report.ledgers]
    session.out.answer(
        report.to_dict(), quiet=[anchor for anchor in found if anchor], people=_blocks(report)
    )
    if not report.ok:
        raise LedgerBrokenError(
            f"{count_words(len(report.broken), 'history')} broken, "
            f"{count_words(len(report.foreign), 'foreign object')}",
            hint="compare with a backup, and see who may write below ledger/",
        )


def _blocks(report: LedgerReport) -> list[Block]:
    columns = (
        Column("HISTORY"),
        Column("ENTRIES", right=True),
        Column("NEWEST", drop=1),
        Column("STATE"),
    )
    rows = [
        (
            ref(ledger.name, ledger.alias),
            f"{ledger.entries:,}",
            ledger.tip[:SHORT_SHA],
            "whole" if ledger.ok else "broken",
        )
        for ledger in report.ledgers
    ]
    told = [
        f"{ref(ledger.name, ledger.alias)}: {sentence}"
        for ledger in report.ledgers
        for sentence in (*ledger.faults, *ledger.notices)
    ]
    read = count_words(sum(ledger.entries for ledger in report.ledgers), "entry")
    verdict = "all whole" if report.ok else f"{len(report.broken)} broken"
    summary = f"read {read} of {count_words(len(report.ledgers), 'history')}: {verdict}"
    table = Table(columns, rows)
    return [*([table] if rows else []), *told, *report.foreign, summary]

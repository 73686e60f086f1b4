"""Who uses an image, as far as the sources of references tell, in the words of people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from versioned.cli.output import Block
from versioned.cli.tables import Column, Table
from versioned.cli.words import count_words
from versioned.images.errors import ImageInUseError, IncompleteDeletionError
from versioned.images.registry import Deletion
from versioned.images.sources.base import Answer, References, SourceReport

_SHOWN = 5


def users_words(users: Sequence[str]) -> str:
    """The first of them, and how many more."""
    more = f" and {count_words(len(users) - _SHOWN, 'other')}" if len(users) > _SHOWN else ""
    return f"{', '.join(users[:_SHOWN])}{more}"


def sources_blocks(reports: Sequence[SourceReport]) -> list[Block]:
    """What stands behind a decision about uses: a line where all is well, else the table."""
    if not reports or any(one.answer is Answer.FAILED for one in reports):
        return [sources_table(reports)]
    asked = ", ".join(f"{one.source} {one.uses:,}" for one in reports if one.answer is Answer.OK)
    skipped = ", ".join(one.source for one in reports if one.answer is Answer.SKIPPED)
    return [f"references: {asked or 'none known'}{skipped and f'; not asked: {skipped}'}"]


def sources_table(reports: Sequence[SourceReport]) -> Table:
    """What each source said; where it said nothing, why."""
    rows = [
        (
            one.source,
            one.answer.value,
            count_words(one.uses, "use") if one.answer is Answer.OK else one.reason,
        )
        for one in reports
    ]
    columns = (Column("SOURCE"), Column("ANSWER"), Column("WHAT IT SAID", shrink=16))
    return Table(columns, rows, "no source of references was asked")


def check_unused(what: str, users: Sequence[str], references: References) -> None:
    """Raises ImageInUseError where somebody uses it, ReferencesUnknownError where somebody
    might."""
    if users:
        raise ImageInUseError(
            f"{what} is used by {users_words(users)}",
            hint="let them use another image first, or add --force",
        )
    if not references.are_known:
        raise references.unknown(f"{what} may be in use", otherwise=", or add --force")


def force_words(users: Sequence[str], references: References) -> list[Block]:
    """What is overridden by force; nothing where nothing is."""
    blocks: list[Block] = []
    if users:
        blocks.append(f"  although it is used by {users_words(users)}")
    if not references.are_known:
        failed = ", ".join(one.source for one in references.unanswered)
        blocks.append(f"  without an answer from {failed or 'any source of references'}")
    return blocks


def check_deleted(deletions: Sequence[Deletion]) -> None:
    """Raises IncompleteDeletionError where a registry did not delete all that it was asked to."""
    failures = [
        f"{one.repository} {failure.identity}: {failure.reason}"
        for one in deletions
        for failure in one.failures
    ]
    if failures:
        more = f" and {count_words(len(failures) - 1, 'other')}" if len(failures) > 1 else ""
        raise IncompleteDeletionError(
            f"not deleted: {failures[0]}{more}",
            deletions=deletions,
            hint="mend what it names, then repeat: what is gone is no error",
        )

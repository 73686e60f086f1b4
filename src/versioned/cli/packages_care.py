"""`versioned packages reindex` and `doctor`."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import click

from versioned.cli.exits import UnmendedError
from versioned.cli.output import Block
from versioned.cli.packages_arguments import AREA, Area
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.cli.tables import Column, Table
from versioned.cli.words import count_words
from versioned.errors import InvalidInputError

_COLUMNS = (
    Column("REPOSITORY", drop=2),
    Column("FINDING"),
    Column("STATE", drop=1),
    Column("WHAT", shrink=24),
)


@click.command(
    "reindex",
    cls=PackagesCommand,
    example="""
    versioned packages reindex AbcProd
    versioned packages reindex AbcProd/pypi/pyabc
    """,
)
@click.argument("area", metavar="REPOSITORY[/FORMAT/PACKAGE]", type=AREA)
@pass_packages
def reindex(ours: PackagesSession, /, *, area: Area) -> None:
    """Make the pages that installers read anew.

    From the revisions alone, and safe while others publish. What is as it should be is not written.
    """
    if area.kind is not None and area.package is None:
        raise InvalidInputError(
            f"{area} is neither a repository nor a package",
            hint=f"{area.repository}, or {area}/PACKAGE",
        )
    written = ours.packages.reindex(area.repository, area.package)
    ours.out.answer(
        {"area": str(area), "written": written},
        quiet=written,
        people=[*(f"wrote {area.repository}/{one}" for one in written)]
        or [f"all pages of {area} are as they should be"],
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it should be: `orphan`, bytes that no version has; `stale-page`, a page that
    does not show what the revisions say."""

    repository: str
    code: str
    what: str
    mended: bool


@click.command("doctor", cls=PackagesCommand, example="versioned packages doctor --mend")
@click.argument("repository", required=False)
@click.option("--mend", is_flag=True, help="Mend what is found.")
@pass_packages
def doctor(ours: PackagesSession, /, *, repository: str | None, mend: bool) -> None:
    """Find what crashes left behind, and mend it.

    In one repository or in all, and safe while others publish. Bytes that no version has are
    found once they are a day old; pages that are behind are made anew. Ends with 9 if something is
    found and not mended.
    """
    domain = ours.packages.domain()
    names = [repository] if repository else [one.name for one in domain.repositories]
    findings = [one for name in names for one in _findings(ours, name, mend=mend)]
    rows = [
        (one.repository, one.code, "mended" if one.mended else "can be mended", one.what)
        for one in findings
    ]
    table: list[Block] = [Table(_COLUMNS, rows)] if rows else []
    open_ones = [one for one in findings if not one.mended]
    found = f"{count_words(len(findings), 'finding')}, {len(findings) - len(open_ones)} mended"
    ours.out.answer(
        [asdict(one) for one in findings],
        quiet=[one.what for one in open_ones],
        people=[*table, found if findings else "all is well"],
    )
    if open_ones:
        raise UnmendedError(
            f"{count_words(len(open_ones), 'finding')} not mended",
            hint="versioned packages doctor --mend",
        )


def _findings(ours: PackagesSession, repository: str, *, mend: bool) -> list[Finding]:
    orphans = ours.packages.find_orphans(repository, mend=mend)
    pages = ours.packages.reindex(repository, write=mend)
    found = [("orphan", one) for one in orphans]
    found += [("stale-page", f"{repository}/{one}") for one in pages]
    return [Finding(repository, code, what, mended=mend) for code, what in found]

"""`versioned packages init` and `create`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import click

from versioned.cli import config
from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.errors import InvalidInputError
from versioned.opening import open_store
from versioned.packages.errors import DomainNotFoundError
from versioned.packages.packages import Packages

_DEFAULT_NAME = "packages"


@click.command(
    "init",
    cls=PackagesCommand,
    example="""
    versioned packages init AbcDev AbcStaging AbcProd
    versioned packages init --name abc --domain s3://my-bucket/packages AbcDev AbcProd
    """,
)
@click.argument("repositories", metavar="[REPOSITORY]...", nargs=-1)
@click.option("--name", help=f"Of the domain.  [default: {_DEFAULT_NAME}]")
@pass_packages
def init(ours: PackagesSession, /, *, repositories: tuple[str, ...], name: str | None) -> None:
    """Make a domain, and repositories in it.

    With --domain, .versioned.toml in this directory names it from now on. Without it the domain
    that VERSIONED_PACKAGES or a config file names is made, else ./.versioned-packages. Running it
    again is harmless.
    """
    chosen = ours.named or config.Chosen(config.DEFAULT_DOMAIN, "the default")
    packages = ours.open(chosen)
    _refuse_repository(ours, packages)
    made = packages.create_domain(name or _name_of(packages))
    for one in repositories:
        packages.create_repository(one)
    path = ours.session.cwd / config.FILE_NAME
    written = bool(ours.domain) and config.write_domain(path, chosen.url)
    uri = packages.context.store.uri("")
    domain = packages.domain()
    names = [one.name for one in domain.repositories]
    words = ", ".join(names) or "none yet"
    ours.out.answer(
        {**asdict(domain), "url": uri, "config": str(path) if ours.domain else None},
        quiet=[uri],
        people=[f"the domain {made.name} is ready in {uri}; repositories: {words}"],
    )
    if written:
        ours.out.note(f"{config.FILE_NAME} names it for this directory and those below")
    if not names:
        ours.out.note("versioned packages create makes a repository")


def _refuse_repository(ours: PackagesSession, packages: Packages) -> None:
    """A repository of artifacts takes every folder in it for an artifact, so neither may lie in
    the other. Raises InvalidInputError."""
    session = ours.session
    named = session.named or config.nearest_default(session.cwd)
    if named is None:
        return
    theirs = f"{open_store(named.url)[0].uri('').rstrip('/')}/"
    uri = packages.context.store.uri("")
    if theirs.startswith(f"{uri.rstrip('/')}/") or f"{uri.rstrip('/')}/".startswith(theirs):
        raise InvalidInputError(
            f"{uri} is where artifacts are kept: {theirs.rstrip('/')}",
            hint="packages need a place of their own: --domain URL",
        )


def _name_of(packages: Packages) -> str:
    try:
        return packages.domain().name
    except DomainNotFoundError:
        return _DEFAULT_NAME


@click.command(
    "create",
    cls=PackagesCommand,
    example="""
    versioned packages create AbcStaging --require integration
    versioned packages create AbcProd --from AbcStaging
    """,
)
@click.argument("repository")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option(
    "--require",
    "requires",
    metavar="CHECK",
    multiple=True,
    help="Promote nothing into it without a passing verdict of this check, too; repeat it.",
)
@click.option(
    "--no-require",
    "dropped",
    metavar="CHECK",
    multiple=True,
    help="Don't require this check any more; repeat it.",
)
@click.option(
    "--from",
    "sources",
    metavar="REPOSITORY",
    multiple=True,
    help="Publish nothing into it, and promote into it from this repository; repeat it.",
)
@click.option(
    "--no-from",
    "dropped_sources",
    metavar="REPOSITORY",
    multiple=True,
    help="Don't promote from this repository any more; without any left, it takes everything again; "
    "repeat it.",
)
@pass_packages
def create(
    ours: PackagesSession,
    /,
    *,
    repository: str,
    description: str | None,
    requires: tuple[str, ...],
    dropped: tuple[str, ...],
    sources: tuple[str, ...],
    dropped_sources: tuple[str, ...],
) -> None:
    """Make a repository, or change what is said of it.

    What no option says stays as it is. With --from it takes only what is promoted into it from
    one of these repositories; what is there already stays.
    """
    there = next(
        (one for one in ours.packages.domain().repositories if one.name == repository), None
    )
    checks = _Words(repository, "is both required and not", "does not require", "it requires")
    places = _Words(repository, "is both a source and not", "has no source", "it has")
    made = ours.packages.create_repository(
        repository,
        description=description,
        requires=checks.changed(there.requires if there else (), requires, dropped),
        sources=places.changed(there.sources if there else (), sources, dropped_sources),
    )
    state = "is changed" if there and made != there else "is there" if there else "is made"
    needs = f"; promoting into it needs {', '.join(made.requires)}" if made.requires else ""
    comes = f"; promoted from {' or '.join(made.sources)} only" if made.sources else ""
    if there and there.sources and not made.sources:
        comes = "; whoever may publish can publish into it again"
    ours.out.answer(
        asdict(made),
        quiet=[made.name],
        people=[f"the repository {made.name} {state}{needs}{comes}"],
    )


@dataclass(frozen=True, slots=True)
class _Words:
    """How to say what is wrong with names to add to a list and to take from it."""

    repository: str
    both: str
    lacks: str
    has: str

    def changed(
        self, before: Sequence[str], added: Sequence[str], dropped: Sequence[str]
    ) -> list[str] | None:
        """The list after that, `None` where it stays. Raises UsageError, InvalidInputError."""
        twice = sorted(set(added) & set(dropped))
        if twice:
            raise click.UsageError(f"{twice[0]} {self.both}.")
        unknown = sorted(set(dropped) - set(before))
        if unknown:
            raise InvalidInputError(
                f"{self.repository} {self.lacks} {unknown[0]!r}",
                hint=f"{self.has} {', '.join(before) or 'nothing'}",
            )
        return sorted((set(before) | set(added)) - set(dropped)) if added or dropped else None

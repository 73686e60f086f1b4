"""`versioned init`."""

from __future__ import annotations

from dataclasses import asdict

import click

from versioned.cli import config
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.cli.tables import Fields


@command("init", example="versioned init s3://my-bucket/releases?region=eu-west-1")
@click.argument("url", required=False)
@click.pass_obj
def init(session: Session, /, *, url: str | None) -> None:
    """Make a repository, and show what its store enforces.

    With a URL, .versioned.toml in this directory names it from now on. Without one the
    repository that --repo, VERSIONED_REPO or a config file names is made, else ./.versioned.
    Running it again is harmless.
    """
    if url and session.repo:
        raise click.UsageError("Say the URL once: as an argument or as --repo.")
    chosen = (
        config.Chosen(url, "URL")
        if url
        else session.named or config.Chosen(config.DEFAULT_URL, "the default")
    )
    repository = session.open(chosen)
    found = repository.bootstrap()
    path = session.cwd / config.FILE_NAME
    written = bool(url) and config.write_repository(path, chosen.url)
    uri = repository.context.store.uri("")
    enforced = [
        (name.replace("_", " "), "yes" if proved else "no")
        for name, proved in asdict(found).items()
    ]
    session.out.answer(
        {"repository": uri, "capabilities": asdict(found), "config": str(path) if url else None},
        quiet=[uri],
        people=[f"repository {uri} is ready; its store enforces", Fields(enforced)],
    )
    if written:
        session.out.note(f"{config.FILE_NAME} names it for this directory and those below")
    if not (found.create_only and found.compare_and_set):
        session.out.warn(
            "this store accepts conditions and does not enforce them, so writing is refused; "
            "use --single-writer if nobody else ever writes"
        )

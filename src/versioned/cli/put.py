"""`versioned put`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from versioned.cli.arguments import NAME, PAIR, as_dict
from versioned.cli.framework import command
from versioned.cli.output import Output
from versioned.cli.progress import transfer
from versioned.cli.publish import announce
from versioned.cli.session import Session
from versioned.cli.words import content_words
from versioned.content import Source
from versioned.errors import ArtifactNotFoundError, ConflictError
from versioned.models import Artifact
from versioned.repository import Repository


@command("put", example="versioned put app dist/app.zip --metadata commit=4f2a91c --publish")
@click.argument("name", type=NAME)
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--content-type", metavar="TYPE", help="Instead of what the file's name suggests.")
@click.option("--metadata", type=PAIR, multiple=True, help="Kept with the version; repeat it.")
@click.option("--tag", "tags", type=PAIR, multiple=True, help="A tag of the object; repeat it.")
@click.option("--publish", is_flag=True, help="Publish it as the next version at once.")
@click.pass_obj
def put(
    session: Session,
    /,
    *,
    name: str,
    file: Path,
    content_type: str | None,
    metadata: tuple[tuple[str, str], ...],
    tags: tuple[tuple[str, str], ...],
    publish: bool,
) -> None:
    """Store a file, or - for standard input, as LATEST.

    Bytes that LATEST holds already are not stored again; then its metadata and tags stay as
    they were.
    """
    repository = session.repository()
    before = _latest(repository, name)
    with _source(session.out, file) as source, transfer(session.out, name) as progress:
        stored = repository.put_artifact(
            name,
            source,
            content_type=content_type,
            metadata=as_dict("--metadata", metadata) or None,
            tags=as_dict("--tag", tags) or None,
            progress=progress,
        )
    changed = before is None or before.etag != stored.etag
    if not changed and (content_type or metadata or tags):
        session.out.warn("the bytes are those of LATEST, so metadata and tags were left alone")
    if publish:
        _publish(session, repository, stored)
        return
    words = "stored" if changed else "unchanged:"
    session.out.answer(
        stored.to_dict() | {"new": changed},
        quiet=[stored.sha256],
        people=[f"{words} {name}@{stored.version} ({content_words(stored)})"],
    )


def _publish(session: Session, repository: Repository, stored: Artifact) -> None:
    published = announce(session, repository, stored.name)
    if published.sha256 != stored.sha256:
        raise ConflictError(
            f"somebody else put {stored.name!r} meanwhile, and version {published.version} "
            "holds their bytes",
            hint="put yours again",
        )


def _latest(repository: Repository, name: str) -> Artifact | None:
    try:
        return repository.get_artifact_version(name)
    except ArtifactNotFoundError:
        return None


@contextmanager
def _source(out: Output, file: Path) -> Iterator[Source]:
    """A path, unless it can be read only once: standard input, a pipe, `<(command)`."""
    if str(file) == "-":
        if sys.stdin.isatty():
            out.note("reading from the terminal; Ctrl-D ends it")
        yield sys.stdin.buffer
    elif file.is_file():
        yield file
    else:
        with file.open("rb") as stream:
            yield stream

"""`versioned get`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click

from versioned.cli.arguments import PAST_REF
from versioned.cli.exits import FileExistsDifferentlyError
from versioned.cli.framework import command
from versioned.cli.output import Mode
from versioned.cli.progress import transfer
from versioned.cli.session import Session
from versioned.cli.words import SHORT_SHA, ref, size_words
from versioned.downloads import Download
from versioned.errors import InvalidInputError
from versioned.references import Reference
from versioned.repository import Repository


@command("get", example="versioned get app@prod -o dist/")
@click.argument("reference", metavar="REF[@TIME]", type=PAST_REF)
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="A file, a directory to put it in, or - for standard output. Without it the file is "
    "named after the artifact.",
)
@click.option("--key", metavar="KEY", help="Route this key where the alias is split.")
@click.option("--force", is_flag=True, help="Overwrite a file that holds something else.")
@click.option("--no-cache", is_flag=True, help="Read from the store in any case.")
@click.pass_obj
def get(
    session: Session,
    /,
    *,
    reference: Reference,
    output: str | None,
    key: str | None,
    force: bool,
    no_cache: bool,
) -> None:
    """Download a version; its bytes are checked against its sha256.

    A file appears whole or not at all. With -o - the exit code tells whether the bytes that
    came out are right. With a time, as in app@prod@2026-03-01T12:00Z, it is the version that
    the alias pointed at then.

    Downloads from remote repositories are kept below ~/.cache/versioned, so the second one
    reads no bytes.
    """
    if output == "-" and session.out.mode is not Mode.PEOPLE:
        raise click.UsageError("With -o - standard output is for the bytes alone.")
    repository = session.repository(cached=not no_cache)
    with transfer(session.out, str(reference)) as progress:
        read = partial(repository.download_reference, str(reference), key=key, progress=progress)
        if output == "-":
            read(to=session.out.binary)
            return
        path = _target(output, reference.name + repository.context.suffix)
        there = None if force else _already_there(repository, reference, key, path)
        done, words = (there, "unchanged") if there else _write(path, read)
    session.out.answer(
        asdict(done) | {"path": str(path)},
        quiet=[path],
        people=[f"{path}: {_words(done)}, {words}"],
    )


def _words(done: Download) -> str:
    version = ref(done.name, done.version)
    return f"{version}, {size_words(done.size)}, sha256 {done.sha256[:SHORT_SHA]}"


def _write(path: Path, read: Callable[..., Download]) -> tuple[Download, str]:
    if path.exists() and not path.is_file():  # a device or a pipe is written to, not replaced
        with path.open("wb") as stream:
            return read(to=stream), "downloaded"
    done = read(to=path)
    return done, "from the cache" if done.cached else "downloaded"


def _target(output: str | None, file_name: str) -> Path:
    path = Path(output or file_name)
    if output and (path.is_dir() or output.endswith("/")):
        path /= file_name
    if path.is_dir():
        raise InvalidInputError(f"{str(path)!r} is a directory", hint="name a file with -o")
    if not path.parent.is_dir():
        raise InvalidInputError(
            f"there is no directory {str(path.parent)!r}", hint=f"mkdir -p {path.parent}"
        )
    return path


def _already_there(
    repository: Repository, reference: Reference, key: str | None, path: Path
) -> Download | None:
    """What would be downloaded, if the file holds it. Raises FileExistsDifferentlyError."""
    if not path.is_file():
        return None
    wanted = repository.resolve(str(reference), key=key)
    one = repository.get_artifact_version(wanted.name, wanted.version)
    if path.stat().st_size == one.size:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == one.sha256:
                return Download(one.name, one.version, one.sha256, one.size, cached=True)
    raise FileExistsDifferentlyError(
        f"{str(path)!r} is there and is not {ref(one.name, one.version)}",
        hint="name another file with -o, or add --force to overwrite it",
    )

"""`versioned serve`: HTTP in front of packages."""

from __future__ import annotations

import logging
import re
import socket
import sys
from typing import TYPE_CHECKING

import click

from versioned.cli.packages_options import PackagesCommand, PackagesSession, pass_packages
from versioned.errors import InvalidInputError, VersionedError

if TYPE_CHECKING:
    from versioned.server.settings import Downloads

_MIB = 1024 * 1024
_PORT = 8080
_PORT_NUMBER = re.compile(r"[0-9]{1,5}")
_LAST_PORT = 65535


@click.command(
    "serve",
    cls=PackagesCommand,
    example="""
    versioned serve
    versioned serve --listen 0.0.0.0:8080 --public-url https://packages.example.com
    """,
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default=f"127.0.0.1:{_PORT}",
    show_default=True,
    help="Where to answer; port 0 takes a free one.",
)
@click.option("--public-url", metavar="URL", help="How clients reach it, where that differs.")
@click.option(
    "--downloads",
    type=click.Choice(["redirect", "stream"]),
    default="redirect",
    show_default=True,
    help="Send clients to the store, where it has URLs for that, or bring the bytes.",
)
@click.option(
    "--anonymous",
    metavar="REPOSITORY",
    multiple=True,
    help="Let anybody read this repository, without a token; repeat it.",
)
@click.option(
    "--longest-upload",
    metavar="MIB",
    type=click.IntRange(1),
    default=10240,
    show_default=True,
    help="Refuse larger uploads.",
)
@click.option(
    "--most-connections",
    metavar="N",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Answer 503 beyond these.",
)
@click.option(
    "--keep-alive",
    metavar="SECONDS",
    type=click.IntRange(1),
    default=75,
    show_default=True,
    help="Close a connection on which nothing is asked; longer than a proxy keeps it.",
)
@click.option(
    "--grace",
    metavar="SECONDS",
    type=click.IntRange(0),
    default=30,
    show_default=True,
    help="What requests under way get when it is told to stop.",
)
@pass_packages
def serve(
    ours: PackagesSession,
    /,
    *,
    listen: str,
    public_url: str | None,
    downloads: Downloads,
    anonymous: tuple[str, ...],
    longest_upload: int,
    most_connections: int,
    keep_alive: int,
    grace: int,
) -> None:
    """Answer twine, pip, uv, npm, curl and the AWS command line.

    It keeps nothing: start as many as you like before one domain. Who may do what is said by
    tokens: versioned packages tokens create. Each request leaves a line of JSON on stderr. Put a
    proxy that speaks TLS in front of it; tokens are secrets.
    """
    try:
        from versioned.server.app import create_app  # noqa: PLC0415 - an extra, and heavy
        from versioned.server.log import LibraryLog, Log  # noqa: PLC0415
        from versioned.server.serving import serve as run  # noqa: PLC0415
        from versioned.server.settings import Settings  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise MissingExtraError((error.name or "").partition(".")[0]) from error
    settings = Settings(
        public_url=public_url,
        downloads=downloads,
        anonymous=frozenset(ours.packages.repository(name).name for name in anonymous),
        longest_upload=longest_upload * _MIB,
        keep_alive=keep_alive,
    )
    domain = ours.packages.domain()
    log = Log(sys.stderr)
    logging.getLogger().addHandler(LibraryLog(log))
    with _listening(listen) as listening:
        host, port = listening.getsockname()[:2]
        url = public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"

        def announce() -> None:
            ours.out.answer(
                {"url": url, "domain": domain.name},
                quiet=[url],
                people=[f"the domain {domain.name} answers at {url}; stop it with Ctrl-C"],
            )
            sys.stdout.flush()  # whoever started it waits for this line

        run(
            create_app(ours.packages, settings, log=log),
            listening,
            grace_seconds=grace,
            most_connections=most_connections,
            keep_alive=settings.keep_alive,
            patience=settings.patience,
            slowest_upload=settings.slowest_upload,
            started=announce,
        )


class MissingExtraError(VersionedError):
    """What the server needs is not installed."""

    code = "missing-extra"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the server needs {name}, which is not installed",
            hint="pip install 'versioned[server]>=2', or '.[server]' from a clone",
        )


def _listening(text: str) -> socket.socket:
    """Raises InvalidInputError for what is no address, or one that can't be had."""
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT_NUMBER.fullmatch(port) or int(port) > _LAST_PORT:
        raise InvalidInputError(f"{text!r} is no address", hint=f"such as 127.0.0.1:{_PORT}")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=1024)
    except OSError as error:
        raise InvalidInputError(
            f"{text} can't be listened on: {error}", hint="is something else there already?"
        ) from error

"""One invocation: what its options, the environment and the config files say together."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from versioned.cli import config
from versioned.cli.output import Mode, Output

if TYPE_CHECKING:
    from versioned.context import Context
    from versioned.repository import Repository


@dataclass
class Session:
    """The options that every command takes, and what follows from them.

    The options are set while the command line is parsed, so read the properties only after.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    repo: str | None = None
    json: bool = False
    quiet: bool = False
    color: bool = True
    single_writer: bool = False
    started: float = field(default_factory=time.monotonic)
    changes: list[tuple[Context, str]] = field(default_factory=list)
    """The artifacts that this invocation changed, each once."""

    @cached_property
    def out(self) -> Output:
        """Where the answer goes. Raises UsageError where two modes were asked for."""
        if self.json and self.quiet:
            raise click.UsageError("--json and --quiet exclude each other.")
        mode = Mode.JSON if self.json else Mode.QUIET if self.quiet else Mode.PEOPLE
        return Output.of_process(mode, color=self.color, environ=self.environ)

    @property
    def cwd(self) -> Path:
        return Path.cwd()

    @property
    def named(self) -> config.Chosen | None:
        """The repository that somebody named. Raises InvalidInputError."""
        return config.choose(self.repo, self.environ, self.cwd)

    def repository(self, *, cached: bool = False) -> Repository:
        """The repository that is meant. `cached` keeps downloads of a remote one.

        Raises InvalidLocationError, RepositoryNotFoundError.
        """
        return self.open(self.named or config.default(self.cwd), cached=cached)

    def open(self, chosen: config.Chosen, *, cached: bool = False) -> Repository:
        """A repository by its URL. Raises InvalidLocationError."""
        from versioned.cache import Cache  # noqa: PLC0415 - `versioned --help` needs no core
        from versioned.location import Location  # noqa: PLC0415
        from versioned.repository import Repository  # noqa: PLC0415

        remote = Location.parse(chosen.url).path is None
        repository = Repository.open(
            chosen.url,
            actor=config.actor(self.environ),
            cache=Cache(config.cache_directory(self.environ)) if cached and remote else None,
            single_writer=self.single_writer or chosen.single_writer,
        )
        repository.context.on_change = partial(self.changed, repository.context)
        return repository

    def changed(self, context: Context, name: str) -> None:
        """Remember that an artifact was changed."""
        if not any(known is context and one == name for known, one in self.changes):
            self.changes.append((context, name))


def session_of(ctx: click.Context) -> Session:
    """The session that all contexts of one invocation share."""
    return ctx.find_root().ensure_object(Session)

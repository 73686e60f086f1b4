"""What every images command takes, and what follows from it: the images of a project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from versioned.cli import config
from versioned.cli.framework import Command, Group
from versioned.cli.output import Output
from versioned.cli.session import Session, session_of

if TYPE_CHECKING:
    from versioned.images.config import ImagesConfig
    from versioned.images.images import Images
    from versioned.images.sources.base import References
    from versioned.repository import Repository

_P = ParamSpec("_P")
_KEY = "versioned.cli.images"


@dataclass
class ImagesSession:
    """The options that images commands take, and what follows from them.

    The options are set while the command line is parsed, so read the properties only after.
    """

    session: Session
    registry: str | None = None
    region: str | None = None
    prefix: str | None = None
    files: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    @property
    def out(self) -> Output:
        """Where the answer goes."""
        return self.session.out

    @cached_property
    def repository(self) -> Repository | None:
        """The repository that has the ranks and the ledger: the one that is named, else the
        nearest `.versioned` upwards; `None` where there is none. Who moves a tag is not refused
        without one, so it is looked for further than by commands that are. Raises
        InvalidInputError, InvalidLocationError."""
        session = self.session
        chosen = session.named or config.nearest_default(session.cwd)
        return session.open(chosen) if chosen else None

    @property
    def config(self) -> ImagesConfig:
        """The table `[images]` with what the options say instead. Raises InvalidInputError."""
        from versioned.images.config import ImagesConfig  # noqa: PLC0415 - the help needs none

        session = self.session
        folder, table = config.table("images", session.environ, session.cwd)
        said = ImagesConfig.of_table(table)
        base = Path() if folder == session.cwd else folder
        return replace(
            said,
            registry=said.registry if self.registry is None else self.registry,
            repository_prefix=said.repository_prefix if self.prefix is None else self.prefix,
            files=tuple(config.anchored(path, base) for path in said.files),
        )

    @cached_property
    def images(self) -> Images:
        """The images that are meant; nobody was asked yet. Raises InvalidInputError."""
        from versioned.images.opening import open_images  # noqa: PLC0415 - the help needs none

        return open_images(
            self.config,
            environ=self.session.environ,
            region=self.region,
            repository=self.repository,
            files=self.files,
        )

    def name_of(self, repository: str) -> str:
        """The project's name for the path of a repository, as every command takes it."""
        prefix = self.images.config.prefix
        return repository.removeprefix(f"{prefix}/") if prefix else repository

    def path_of(self, name: str) -> str:
        """The path of the repository of a name. Raises InvalidImageError."""
        from versioned.images.reference import validate_repository  # noqa: PLC0415

        return self.images.config.repository(validate_repository(name))

    def references(self) -> References:
        """What every source says that is not skipped."""
        return self.images.references(skip=self.skip)


def pass_images(
    function: Callable[Concatenate[ImagesSession, _P], None],
) -> Callable[_P, None]:
    """Hand the invocation's ImagesSession to a command."""

    @click.pass_context
    @wraps(function)
    def call(ctx: click.Context, /, *args: _P.args, **options: _P.kwargs) -> None:
        function(_of(ctx), *args, **options)

    return call


def _of(ctx: click.Context) -> ImagesSession:
    """The one that all contexts of one invocation share."""
    found = ctx.meta.setdefault(_KEY, ImagesSession(session_of(ctx)))
    assert isinstance(found, ImagesSession)  # noqa: S101 - the key is ours
    return found


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if (
        param.name
        and ctx.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
    ):
        setattr(_of(ctx), param.name, value)


def _option(*names: str, **options: Any) -> click.Option:  # noqa: ANN401 - click's own
    return click.Option(list(names), expose_value=False, callback=_remember, **options)


def registry_options() -> list[click.Parameter]:
    """The options of every images command. What is said after the command counts."""
    return [
        _option("--registry", metavar="URL", help="Any OCI registry.  [default: ECR]"),
        _option("--region", metavar="NAME", help="The region of ECR."),
        _option("--prefix", metavar="PATH", help="The path below which repositories lie."),
    ]


class ImagesCommand(Command):
    """A command with the options of every images command, too."""

    def __init__(self, *args: Any, looks_at_uses: bool = False, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.common = {"Options of every images command": registry_options(), **self.common}
        self.params += self.common["Options of every images command"]
        if looks_at_uses:
            self.params += [
                _option(
                    "--files",
                    metavar="PATH",
                    multiple=True,
                    type=click.Path(),
                    help="A Kubernetes, Helm or Compose file, or a directory of them, whose "
                    "images are in use; repeat it.",
                ),
                _option(
                    "--skip",
                    metavar="SOURCE",
                    multiple=True,
                    help="A source of references that is not asked; repeat it.",
                ),
            ]


class ImagesGroup(Group):
    """A group with them; its commands are of that kind."""

    command_class = ImagesCommand

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self.params += registry_options()

"""What every packages command takes, and what follows from it: the packages of a domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import click

from versioned.cli import config
from versioned.cli.framework import Command, Group
from versioned.cli.output import Output
from versioned.cli.session import Session, session_of

if TYPE_CHECKING:
    from versioned.packages.packages import Packages

_P = ParamSpec("_P")
_KEY = "versioned.cli.packages"


@dataclass
class PackagesSession:
    """The options that packages commands take, and what follows from them.

    The options are set while the command line is parsed, so read the properties only after.
    """

    session: Session
    domain: str | None = None

    @property
    def out(self) -> Output:
        """Where the answer goes."""
        return self.session.out

    @property
    def named(self) -> config.Chosen | None:
        """The domain that somebody named. Raises InvalidInputError."""
        return config.choose_domain(self.domain, self.session.environ, self.session.cwd)

    @cached_property
    def packages(self) -> Packages:
        """The packages that are meant; nobody was asked yet. Raises InvalidInputError,
        InvalidLocationError, DomainNotFoundError."""
        return self.open(self.named or config.default_domain(self.session.cwd))

    def open(self, chosen: config.Chosen) -> Packages:
        """The packages of a domain by its URL. Raises InvalidLocationError."""
        from versioned.packages.packages import Packages  # noqa: PLC0415 - the help needs none

        return Packages.open(
            chosen.url,
            actor=config.actor(self.session.environ),
            single_writer=self.session.single_writer or chosen.single_writer,
        )


def pass_packages(
    function: Callable[Concatenate[PackagesSession, _P], None],
) -> Callable[_P, None]:
    """Hand the invocation's PackagesSession to a command."""

    @click.pass_context
    @wraps(function)
    def call(ctx: click.Context, /, *args: _P.args, **options: _P.kwargs) -> None:
        function(packages_session(ctx), *args, **options)

    return call


def packages_session(ctx: click.Context) -> PackagesSession:
    """The one that all contexts of one invocation share."""
    found = ctx.meta.setdefault(_KEY, PackagesSession(session_of(ctx)))
    assert isinstance(found, PackagesSession)  # noqa: S101 - the key is ours
    return found


def _remember(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if ctx.get_parameter_source(param.name or "") is click.core.ParameterSource.COMMANDLINE:
        packages_session(ctx).domain = value


def domain_options() -> list[click.Parameter]:
    """The option of every packages command. What is said after the command counts."""
    return [
        click.Option(
            ["--domain"],
            metavar="URL",
            expose_value=False,
            callback=_remember,
            help="Where packages are kept: ./dir or s3://bucket/...",
        )
    ]


class PackagesCommand(Command):
    """A command with the options of every packages command, too."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **options)
        self.common = {"Options of every packages command": domain_options(), **self.common}
        self.params += self.common["Options of every packages command"]


class PackagesGroup(Group):
    """A group with them; its commands are of that kind."""

    command_class = PackagesCommand

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*args, **options)
        self.params += domain_options()

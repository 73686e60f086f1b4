"""Commands that take the same options before and after their name, and are loaded when used."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from versioned.cli.session import session_of

SETTINGS = {"help_option_names": ["-h", "--help"]}


def shared_options() -> list[click.Parameter]:
    """The options of every command. What is said after the command counts."""
    return [
        _shared("--repo", "repo", metavar="URL", help="The repository: ./dir or s3://bucket/..."),
        _shared("--json", "json", is_flag=True, help="Answer with one JSON document."),
        _shared("-q", "--quiet", "quiet", is_flag=True, help="Print the essential value only."),
        _shared(
            "--no-color", "color", is_flag=True, flag_value=False, default=True, help="No colours."
        ),
        _shared(
            "--single-writer",
            "single_writer",
            is_flag=True,
            help="Promise that nobody else writes: lifts the need for a store that enforces it.",
        ),
        click.Option(
            ["--version", "print_version"],  # `version` is an argument of some commands
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version of this program.",
        ),
    ]


def _shared(*names: str, **options: Any) -> click.Option:  # noqa: ANN401 - click's own
    return click.Option(list(names), expose_value=False, callback=_remember, **options)


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if (
        param.name
        and ctx.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
    ):
        setattr(session_of(ctx), param.name, value)


def _print_version(ctx: click.Context, _: click.Parameter, value: object) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import

        click.echo(f"versioned {version('versioned')}")
        ctx.exit()


class Command(click.Command):
    """A command with the shared options and an example at the end of its help. `common` are the
    options that it has in common with others, by the titles that they stand under."""

    def __init__(self, *args: Any, example: str = "", **options: Any) -> None:  # noqa: ANN401
        options["context_settings"] = SETTINGS
        super().__init__(*args, **options)
        self.example = example
        self.common = {"Options of every command": shared_options()}
        self.params += self.shared

    @property
    def shared(self) -> list[click.Parameter]:
        """The options that are not its own."""
        return [option for options in self.common.values() for option in options]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [p for p in self.get_params(ctx) if p not in self.shared]
        for title, options in {"Options": own, **self.common}.items():
            _write_options(ctx, formatter, title, options)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        if self.example:
            with formatter.section("Example"):
                for line in inspect.cleandoc(self.example).splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class Group(click.Group):
    """A group with the shared options. `lazy` names commands as `module:function`; `sections`
    are titles of the help with the commands that stand under each."""

    command_class = Command

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's own
        lazy: Mapping[str, str] | None = None,
        sections: Mapping[str, Sequence[str]] | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        options |= {"context_settings": SETTINGS, "no_args_is_help": False}
        super().__init__(*args, **options)
        self.lazy = dict(lazy or {})
        self.sections = dict(sections or {})
        self.params += shared_options()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *self.lazy]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.lazy:
            module, _, function = self.lazy[cmd_name].partition(":")
            found = getattr(import_module(module), function)
            assert isinstance(found, click.Command)  # noqa: S101 - a slip in the registry
            return found
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self.sections:
            super().format_commands(ctx, formatter)
        for section, names in self.sections.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            width = formatter.width - 16
            rows = [(name, one.get_short_help_str(width)) for name, one in found if one]
            with formatter.section(section):
                formatter.write_dl(rows, col_max=12, col_spacing=2)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-") and not ctx.resilient_parsing:
            _no_such_command(ctx, args[0], known)
        return super().resolve_command(ctx, args)


def _no_such_command(ctx: click.Context, given: str, known: list[str]) -> NoReturn:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a slip

    near = get_close_matches(given, known)
    ctx.fail(f"No such command {given!r}." + (f" Did you mean {near[0]}?" if near else ""))


def _write_options(
    ctx: click.Context, formatter: click.HelpFormatter, title: str, params: list[click.Parameter]
) -> None:
    records = [
        record
        for param in params
        if isinstance(param, click.Option) and (record := param.get_help_record(ctx))
    ]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)


def command(name: str, *, example: str) -> Callable[[Callable[..., None]], Command]:
    """Make a function a command; its docstring is the help."""
    return click.command(name, cls=Command, example=example)

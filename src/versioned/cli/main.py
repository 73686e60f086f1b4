"""The program: its commands, and how every error leaves it. Exit codes are in `exits.py`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from versioned.cli.exits import MEANINGS, Exit, NeedsYesError, exit_code
from versioned.cli.framework import Group
from versioned.cli.output import Output
from versioned.cli.session import Session
from versioned.errors import VersionedError
from versioned.images.errors import RuntimeFailedError

_SECTIONS = {
    "Versions": ("put", "publish", "ls", "show", "get", "rm"),
    "Aliases": ("alias", "route", "history", "rollback", "rollout"),
    "Ranks": (
        "pipeline",
        "ranks",
        "promote",
        "demote",
        "diff",
        "verdict",
        "verdicts",
        "approve",
        "approvals",
    ),
    "Images": ("images",),
    "Packages": ("packages", "serve"),
    "Care": ("purge", "doctor", "verify", "events"),
    "Getting started": ("init", "demo", "completion"),
}
_COMMANDS = {name: f"versioned.cli.{name}:{name}" for names in _SECTIONS.values() for name in names}


class Program(Group):
    """The top of all commands; its `main` turns errors into a line and an exit code."""

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - click's own signature
        **extra: Any,  # noqa: ANN401
    ) -> int:
        """The exit code; in standalone mode the process ends with it."""
        arguments = list(sys.argv[1:] if args is None else args)
        session: Session = extra.setdefault("obj", Session())
        code: int = Exit.OK
        try:
            returned = super().main(
                arguments, prog_name or "versioned", complete_var, standalone_mode=False, **extra
            )
            code = returned if isinstance(returned, int) else Exit.OK
        except (click.ClickException, click.Abort, VersionedError, OSError) as error:
            _flush()
            code = report(error, _output(session, arguments))
            _flush()
        if session.changes:
            from versioned.cli.hooks import tell_hooks  # noqa: PLC0415 - most change nothing

            tell_hooks(session, _output(session, arguments))
        if standalone_mode:
            sys.exit(code)
        return code

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _flush()
            ctx.exit(Exit.BROKEN_PIPE)
        return result

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Which repository"):
            formatter.write_text(
                "--repo, else VERSIONED_REPO, else `repository` in the nearest .versioned.toml "
                "upwards or in ~/.config/versioned/config.toml, else ./.versioned"
            )
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(int(code)), text) for code, text in MEANINGS.items()])
        super().format_epilog(ctx, formatter)


def _flush() -> None:
    """Flush, so that what can't be written does not fail again, and noisily, at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _output(session: Session, arguments: Sequence[str]) -> Output:
    """An output even where the command line could not be parsed to its end."""
    options = list(arguments)
    if "--" in options:
        options = options[: options.index("--")]
    session.json = session.json or "--json" in options
    session.quiet = session.quiet and not session.json
    return session.out


def report(error: Exception, out: Output) -> int:
    """Say what went wrong, and give the exit code."""
    if isinstance(error, click.Abort):
        out.fail("interrupted", "interrupted")
        return Exit.INTERRUPTED
    if isinstance(error, click.ClickException):
        where = getattr(error, "ctx", None)
        hint = f"see {where.command_path} --help" if where else ""
        out.fail("usage", " ".join(error.format_message().split()), hint)
        return Exit.USAGE
    if isinstance(error, VersionedError):
        label = "not done" if isinstance(error, NeedsYesError) else "error"
        output = error.output if isinstance(error, RuntimeFailedError) else ""
        out.fail(error.code, error.message, error.hint, label=label, output=output)
        return exit_code(error)
    out.fail("system-error", str(error))
    return Exit.FAILURE


@click.group("versioned", cls=Program, lazy=_COMMANDS, sections=_SECTIONS)
def program() -> None:
    """Immutable versions of any file, named aliases, canaries and rollback, on plain object
    storage or in a local directory.

    A version is named app@12, an alias app@prod. Every command takes --json.
    """


def main() -> None:
    """The entry point `versioned`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - until the end
        else:  # a name need not fit the encoding of a terminal
            stream.reconfigure(errors="backslashreplace")
    program.main()

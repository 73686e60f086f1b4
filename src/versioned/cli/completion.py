"""`versioned completion`."""

from __future__ import annotations

import click

from versioned.cli.framework import command
from versioned.cli.session import Session

# bash takes `@` for the start of a host name, and would complete app@prod from `prod` on
_BASH_WORDS = "COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}\n"


@command("completion", example='eval "$(versioned completion bash)"')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    It completes commands, and in a local repository artifacts, aliases and versions.
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - seldom used

    session: Session = ctx.obj
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"No completion for {shell}.")
    script = kind(ctx.find_root().command, {}, "versioned", "_VERSIONED_COMPLETE").source()
    if shell == "bash":
        script += _BASH_WORDS
    session.out.stdout.write(script)

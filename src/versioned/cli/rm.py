"""`versioned rm`."""

from __future__ import annotations

import click

from versioned import naming
from versioned.cli.arguments import VERSION_REF, message_option, yes_option
from versioned.cli.exits import NeedsYesError
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.cli.words import content_words
from versioned.deletion import version_users
from versioned.errors import VersionInUseError
from versioned.references import Reference


@command("rm", example="versioned rm app@12 --yes")
@click.argument("reference", metavar="NAME@VERSION", type=VERSION_REF)
@click.option("--force", is_flag=True, help="Even if an alias points at it.")
@message_option
@yes_option
@click.pass_obj
def rm(
    session: Session,
    /,
    *,
    reference: Reference,
    force: bool,
    message: str | None,
    yes: bool,
) -> None:
    """Delete one version for good. Its number is never used again."""
    repository = session.repository()
    name, version = reference.name, reference.version or naming.LATEST_VERSION
    found = repository.get_artifact_version(name, version)
    users = version_users(repository.context, name).get(version, [])
    if users and not force and not yes:
        raise VersionInUseError(
            f"version {version} of {name!r} is used by {', '.join(users)}",
            hint="move the alias first, or add --force",
        )
    if yes:
        repository.delete_artifact_version(name, version, force=force, message=message)
    words = "deleted" if yes else "to delete:"
    breaks = f", used by {', '.join(users)}" if users else ""
    session.out.answer(
        {"artifact": found.to_dict(), "used_by": users, "applied": yes},
        quiet=[version],
        people=[f"{words} {reference} ({content_words(found)}{breaks})"],
    )
    if not yes:
        raise NeedsYesError

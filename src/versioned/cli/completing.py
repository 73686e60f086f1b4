"""Candidates for the shell: only where asking is cheap, and never with an error."""

from __future__ import annotations

import click

from versioned.cli.session import session_of
from versioned.errors import VersionedError
from versioned.repository import Repository


def names(ctx: click.Context, incomplete: str) -> list[str]:
    """Artifacts of a local repository whose names begin so."""
    try:
        repository = _local(ctx)
        found = repository.list_artifact_names() if repository else []
    except (VersionedError, OSError):
        return []
    return [name for name in found if name.startswith(incomplete)]


def aliases(ctx: click.Context, incomplete: str) -> list[str]:
    """Artifacts, and behind an `@` their aliases."""
    return _behind_at(ctx, incomplete, aliases=True, versions=False)


def versions(ctx: click.Context, incomplete: str) -> list[str]:
    """Artifacts, and behind an `@` their versions."""
    return _behind_at(ctx, incomplete, aliases=False, versions=True)


def refs(ctx: click.Context, incomplete: str) -> list[str]:
    """Artifacts, and behind an `@` their aliases and versions."""
    return _behind_at(ctx, incomplete, aliases=True, versions=True)


def _behind_at(ctx: click.Context, incomplete: str, *, aliases: bool, versions: bool) -> list[str]:
    name, at, _ = incomplete.partition("@")
    begun = names(ctx, incomplete)
    if not at and len(begun) != 1:
        return begun
    # One name is left: its refs too, so that no space is put where an `@` is to come.
    name = name if at else begun[0]
    try:
        repository = _local(ctx)
        if repository is None:
            return []
        found = [alias.alias for alias in repository.list_aliases(name)] if aliases else []
        if versions:
            found += [one.version for one in repository.list_artifact_versions(name)]
    except (VersionedError, OSError):
        return []
    refs = [*begun, *(f"{name}@{rest}" for rest in found)]
    return [ref for ref in refs if ref.startswith(incomplete)]


def _local(ctx: click.Context) -> Repository | None:
    """The repository that is meant, unless asking it needs a network."""
    from versioned.location import Location  # noqa: PLC0415 - only while completing

    session = session_of(ctx)
    named = session.named
    if named and Location.parse(named.url).path is None:
        return None
    return session.repository()

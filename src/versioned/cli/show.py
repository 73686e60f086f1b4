"""`versioned show`."""

from __future__ import annotations

import click

from versioned.cli.arguments import PAST_REF
from versioned.cli.framework import command
from versioned.cli.output import Block
from versioned.cli.session import Session
from versioned.cli.tables import Fields
from versioned.cli.words import age_of, ref, size_words, time_words
from versioned.errors import ArtifactNotFoundError
from versioned.models import Alias, VersionDetails
from versioned.references import Reference
from versioned.targets import percent, shares_of


@command("show", example="versioned show app@prod")
@click.argument("reference", metavar="REF[@TIME]", type=PAST_REF)
@click.pass_obj
def show(session: Session, /, *, reference: Reference) -> None:
    """Show all about a version or an alias, now or at a time."""
    repository = session.repository()
    name = reference.name
    if reference.alias is None:
        details = repository.get_version_details(name, reference.version)
        session.out.answer(
            details.to_dict(), quiet=[details.artifact.version], people=[_version(details)]
        )
        return
    alias = repository.get_alias(name, reference.alias, at=reference.at)
    held: list[VersionDetails] = []
    people: list[Block] = [_alias(alias, reference)]
    for version, _ in shares_of(alias):
        try:
            held.append(repository.get_version_details(name, version))
            people += ["", _version(held[-1])]
        except ArtifactNotFoundError:
            if reference.at is None:
                raise
            people += ["", f"{ref(name, version)} is not there any more"]
    session.out.answer(
        {"alias": alias.to_dict(), "versions": [details.to_dict() for details in held]},
        quiet=[alias.version],
        people=people,
    )


def _version(details: VersionDetails) -> Fields:
    one = details.artifact
    pairs = [
        ("version", ref(one.name, one.version)),
        ("sha256", one.sha256),
        ("size", f"{size_words(one.size)} ({one.size:,} bytes)"),
        ("type", details.content_type or "-"),
        ("written", f"{time_words(one.update_at)} ({age_of(one)})"),
        ("uri", one.uri),
    ]
    pairs += [(f"metadata {key}", value) for key, value in sorted(details.metadata.items())]
    pairs += [(f"tag {key}", value) for key, value in sorted(details.tags.items())]
    return Fields(pairs)


def _alias(alias: Alias, reference: Reference) -> Fields:
    pairs = [("alias", str(reference))]
    pairs += [
        (
            f"points at {version}" if alias.is_split else "points at",
            f"{percent(points)} of the keys",
        )
        if alias.is_split
        else ("points at", version)
        for version, points in shares_of(alias)
    ]
    pairs += [
        ("moved", f"{time_words(alias.update_at)} ({age_of(alias)})"),
        ("by", alias.by or "-"),
        ("message", alias.message or "-"),
    ]
    return Fields(pairs)

"""`versioned publish`."""

from __future__ import annotations

import click

from versioned.cli.arguments import NAME
from versioned.cli.framework import command
from versioned.cli.session import Session
from versioned.cli.words import content_words
from versioned.models import Artifact
from versioned.repository import Repository


@command("publish", example="versioned publish app")
@click.argument("name", type=NAME)
@click.pass_obj
def publish(session: Session, /, *, name: str) -> None:
    """Publish LATEST as the next version, which never changes again.

    Where the newest version holds the same bytes, that one is the answer.
    """
    announce(session, session.repository(), name)


def announce(session: Session, repository: Repository, name: str) -> Artifact:
    """Publish, and say whether that made a new version."""
    newest = repository.get_latest_published_artifact_version_number(name)
    published = repository.publish_artifact_version(name)
    new = int(published.version) > newest
    words = content_words(published)
    session.out.answer(
        published.to_dict() | {"new": new},
        quiet=[published.version],
        people=[
            f"published {name}@{published.version} ({words})"
            if new
            else f"unchanged: {name}@{published.version} holds these bytes already ({words})"
        ],
    )
    return published

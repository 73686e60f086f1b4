"""`versioned images`: container images, in ECR and in any OCI registry."""

from __future__ import annotations

import click

from versioned.cli.images_options import ImagesGroup

_SECTIONS = {
    "Build": {
        "init": "repositories:init",
        "build": "building:build",
        "push": "building:push",
        "uri": "looking:uri",
    },
    "Look": {
        "list": "repositories:list_repositories",
        "tags": "listing:tags",
        "describe": "looking:describe",
    },
    "Move": {
        "promote": "moving:promote",
        "retag": "moving:retag",
        "copy": "moving:copy",
        "record": "moving:record",
    },
    "Remove": {
        "prune": "removing:prune",
        "cleanup": "removing:cleanup",
        "orphans": "orphans:orphans",
        "delete-tag": "deleting:delete_tag",
        "delete-repo": "deleting:delete_repo",
    },
    "ECR only": {
        "lifecycle": "lifecycle:lifecycle",
        "replication": "replication:replication",
    },
}
_LAZY = {
    name: f"versioned.cli.images_{place}"
    for commands in _SECTIONS.values()
    for name, place in commands.items()
}


@click.group(
    "images",
    cls=ImagesGroup,
    lazy=_LAZY,
    sections={title: list(commands) for title, commands in _SECTIONS.items()},
)
def images() -> None:
    """Container images: built, promoted by digest, cleaned up.

    They lie in ECR, or in any OCI registry that --registry or the table [images] of
    .versioned.toml names. An image is named app:1.4, app@sha256:..., by an alias that holds one
    as app@prod, or with its registry. Where a repository declares ranks, their gates hold for
    images, too.
    """

"""`versioned images lifecycle get`, `set` and `preview`: policies that ECR itself carries out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from versioned.cli.images_options import ImagesGroup, ImagesSession, pass_images
from versioned.cli.images_words import short_digest
from versioned.cli.tables import Column, Table
from versioned.cli.words import age_words, count_words
from versioned.images.errors import InvalidLifecyclePolicyError
from versioned.images.lifecycle import LifecyclePreview, parse_lifecycle_policy

_LONGEST = 1 << 20
"""Bytes of a file that is read as a policy; ECR takes far less."""


@click.group("lifecycle", cls=ImagesGroup)
def lifecycle() -> None:
    """Lifecycle policies of ECR, which it carries out by itself."""


@lifecycle.command("get", example="versioned images lifecycle get app > policy.json")
@click.argument("name")
@pass_images
def get(ours: ImagesSession, /, *, name: str) -> None:
    """Print the policy of a repository, as JSON."""
    policy = ours.images.ecr.get_lifecycle_policy(ours.path_of(name))
    _show(ours, policy)
    if policy is None:
        ours.out.note(f"{name} has no lifecycle policy: nothing expires by itself")


@lifecycle.command(
    "set",
    example="""
    versioned images lifecycle set app policy.json
    versioned images lifecycle get app | versioned images lifecycle set web -
    """,
)
@click.argument("name")
@click.argument("file", metavar="FILE|-", type=click.File("rb"))
@pass_images
def set_policy(ours: ImagesSession, /, *, name: str, file: BinaryIO) -> None:
    """Replace the policy of a repository.

    ECR deletes by it without a plan and without asking who uses an image: preview shows what.
    """
    policy = _read(file)
    ours.images.ecr.put_lifecycle_policy(ours.path_of(name), policy)
    _show(ours, policy)


@lifecycle.command(
    "preview",
    example="""
    versioned images lifecycle preview app
    versioned images lifecycle preview app policy.json
    """,
)
@click.argument("name")
@click.argument("file", metavar="[FILE|-]", type=click.File("rb"), required=False)
@pass_images
def preview(ours: ImagesSession, /, *, name: str, file: BinaryIO | None) -> None:
    """Show what ECR would let expire, by the policy that is set, or by another.

    ECR itself is asked, which takes up to some minutes. Nothing is deleted.
    """
    policy = _read(file) if file else None
    found = ours.images.ecr.preview_lifecycle(ours.path_of(name), policy)
    ours.out.answer(
        [one.to_dict() for one in found],
        quiet=[one.digest for one in found],
        people=[_table(found), f"ECR would act on {count_words(len(found), 'image')}"],
    )


def _show(ours: ImagesSession, policy: dict[str, Any] | None) -> None:
    text = json.dumps(policy, indent=2) if policy else ""
    ours.out.answer(policy, quiet=[json.dumps(policy)] if policy else [], people=text.splitlines())


def _read(file: BinaryIO) -> dict[str, Any]:
    content = file.read(_LONGEST)
    try:
        return parse_lifecycle_policy(content.decode())
    except UnicodeDecodeError:
        raise InvalidLifecyclePolicyError(
            "the lifecycle policy is not JSON: it is no text in UTF-8",
            hint="versioned images lifecycle get shows a policy as it has to be",
        ) from None


def _table(found: Sequence[LifecyclePreview]) -> Table:
    now = datetime.now(UTC)
    rows = [
        (
            short_digest(one.digest),
            ", ".join(one.tags),
            age_words(one.pushed_at, now) if one.pushed_at else "",
            one.action,
            str(one.rule_priority),
        )
        for one in found
    ]
    columns = (
        Column("DIGEST"),
        Column("TAGS", shrink=10),
        Column("PUSHED", right=True, drop=1),
        Column("ECR WOULD"),
        Column("RULE", right=True),
    )
    return Table(columns, rows, "")

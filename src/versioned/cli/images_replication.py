"""`versioned images replication get`, `sync` and `status`: copies that ECR makes in other regions."""

from __future__ import annotations

from collections.abc import Sequence

import click

from versioned.cli.arguments import yes_option
from versioned.cli.exits import NeedsYesError
from versioned.cli.images_options import ImagesGroup, ImagesSession, pass_images
from versioned.cli.tables import Column, Table, filled
from versioned.images.errors import UnsupportedByRegistryError
from versioned.images.reference import ImageReference
from versioned.images.replication import (
    ReplicationConfiguration,
    ReplicationRule,
    replica_regions,
    with_project_rule,
)


@click.group("replication", cls=ImagesGroup)
def replication() -> None:
    """Copies of images that ECR makes in other regions."""


@replication.command("get", example="versioned images replication get")
@pass_images
def get(ours: ImagesSession, /) -> None:
    """Show what is replicated where: all rules of the registry."""
    _show(ours, ours.images.ecr.get_replication())


@replication.command("sync", example="versioned images replication sync")
@yes_option
@pass_images
def sync(ours: ImagesSession, /, *, yes: bool) -> None:
    """Let ECR copy the project's images to the regions of the table [images].

    Only the project's own rule is written; those of others stay. That a region goes takes
    --yes: what was copied there stays, and nothing new follows.
    """
    ecr, config = ours.images.ecr, ours.images.config
    before = ecr.get_replication()
    regions = replica_regions(config.regions, ecr.region)
    rules = with_project_rule(
        before.rules, config.prefix, [(region, ecr.account) for region in regions]
    )
    going = sorted(_destinations(before.rules) - _destinations(rules))
    if going and not yes:
        ours.out.answer({"going": going}, quiet=going, people=[f"to go: {', '.join(going)}"])
        raise NeedsYesError
    _show(ours, before if rules == before.rules else ecr.put_replication(rules))
    if not regions:
        ours.out.note("the table [images] names no other region: regions = [...]")


@replication.command("status", example="versioned images replication status app:1.4")
@click.argument("image")
@pass_images
def status(ours: ImagesSession, /, *, image: str) -> None:
    """Show how far the copies of an image are."""
    ecr, named = ours.images.ecr, ImageReference.parse(ours.images.uri(image))
    if named.registry != ecr.host:
        raise UnsupportedByRegistryError(
            f"{image} is not in {ecr.host}, so its copies are not known there",
            hint="name its region: --region",
        )
    digest = named.digest or ecr.resolve(named.repository, named.tag or "latest").digest
    found = ecr.replication_status(named.repository, digest)
    rows = [(one.region, one.registry_id, one.status, one.failure or "") for one in found]
    columns = (Column("REGION"), Column("ACCOUNT", drop=1), Column("STATUS"), Column("FAILURE"))
    ours.out.answer(
        {"digest": digest, "replicas": [one.to_dict() for one in found]},
        quiet=[f"{one.region} {one.status}" for one in found],
        people=[Table(columns, rows, "it is replicated nowhere")],
    )


def _destinations(rules: Sequence[ReplicationRule]) -> set[str]:
    """What is copied where, one word each."""
    return {
        f"{prefix}* to {account} in {region}"
        for rule in rules
        for prefix in rule.prefixes or ("",)
        for region, account in rule.destinations
    }


def _show(ours: ImagesSession, found: ReplicationConfiguration) -> None:
    rows = [
        (
            ", ".join(f"{prefix}*" for prefix in rule.prefixes) or "all",
            ", ".join(
                region if account == found.registry_id else f"{region} ({account})"
                for region, account in rule.destinations
            ),
            {None: "", True: "yes", False: "no"}[rule.deletes],
        )
        for rule in found.rules
    ]
    columns = (
        Column("REPOSITORIES", shrink=12),
        Column("REGIONS", shrink=14),
        Column("DELETIONS TOO", drop=1),
    )
    ours.out.answer(
        found.to_dict(),
        quiet=[region for rule in found.rules for region, _ in rule.destinations],
        people=[filled(Table(columns, rows, "nothing is replicated"))],
    )

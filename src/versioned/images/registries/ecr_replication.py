"""Replication of ECR: what is configured for a registry, and how far each copy is."""

from __future__ import annotations

from collections.abc import Sequence

from versioned.images.reference import validate_digest
from versioned.images.registries.ecr_connection import EcrConnection
from versioned.images.replication import (
    ReplicaStatus,
    ReplicationConfiguration,
    ReplicationRule,
)


def get_replication(connection: EcrConnection) -> ReplicationConfiguration:
    answer = connection.call("describe_registry")
    rules = answer.get("replicationConfiguration", {}).get("rules", ())
    return ReplicationConfiguration(
        answer["registryId"], tuple(ReplicationRule.of_dict(rule) for rule in rules)
    )


def put_replication(
    connection: EcrConnection, rules: Sequence[ReplicationRule]
) -> ReplicationConfiguration:
    """The answer to the write does not name the registry: what holds now is asked for."""
    document = {"rules": [rule.to_dict() for rule in rules]}
    connection.call("put_replication_configuration", replicationConfiguration=document)
    return get_replication(connection)


def replication_status(
    connection: EcrConnection, repository: str, digest: str
) -> tuple[ReplicaStatus, ...]:
    answer = connection.call(
        "describe_image_replication_status",
        repository,
        imageId={"imageDigest": validate_digest(digest)},
    )
    return tuple(
        ReplicaStatus(one["region"], one["registryId"], one["status"], one.get("failureCode"))
        for one in answer.get("replicationStatuses", ())
    )

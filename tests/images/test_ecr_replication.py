"""Replication: the project's rule among those of others, and how far each copy is."""

import pytest
from ecr_double import ACCOUNT
from image_builders import push_image

from versioned.errors import InvalidInputError
from versioned.images.errors import ImageNotFoundError
from versioned.images.replication import (
    ReplicaStatus,
    ReplicationConfiguration,
    ReplicationRule,
    replica_regions,
    with_project_rule,
)

pytest_plugins = ("ecr_fixtures",)

IRELAND = ("eu-west-1", ACCOUNT)
OURS = ReplicationRule((IRELAND,), ("shop/",))
OTHERS = ReplicationRule((("us-west-2", "210987654321"),), ("bank/", "shop/"), deletes=True)


@pytest.mark.parametrize("rule", [OURS, OTHERS, ReplicationRule((IRELAND,))])
def test_a_rule_is_written_as_it_was_read(rule):
    assert ReplicationRule.of_dict(rule.to_dict()) == rule


def test_a_rule_is_written_as_ecr_takes_it():
    assert OURS.to_dict() == {
        "destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}],
        "repositoryFilters": [{"filter": "shop/", "filterType": "PREFIX_MATCH"}],
    }
    assert "repositoryFilters" not in ReplicationRule((IRELAND,)).to_dict()
    assert OTHERS.to_dict()["deleteReplication"] == {"enabled": True}


def test_images_are_not_copied_to_where_they_are():
    regions = ["us-east-1", "eu-west-1", "eu-west-1", "eu-west-2"]
    assert replica_regions(regions, "us-east-1") == ("eu-west-1", "eu-west-2")
    with pytest.raises(InvalidInputError, match="Ireland"):
        replica_regions(["Ireland"], "us-east-1")


def test_the_rule_of_a_project_leaves_those_of_others_as_they_are():
    assert with_project_rule([OTHERS], "shop", [IRELAND]) == (OTHERS, OURS)
    old = ReplicationRule((), ("shop/",), deletes=True)
    new = ReplicationRule((IRELAND,), ("shop/",), deletes=True)
    assert with_project_rule([old, OTHERS, OURS], "shop", [IRELAND]) == (new, OTHERS)


def test_without_destinations_the_rule_of_a_project_goes():
    assert with_project_rule([OURS, OTHERS], "shop", []) == (OTHERS,)
    assert with_project_rule([], "shop", []) == ()


def test_a_project_without_a_prefix_has_a_rule_about_everything():
    assert with_project_rule([OURS], "", [IRELAND]) == (OURS, ReplicationRule((IRELAND,)))


def test_what_is_configured_is_read_back_with_the_id_of_the_registry(ecr_registry):
    assert ecr_registry.get_replication() == ReplicationConfiguration(ACCOUNT, ())
    held = ecr_registry.put_replication([OTHERS, OURS])
    assert held == ReplicationConfiguration(ACCOUNT, (OTHERS, OURS))
    assert ecr_registry.get_replication() == held
    assert held.to_dict() == {
        "registryId": ACCOUNT,
        "replicationConfiguration": {"rules": [OTHERS.to_dict(), OURS.to_dict()]},
    }


def test_the_status_of_an_image_is_told_for_each_region(ecr, ecr_registry):
    ecr_registry.ensure_repository("shop/app")
    image = push_image(ecr_registry, "shop/app", "1")
    assert ecr_registry.replication_status("shop/app", image.digest) == ()
    ecr.replicas[image.digest] = [
        {"region": "eu-west-1", "registryId": ACCOUNT, "status": "COMPLETE"},
        {"region": "eu-west-2", "registryId": ACCOUNT, "status": "FAILED", "failureCode": "X"},
    ]
    assert ecr_registry.replication_status("shop/app", image.digest) == (
        ReplicaStatus("eu-west-1", ACCOUNT, "COMPLETE"),
        ReplicaStatus("eu-west-2", ACCOUNT, "FAILED", "X"),
    )
    with pytest.raises(ImageNotFoundError, match="shop/app"):
        ecr_registry.replication_status("shop/app", "sha256:" + "0" * 64)

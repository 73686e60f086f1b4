"""`ImageManager`: every method of the founding document, and none of its faults."""

import inspect
import json
from datetime import datetime
from types import SimpleNamespace

import pytest
from ecr_double import ACCOUNT, refusal
from image_builders import push_image

from versioned.errors import AccessDeniedError, StoreUnavailableError
from versioned.images.config import ImagesConfig
from versioned.images.errors import (
    ImageNotFoundError,
    ImageRepositoryNotFoundError,
    RuntimeNotFoundError,
    TagImmutableError,
)
from versioned.images.image_manager import (
    ImageManager,
    get_image_manager,
    rewrite_image_uri_for_region,
)
from versioned.images.lifecycle import default_lifecycle_policy
from versioned.images.replication import ReplicationRule

pytest_plugins = ("image_manager_fixtures",)

HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
APP = "shop/app"


# construction


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("__init__", "config=None, region=None, repository=None"),
        (
            "build",
            (
                "context, name, tag=None, dockerfile='Dockerfile', build_args=None, "
                "platform='linux/amd64', retain=False"
            ),
        ),
        ("push", "name, tag, local_image, retain=False"),
        ("list_repos", ""),
        ("list_tags", "name"),
        ("describe", "name, tag"),
        ("get_uri", "name, tag='latest'"),
        ("replication_get", ""),
        ("replication_status", ""),
        ("init", "name, retain=False"),
        ("lifecycle_get", "name"),
        ("lifecycle_set", "name, policy"),
        ("replication_sync", ""),
        ("delete_tag", "name, tag"),
        ("delete_repo", "name, force=False"),
        ("cleanup", "name=None, all=False"),
        ("prune", "dry_run=True"),
        ("orphans", "threshold_days=30"),
    ],
)
def test_every_method_takes_what_the_founding_document_says(method, parameters):
    found = inspect.signature(getattr(ImageManager, method)).parameters.values()
    plain = [one.replace(annotation=inspect.Parameter.empty) for one in found]
    assert ", ".join(str(one).replace(" = ", "=") for one in plain[1:]) == parameters


@pytest.mark.parametrize(
    ("named", "regions", "variable", "expected"),
    [
        ("eu-west-1", ("eu-west-2",), "eu-west-3", "eu-west-1"),
        (None, ("eu-west-2", "us-east-1"), "eu-west-3", "eu-west-2"),
        (None, (), "eu-west-3", "eu-west-3"),
        (None, None, "eu-west-3", "eu-west-3"),
        (None, (), None, "us-west-2"),
    ],
)
def test_the_region_is_chosen_in_order(monkeypatch, named, regions, variable, expected):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    if variable:
        monkeypatch.setenv("AWS_DEFAULT_REGION", variable)
    config = SimpleNamespace(project_name="shop", global_region="us-west-2")
    if regions is not None:
        config.regions = list(regions)
    manager = get_image_manager(config, named)
    assert (manager.region, manager.config) == (expected, config)
    assert manager.images.ecr.region == expected


def test_without_a_configuration_there_are_defaults():
    assert get_image_manager(region="eu-west-1").config == ImagesConfig()


def test_a_uri_asks_no_registry_and_the_account_at_most_once(manager, ecr):
    assert manager.get_uri("app") == f"{HOST}/shop/app:latest"
    assert manager.get_uri("app", "1.4") == f"{HOST}/shop/app:1.4"
    assert not ecr.calls
    config = ImagesConfig(project_name="shop", account="210987654321")
    known = ImageManager(config, "eu-west-1")
    assert known.get_uri("app") == "210987654321.dkr.ecr.eu-west-1.amazonaws.com/shop/app:latest"


def test_the_uri_of_a_replica_is_imported_from_here():
    there = rewrite_image_uri_for_region(f"{HOST}/shop/app:1", "eu-west-1")
    assert there == f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/shop/app:1"


@pytest.mark.parametrize(
    "name", ["", "App", "-app", "app-", "a/b", "app:1", "app@sha256", "a" * 64]
)
def test_no_method_takes_a_bad_name(manager, ecr, context, name):
    calls = [
        lambda: manager.build(str(context), name),
        lambda: manager.push(name, "1", "app:dev"),
        lambda: manager.init(name),
        lambda: manager.list_tags(name),
        lambda: manager.describe(name, "1"),
        lambda: manager.get_uri(name),
        lambda: manager.lifecycle_get(name),
        lambda: manager.lifecycle_set(name, default_lifecycle_policy()),
        lambda: manager.delete_tag(name, "1"),
        lambda: manager.delete_repo(name),
        lambda: manager.cleanup(name),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"image name|neither a name"):
            call()
    assert not ecr.calls


@pytest.mark.parametrize("tag", ["", "-1", ".1", "a b", "a/b", "1@2", "a" * 129])
def test_no_method_takes_a_bad_tag(manager, ecr, context, tag):
    calls = [
        lambda: manager.build(str(context), "app", tag),
        lambda: manager.push("app", tag, "app:dev"),
        lambda: manager.describe("app", tag),
        lambda: manager.get_uri("app", tag),
        lambda: manager.delete_tag("app", tag),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="is not a tag"):
            call()
    assert not ecr.calls


# building and pushing


@pytest.mark.parametrize("retain", [False, True])
def test_a_build_returns_what_the_registry_has(manager, docker, push, context, retain):
    image = push("1.4")
    _pushes(docker, image)
    result = manager.build(str(context), "app", "1.4", retain=retain)
    assert result == {
        "image_uri": f"{HOST}/shop/app:1.4",
        "digest": image.digest,
        "size_bytes": image.size,
        "runtime": "docker",
        "repository": "shop/app",
        "tag": "1.4",
        "region": "us-east-1",
        "retain": retain,
    }
    assert manager.images.ecr.is_retained(APP, "shop:retain") is retain
    assert docker.stdin == b"password-1"


def test_a_push_of_a_local_image_returns_the_same(manager, docker, push):
    image = push("1.4")
    _pushes(docker, image)
    result = manager.push("app", "1.4", "app:dev", retain=True)
    assert result["digest"] == image.digest
    assert result["image_uri"] == f"{HOST}/shop/app:1.4"
    assert manager.images.ecr.is_retained(APP, "shop:retain")
    with pytest.raises(ValueError, match="no local image"):
        manager.push("app", "1.4", "")


def _pushes(docker, image):
    """Let its push say the digest of an image that is there."""
    script = docker.program.read_text()
    docker.program.write_text(script.replace("sha256:" + "d" * 64, image.digest))


def test_a_context_next_to_the_named_one_is_outside_of_it(manager, ecr, docker, context):
    evil = context.with_name("context-evil")
    evil.mkdir()
    (evil / "Dockerfile").write_text("FROM scratch\n")
    (context / "link").symlink_to(evil / "Dockerfile")
    for dockerfile in ("../context-evil/Dockerfile", "link", str(evil / "Dockerfile")):
        with pytest.raises(ValueError, match="outside of the build context"):
            manager.build(str(context), "app", "1", dockerfile=dockerfile)
    assert not ecr.calls
    assert not docker.calls


def test_a_context_that_is_not_there_is_a_file_not_found(manager, context):
    with pytest.raises(FileNotFoundError):
        manager.build(str(context / "gone"), "app")
    with pytest.raises(FileNotFoundError):
        manager.build(str(context), "app", dockerfile="Gone")
    with pytest.raises(ValueError, match=r"'\.\.'"):
        manager.build(f"{context}/../context", "app")


def test_a_tag_that_may_not_move_is_caught_before_anything_is_built(
    manager, ecr, docker, push, context
):
    push("1.4")
    ecr.put_image_tag_mutability(repositoryName=APP, imageTagMutability="IMMUTABLE")
    for call in (
        lambda: manager.build(str(context), "app", "1.4"),
        lambda: manager.push("app", "1.4", "app:dev"),
    ):
        with pytest.raises(RuntimeError) as raised:
            call()
        assert isinstance(raised.value, TagImmutableError)
    assert not {"build", "push", "tag"} & set(docker.commands)


def test_no_runtime_is_a_runtime_error(monkeypatch, context, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    manager = ImageManager(ImagesConfig(project_name="shop"))
    with pytest.raises(RuntimeError) as raised:
        manager.build(str(context), "app", "1")
    assert isinstance(raised.value, RuntimeNotFoundError)


# looking


def test_repositories_are_listed_with_their_counts(manager, ecr, push):
    push("1")
    push("2")
    push("1", name="web")
    manager.images.registry.ensure_repository("shopping/app")
    app, web = manager.list_repos()
    assert app == {
        "name": "shop/app",
        "arn": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/shop/app",
        "uri": f"{HOST}/shop/app",
        "created_at": app["created_at"],
        "image_count": 2,
        "tag_mutability": "MUTABLE",
    }
    assert datetime.fromisoformat(app["created_at"]).tzinfo
    assert (web["name"], web["image_count"]) == ("shop/web", 1)


def test_a_repository_that_cant_be_counted_has_not_0_images(manager, ecr, push):
    push("1")
    ecr.faults["list_images"] = [refusal("AccessDeniedException")]
    with pytest.raises(AccessDeniedError):
        manager.list_repos()


def test_every_tag_has_a_row_and_so_has_an_image_without_one(manager, push):
    image = push("2", content="same")
    push("1", content="same")
    loose = push(None)
    rows = manager.list_tags("app")
    assert [(row["tag"], row["digest"]) for row in rows] == [
        ("1", image.digest),
        ("2", image.digest),
        (None, loose.digest),
    ]
    assert rows[0]["size_bytes"] == image.size
    assert datetime.fromisoformat(rows[0]["pushed_at"]).tzinfo
    json.dumps(rows)


def test_an_image_is_described(manager, ecr, push):
    image = push("1", content="same")
    push("2", content="same")
    ecr.scans[image.digest] = {
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {"findingSeverityCounts": {"LOW": 3}},
    }
    found = manager.describe("app", "1")
    assert found == {
        "name": "shop/app",
        "tag": "1",
        "digest": image.digest,
        "pushed_at": found["pushed_at"],
        "size_bytes": image.size,
        "tags": ["1", "2"],
        "scan_findings_summary": {"findingSeverityCounts": {"LOW": 3}},
    }
    assert not ecr.asked("batch_get_image"), "to look is not to pull"
    ecr.scans.clear()
    assert manager.describe("app", "2")["scan_findings_summary"] is None


def test_what_is_not_there_is_a_file_not_found(manager, push):
    for call in (manager.list_tags, lambda name: manager.describe(name, "1")):
        with pytest.raises(FileNotFoundError) as raised:
            call("app")
        assert isinstance(raised.value, ImageRepositoryNotFoundError)
    push("1")
    for call in (manager.describe, manager.delete_tag):
        with pytest.raises(ImageNotFoundError):
            call("app", "9")


# setting up


def test_init_creates_once_and_heals_the_policy(manager):
    assert manager.init("app") == {"name": "shop/app", "created": True, "retain": False}
    other = {"rules": default_lifecycle_policy()["rules"][1:]}
    manager.lifecycle_set("app", other)
    assert manager.init("app", True) == {"name": "shop/app", "created": False, "retain": True}
    assert manager.lifecycle_get("app") == {
        "name": "shop/app",
        "policy": default_lifecycle_policy(),
    }
    assert manager.images.ecr.is_retained(APP, "shop:retain")
    manager.init("app")
    assert manager.images.ecr.is_retained(APP, "shop:retain"), "a mark goes only when asked"


@pytest.mark.parametrize("operation", ["put_lifecycle_policy", "tag_resource"])
def test_init_swallows_no_failure(manager, ecr, operation):
    ecr.faults[operation] = [refusal("AccessDeniedException")]
    with pytest.raises(AccessDeniedError):
        manager.init("app", retain=True)


def test_a_policy_is_set_and_read(manager):
    manager.images.registry.ensure_repository(APP)
    assert manager.lifecycle_get("app") == {}
    policy = default_lifecycle_policy()
    assert manager.lifecycle_set("app", policy) == {
        "name": "shop/app",
        "registry_id": ACCOUNT,
        "policy": policy,
    }
    for bad in ({}, {"rules": []}, "not a policy", None):
        with pytest.raises(ValueError, match="not valid"):
            manager.lifecycle_set("app", bad)


def test_a_policy_that_cant_be_read_is_not_none(manager, ecr):
    manager.images.registry.ensure_repository(APP)
    ecr.faults["get_lifecycle_policy"] = [refusal("AccessDeniedException")]
    with pytest.raises(AccessDeniedError):
        manager.lifecycle_get("app")


# replication


def test_replication_is_what_is_configured_and_no_permission_policy(manager, ecr):
    assert manager.replication_get() == {}
    manager.replication_sync()
    rule = {
        "destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}],
        "repositoryFilters": [{"filter": "shop/", "filterType": "PREFIX_MATCH"}],
    }
    assert manager.replication_get() == {
        "registryId": ACCOUNT,
        "replicationConfiguration": {"rules": [rule]},
    }
    assert not ecr.asked("get_registry_policy")


def test_a_sync_says_the_registry_by_its_id(manager, ecr):
    result = manager.replication_sync()
    assert result["registry_id"] == ACCOUNT
    assert result["destinations"] == ["eu-west-1"]
    assert [rule["destinations"][0]["region"] for rule in result["configuration"]["rules"]] == [
        "eu-west-1"
    ]
    assert manager.replication_sync() == result
    assert len(ecr.asked("put_replication_configuration")) == 1


def test_a_sync_leaves_the_rules_of_other_projects_alone(manager):
    other = ReplicationRule((("us-west-2", ACCOUNT),), ("bank/",))
    manager.images.ecr.put_replication([other])
    rules = manager.replication_sync()["configuration"]["rules"]
    assert rules[0] == other.to_dict()
    assert len(rules) == 2


def test_the_status_of_every_image_is_told(manager, ecr, push):
    images = [push("1"), push("1", name="web")]
    manager.images.registry.ensure_repository("shopping/app")
    other = push_image(manager.images.registry, "shopping/app", "1")
    replica = {"region": "eu-west-1", "registryId": ACCOUNT, "status": "COMPLETE"}
    ecr.replicas = {image.digest: [replica] for image in (*images, other)}
    assert manager.replication_status() == [
        {
            "repository": repository,
            "digest": image.digest,
            "region": "eu-west-1",
            "status": "COMPLETE",
            "registry_id": ACCOUNT,
        }
        for repository, image in zip(("shop/app", "shop/web"), images, strict=True)
    ]


def test_a_status_that_cant_be_read_is_an_error_and_not_left_out(manager, ecr, push):
    push("1")
    ecr.faults["describe_image_replication_status"] = [refusal("ThrottlingException")]
    with pytest.raises(StoreUnavailableError):
        manager.replication_status()
    ecr.faults["describe_image_replication_status"] = [refusal("ImageNotFoundException")]
    assert manager.replication_status() == []

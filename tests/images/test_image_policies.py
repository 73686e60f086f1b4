"""The policies of docs/iam for images allow what their roles ask of ECR, and nothing else."""

import json
from pathlib import Path

import pytest
from ecr_double import ACCOUNT, refusal
from image_builders import push_image, push_index

from versioned.images.config import ImagesConfig
from versioned.images.images import Images
from versioned.images.lifecycle import default_lifecycle_policy
from versioned.images.replication import ReplicationRule
from versioned.images.retention import ImageRetention
from versioned.images.sources.base import ImageUse

pytest_plugins = ("ecr_fixtures",)

POLICIES = Path(__file__).parents[2] / "docs" / "iam"
BLOBS = {
    "BatchCheckLayerAvailability",
    "CompleteLayerUpload",
    "GetDownloadUrlForLayer",
    "InitiateLayerUpload",
    "UploadLayerPart",
}
"""What AWS documents for pulling and pushing layers by the Distribution API."""


class Uses:
    name = "test"

    def uses(self):
        return [ImageUse("test", digest="sha256:" + "0" * 64)]


def allowed(role):
    """The actions of a policy, by service."""
    document = json.loads((POLICIES / f"images-{role}.json").read_text("utf-8"))
    found = {}
    for statement in document["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            service, _, name = action.partition(":")
            found.setdefault(service, set()).add(name)
    return found


def asked(ecr, start):
    names = ecr.meta.method_to_api_mapping
    return {names[operation] for operation, _ in ecr.calls[start:]}


@pytest.fixture
def images(open_ecr):
    return Images(
        open_ecr(account=ACCOUNT),
        config=ImagesConfig(project_name="acme"),
        connect=None,
        runtime=None,
        sources=lambda: [Uses()],
    )


@pytest.fixture
def filled(images):
    images.init("app", retain=True)
    parts = [push_image(images.registry, "acme/app", None, layers=[x]) for x in (b"a", b"b")]
    return push_index(images.registry, "acme/app", "1.0", parts)


def reader(images, ecr):
    ecr.faults["describe_image_scan_findings"] = [refusal("ScanNotFoundException")]
    images.list_repositories()
    images.list_images("app")
    images.describe("app:1.0")
    images.uri("app")
    images.registry.list_tags("acme/app")
    images.ecr.get_lifecycle_policy("acme/app")
    images.ecr.preview_lifecycle("acme/app", default_lifecycle_policy())
    images.ecr.get_replication()
    (digest, *_) = (image.digest for image in images.list_images("app"))
    images.ecr.replication_status("acme/app", digest)


def publisher(images):
    images.init("worker", retain=True)
    images.init("worker", retain=False)
    images.init("worker")
    images.registry.login()
    push_image(images.registry, "acme/app", "1.1")
    images.retag("app:1.1", "stable")
    images.copy("app:1.0", "worker:1.0")


def janitor(images):
    push_image(images.registry, "acme/app", None, layers=[b"old"])
    (plan,) = images.plan(
        images.references(), ImageRetention(untagged_older_than_secs=0), name="app"
    )
    assert images.apply(plan).deleted
    images.delete_tag("app", "1.0")
    images.registry.unmark_retained("acme/app", "acme:retain")
    images.delete_repository("app", force=True)


PUSHING = {"PutImage", "GetAuthorizationToken", "UntagResource", "CreateRepository"}


def test_a_reader(images, filled, ecr):
    start = len(ecr.calls)
    reader(images, ecr)
    assert asked(ecr, start) == allowed("reader")["ecr"]


def test_a_publisher_is_a_reader_who_pushes(images, filled, ecr):
    reader(images, ecr)
    publisher(images)
    assert asked(ecr, 0) | BLOBS == allowed("publisher")["ecr"]


def test_a_janitor_is_a_reader_who_deletes(images, filled, ecr):
    start = len(ecr.calls)
    reader(images, ecr)
    janitor(images)
    assert asked(ecr, start) - PUSHING == allowed("janitor")["ecr"]


def test_an_admin_says_where_images_are_replicated(images, ecr):
    images.ecr.put_replication([ReplicationRule((("eu-west-1", ACCOUNT),), ("acme/",))])
    assert asked(ecr, 0) >= allowed("admin")["ecr"] == {"PutReplicationConfiguration"}

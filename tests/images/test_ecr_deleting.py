"""Images that go from ECR, and exactly those."""

import pytest
from ecr_double import raising, refusal
from image_builders import push_image, push_index

from versioned.errors import (
    AccessDeniedError,
)
from versioned.images.errors import (
    ImageNotFoundError,
)

pytest_plugins = ("ecr_fixtures",)

APP = "team/app"
MISSING = [f"sha256:{number:064x}" for number in range(100)]


def test_more_images_than_a_request_takes_are_deleted_in_the_order_given(
    ecr, ecr_registry, ecr_push
):
    first, last = ecr_push("first").digest, ecr_push("last").digest
    digests = [first, *MISSING, last]
    deletion = ecr_registry.delete_images(APP, digests)
    assert deletion.digests == tuple(digests)
    assert deletion.tags == ("first", "last")
    assert not deletion.failures
    asked = [asked["imageIds"] for asked in ecr.asked("batch_delete_image")]
    assert [len(ids) for ids in asked] == [100, 2]
    assert [one["imageDigest"] for ids in asked for one in ids] == digests


def test_what_is_not_there_counts_as_deleted(ecr_registry, ecr_push):
    image, missing = ecr_push(None), "sha256:" + "0" * 64
    deletion = ecr_registry.delete_images(APP, [missing, image.digest, image.digest])
    assert deletion.digests == (missing, image.digest)
    assert not deletion.failures


def test_children_go_after_their_index_in_one_call(ecr, ecr_registry, ecr_push):
    children = [ecr_push(None, b"one"), ecr_push(None, b"two")]
    index = push_index(ecr_registry, APP, "1", children)
    wanted = [index.digest, *(one.digest for one in children)]
    deletion = ecr_registry.delete_images(APP, wanted)
    assert deletion.digests == tuple(wanted)
    assert not deletion.failures
    assert not ecr.images[APP]


def test_a_child_of_an_index_that_stays_is_a_failure_with_its_reason(ecr, ecr_registry, ecr_push):
    child, other = ecr_push(None, b"child"), ecr_push(None, b"other")
    push_index(ecr_registry, APP, "1", [child])
    deletion = ecr_registry.delete_images(APP, [child.digest, other.digest])
    assert deletion.digests == (other.digest,)
    (failure,) = deletion.failures
    assert failure.identity == child.digest
    assert "ImageReferencedByManifestList" in failure.reason
    assert child.digest in ecr.images[APP]


def test_a_request_that_fails_after_others_leaves_the_rest_among_the_failures(
    ecr, ecr_registry, ecr_push
):
    child, last = ecr_push(None, b"child"), ecr_push(None, b"last")
    push_index(ecr_registry, APP, "1", [child])
    plain, fault = ecr.batch_delete_image, raising(None, refusal("ThrottlingException"))
    ecr.batch_delete_image = lambda **asked: fault() or plain(**asked)
    deletion = ecr_registry.delete_images(APP, [child.digest, *MISSING, last.digest])
    assert deletion.digests == tuple(MISSING[:99])
    reasons = {one.identity: one.reason for one in deletion.failures}
    assert list(reasons) == [child.digest, MISSING[99], last.digest]
    assert "ImageReferencedByManifestList" in reasons[child.digest]
    assert "ThrottlingException" in reasons[last.digest]


def test_an_answer_that_contradicts_itself_is_a_failure(ecr, ecr_registry, ecr_push):
    identity = {"imageDigest": ecr_push(None).digest}
    ecr.batch_delete_image = lambda **_: {
        "imageIds": [identity],
        "failures": [{"imageId": identity, "failureCode": "KmsError"}],
    }
    deletion = ecr_registry.delete_images(APP, [identity["imageDigest"]])
    assert deletion.digests == ()
    assert "KmsError" in deletion.failures[0].reason


def test_a_deletion_of_which_nothing_was_done_raises(ecr, ecr_registry, ecr_push):
    ecr.faults["batch_delete_image"] = [refusal("AccessDeniedException")]
    with pytest.raises(AccessDeniedError):
        ecr_registry.delete_images(APP, [ecr_push(None).digest])


def test_no_request_is_made_for_nothing(ecr, ecr_registry):
    assert ecr_registry.delete_images(APP, []).digests == ()
    assert not ecr.calls


def test_an_image_stays_while_it_has_another_tag_and_goes_with_its_last(ecr_registry, ecr_push):
    digest = ecr_push("1", b"same").digest
    ecr_push("2", b"same")
    first = ecr_registry.delete_tag(APP, "1")
    assert (first.tags, first.digests) == (("1",), ())
    last = ecr_registry.delete_tag(APP, "2")
    assert (last.tags, last.digests) == (("2",), (digest,))
    with pytest.raises(ImageNotFoundError):
        ecr_registry.delete_tag(APP, "2")


def test_the_last_tag_of_a_child_stays_with_the_reason(ecr_registry, ecr_push):
    push_index(ecr_registry, APP, "index", [ecr_push("child")])
    deletion = ecr_registry.delete_tag(APP, "child")
    assert (deletion.tags, deletion.digests) == ((), ())
    assert deletion.failures[0].identity == "child"
    assert "ImageReferencedByManifestList" in deletion.failures[0].reason


def test_a_tag_that_somebody_else_takes_away_first_is_not_found(ecr, ecr_registry, ecr_push):
    ecr_push("1")
    ecr.batch_delete_image = lambda **asked: {
        "failures": [{"imageId": asked["imageIds"][0], "failureCode": "ImageNotFound"}]
    }
    with pytest.raises(ImageNotFoundError):
        ecr_registry.delete_tag(APP, "1")


def test_moto_as_it_is_will_do(aws_clients, open_ecr, blobs):
    """Whoever tries the product on moto or LocalStack meets its manners."""
    registry = open_ecr(clients=lambda service, _: aws_clients[service])
    registry.ensure_repository(APP)
    image = push_image(registry, APP, None)
    assert registry.get_manifest(APP, image.digest) == image
    assert registry.delete_images(APP, [image.digest]).digests == (image.digest,)
    assert registry.list_images(APP) == []
    assert registry.login().username == "AWS"

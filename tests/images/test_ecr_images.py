"""Images on ECR: what is listed, read and written there."""

import dataclasses
from datetime import timedelta

import pytest
from ecr_double import refusal
from image_builders import push_index, push_referrer

from versioned.errors import (
    ContentMismatchError,
)
from versioned.images.copying import copy_image
from versioned.images.errors import (
    ImageNotFoundError,
    InvalidImageError,
    RegistryError,
    TagImmutableError,
)
from versioned.images.manifest import OCI_INDEX, OCI_MANIFEST, Manifest
from versioned.images.place import Place

pytest_plugins = ("ecr_fixtures",)

APP = "team/app"
SBOM = "application/vnd.example.sbom"


def image_at(registry, tag):
    return next(one for one in registry.list_images(APP) if tag in one.tags)


# listing


def test_every_image_is_listed_over_all_pages_tagged_ones_first(ecr, ecr_registry, ecr_push):
    for tag in ("3", None, "1", "2"):
        ecr_push(tag)
    ecr_push("1-again", b"1")
    images = ecr_registry.list_images(APP)
    assert [one.tags for one in images] == [("1", "1-again"), ("2",), ("3",), ()]
    assert all(one.pushed_at.utcoffset() == timedelta(0) for one in images)
    assert all(one.size > 0 and one.media_type == OCI_MANIFEST for one in images)
    assert ecr_registry.list_tags(APP) == ["1", "1-again", "2", "3"]
    assert len(ecr.asked("describe_images")) == 2
    assert len(ecr.asked("list_images")) == 3


def test_an_index_is_listed_with_its_children(ecr_registry, ecr_push):
    children = [ecr_push(None, b"one"), ecr_push(None, b"two")]
    push_index(ecr_registry, APP, "1", children)
    found = image_at(ecr_registry, "1")
    assert found.children == tuple(one.digest for one in children)
    assert found.media_type == OCI_INDEX
    assert found.size is None, "the children's bytes would be counted twice"


@pytest.mark.parametrize("tells_subjects", [True, False])
def test_a_referrer_is_listed_with_its_subject(ecr, ecr_registry, ecr_push, tells_subjects):
    ecr.tells_subjects = tells_subjects
    subject = ecr_push("1")
    referrer = push_referrer(ecr_registry, APP, subject, SBOM)
    found = {one.digest: one for one in ecr_registry.list_images(APP)}
    assert found[referrer.digest].subject == subject.digest
    assert found[subject.digest].subject is None


@pytest.mark.parametrize("suffix", [".sig", ".att", ".sbom"])
def test_a_tag_alone_ties_a_signature_to_its_subject(ecr_registry, ecr_push, suffix):
    subject = ecr_push("1")
    tag = subject.digest.replace(":", "-") + suffix
    ecr_push(tag)
    assert image_at(ecr_registry, tag).subject == subject.digest


@pytest.mark.parametrize(
    "tag", ["1.4", "sha256-12.sig", f"sha256-{'a' * 63}.sig", f"sha256-{'a' * 64}"]
)
def test_no_other_tag_ties_an_image_to_anything(ecr_registry, ecr_push, tag):
    ecr_push(tag)
    assert image_at(ecr_registry, tag).subject is None


def test_one_image_is_found_without_listing_all(ecr, ecr_registry, ecr_push):
    index = push_index(ecr_registry, APP, "1", [ecr_push("child")])
    listed = image_at(ecr_registry, "1")
    found = ecr_registry.find_image(APP, "1")
    assert found == dataclasses.replace(listed, pulled_at=found.pulled_at)
    assert ecr_registry.find_image(APP, index.digest).children == (index.children[0].digest,)
    with pytest.raises(ImageNotFoundError):
        ecr_registry.find_image(APP, "9")
    assert sorted(ecr_registry.list_digests(APP)) == sorted(ecr.images[APP])


def test_plain_images_are_not_pulled_to_list_them(ecr, ecr_registry, ecr_push):
    for tag in ("1", "2", "3"):
        ecr_push(tag)
    assert [one.pulled_at for one in ecr_registry.list_images(APP)] == [None] * 3
    assert not ecr.asked("batch_get_image")


def test_manifests_are_read_a_hundred_at_once(ecr, ecr_registry, ecr_push):
    child, ecr.page = ecr_push("child"), 1000
    for number in range(101):
        push_index(ecr_registry, APP, None, [child], annotations={"number": str(number)})
    assert sum(one.children == (child.digest,) for one in ecr_registry.list_images(APP)) == 101
    assert [len(asked["imageIds"]) for asked in ecr.asked("batch_get_image")] == [100, 1]


def test_an_index_whose_manifest_cant_be_read_stops_the_listing(ecr, ecr_registry, ecr_push):
    push_index(ecr_registry, APP, "1", [ecr_push(None)])
    ecr.batch_get_image = lambda **asked: {
        "failures": [{"imageId": asked["imageIds"][0], "failureCode": "KmsError"}]
    }
    with pytest.raises(RegistryError, match="KmsError"):
        ecr_registry.list_images(APP)


def test_an_image_that_goes_while_it_is_listed_is_left_out(ecr, ecr_registry, ecr_push):
    push_index(ecr_registry, APP, "1", [ecr_push(None, b"child")])
    ecr.batch_get_image = lambda **asked: {
        "failures": [{"imageId": asked["imageIds"][0], "failureCode": "ImageNotFound"}]
    }
    assert [one.tags for one in ecr_registry.list_images(APP)] == [()]


def test_a_page_that_never_ends_is_an_error(ecr, ecr_registry, ecr_app):
    ecr.list_images = lambda **_: {"imageIds": [], "nextToken": "again"}
    with pytest.raises(RegistryError, match="again and again"):
        ecr_registry.list_tags(ecr_app)


# manifests


def test_a_manifest_is_read_back_as_the_very_bytes(ecr_registry, ecr_push):
    image = ecr_push("1")
    assert ecr_registry.get_manifest(APP, "1") == image
    assert ecr_registry.get_manifest(APP, image.digest).content == image.content
    assert ecr_registry.resolve(APP, "1").digest == image.digest
    assert ecr_registry.resolve(APP, image.digest).media_type == OCI_MANIFEST


def test_a_tag_is_resolved_without_a_pull(ecr, ecr_registry, ecr_push):
    ecr_push("1")
    ecr_registry.resolve(APP, "1")
    assert not ecr.asked("batch_get_image")


@pytest.mark.parametrize("reference", ["9", "sha256:" + "0" * 64])
def test_what_is_not_there_is_not_found(ecr_registry, ecr_push, reference):
    ecr_push("1")
    for read in (ecr_registry.get_manifest, ecr_registry.resolve):
        with pytest.raises(ImageNotFoundError, match=APP):
            read(APP, reference)


@pytest.mark.parametrize("reference", ["no tag", "", "sha256:12", "../x", ":"])
def test_no_reference_reaches_ecr_that_is_none(ecr, ecr_registry, ecr_app, reference):
    with pytest.raises(InvalidImageError):
        ecr_registry.resolve(ecr_app, reference)
    assert not ecr.asked("describe_images")


def test_bytes_that_were_changed_are_refused(ecr, ecr_registry, ecr_push):
    image = ecr_push("1")
    ecr.images[APP][image.digest].manifest = Manifest.parse(image.content + b" ")
    held = {"imageId": {"imageDigest": image.digest}, "imageManifest": '{"config": 1}'}
    ecr.batch_get_image = lambda **_: {"images": [held]}
    with pytest.raises(ContentMismatchError):
        ecr_registry.get_manifest(APP, "1")


def test_a_manifest_is_written_with_its_type_and_its_digest(ecr, ecr_push):
    image = ecr_push("1")
    (asked,) = ecr.asked("put_image")
    assert asked["imageDigest"] == image.digest
    assert asked["imageManifestMediaType"] == OCI_MANIFEST
    assert asked["imageManifest"].encode() == image.content


@pytest.mark.parametrize("tag", ["1", None])
def test_the_same_push_again_is_a_success(ecr_registry, ecr_push, tag):
    assert ecr_push(tag) == ecr_push(tag)
    assert len(ecr_registry.list_images(APP)) == 1


def test_a_moved_tag_leaves_the_old_image_without_it(ecr_registry, ecr_push):
    old, new = ecr_push("1", b"old"), ecr_push("1", b"new")
    assert ecr_registry.resolve(APP, "1").digest == new.digest
    assert ecr_registry.resolve(APP, old.digest)


@pytest.mark.parametrize("code", ["ImageTagAlreadyExistsException", "ImageAlreadyExistsException"])
def test_a_tag_that_may_not_move_is_told_apart_from_a_repeat(ecr, ecr_registry, ecr_push, code):
    old, new = ecr_push("1", b"old"), ecr_push("2", b"new")
    ecr.faults["put_image"] = [refusal(code)] * 2
    with pytest.raises(TagImmutableError, match=old.digest) as raised:
        ecr_registry.put_manifest(APP, new, tag="1")
    assert isinstance(raised.value, RuntimeError)
    ecr_registry.put_manifest(APP, old, tag="1")


def test_a_manifest_without_its_layers_or_children_says_what_to_do(ecr_registry, ecr_app, ecr_push):
    index = push_index(ecr_registry, ecr_app, "index", [ecr_push("1")])
    ecr_registry.ensure_repository("team/other")
    for manifest in (ecr_registry.get_manifest(ecr_app, "1"), index):
        with pytest.raises(RegistryError, match="copy") as raised:
            ecr_registry.put_manifest("team/other", manifest)
        assert "NotFoundException" in raised.value.message


def test_a_manifest_that_is_no_utf_8_is_refused_before_it_is_sent(
    ecr, ecr_registry, ecr_app, ecr_push
):
    content = ecr_push("1").content.decode().encode("utf-16")
    with pytest.raises(RegistryError, match="UTF-8"):
        ecr_registry.put_manifest(ecr_app, Manifest.parse(content))


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "is_free"),
    [
        ("MUTABLE", [], "1", True),
        ("IMMUTABLE", [], "1", False),
        ("IMMUTABLE", [], "new", True),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*", "latest"], "1", False),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*", "latest"], "dev-1", True),
        ("IMMUTABLE_WITH_EXCLUSION", ["dev-*", "latest"], "my-dev-1", False),
        ("MUTABLE_WITH_EXCLUSION", ["1*"], "1", False),
        ("MUTABLE_WITH_EXCLUSION", ["1*"], "dev-1", True),
    ],
)
def test_a_tag_is_free_as_the_repository_says(
    ecr, ecr_registry, ecr_push, mutability, filters, tag, is_free
):
    for taken in ("1", "dev-1", "my-dev-1"):
        ecr_push(taken)
    wildcards = [{"filterType": "WILDCARD", "filter": one} for one in filters]
    options = {"imageTagMutabilityExclusionFilters": wildcards} if filters else {}
    ecr.put_image_tag_mutability(repositoryName=APP, imageTagMutability=mutability, **options)
    if is_free:
        ecr_registry.check_tag_is_free(APP, tag)
    else:
        with pytest.raises(TagImmutableError, match=tag):
            ecr_registry.check_tag_is_free(APP, tag)


def test_any_tag_is_free_where_there_is_no_repository(ecr_registry):
    ecr_registry.check_tag_is_free("team/new", "1")


# referrers


def test_referrers_are_listed_over_all_pages_with_those_of_the_fallback_tag(ecr_registry, ecr_push):
    subject = ecr_push("1")
    known = [push_referrer(ecr_registry, APP, subject, f"{SBOM}.{n}") for n in range(3)]
    old = ecr_push("old-signature")
    push_index(ecr_registry, APP, subject.digest.replace(":", "-"), [old, known[0]])
    found = ecr_registry.list_referrers(APP, subject.digest)
    assert {one.digest for one in found} == {one.digest for one in (*known, old)}
    assert {one.artifact_type for one in found if one.digest != old.digest} == {
        f"{SBOM}.{n}" for n in range(3)
    }
    assert len(found) == 4


def test_without_a_client_that_knows_referrers_the_distribution_api_is_asked(
    ecr, ecr_registry, blobs, ecr_app
):
    ecr.lacks = {"list_image_referrers"}
    blobs.list_referrers = lambda repository, digest: [(repository, digest)]
    assert ecr_registry.list_referrers(ecr_app, "sha256:1") == [(ecr_app, "sha256:1")]


@pytest.mark.parametrize("mounts", [True, False])
def test_an_index_is_copied_to_another_repository_as_it_is(
    ecr, ecr_registry, ecr_push, blobs, mounts
):
    """ECR refuses a manifest without its layers, and an index without its children."""
    blobs.mounts = mounts
    index = push_index(ecr_registry, APP, "1", [ecr_push(None, b"one"), ecr_push(None, b"two")])
    signature = push_referrer(ecr_registry, APP, index, SBOM)
    ecr_registry.ensure_repository("team/web")
    source, target = Place(ecr_registry, APP), Place(ecr_registry, "team/web")
    report = copy_image(source, target, index.digest, tags=["prod"])
    assert ecr_registry.get_manifest("team/web", "prod") == index
    assert report.referrers == (signature.digest,)
    assert bool(report.mounted) is mounts
    assert set(ecr.images["team/web"]) == set(ecr.images[APP])


def test_another_manifest_than_was_asked_for_is_refused(ecr, ecr_registry, ecr_push):
    one, other = ecr_push("1"), ecr_push("2")
    given = ecr.batch_get_image(repositoryName=APP, imageIds=[{"imageDigest": other.digest}])
    ecr.batch_get_image = lambda **_: given
    with pytest.raises(ContentMismatchError):
        ecr_registry.get_manifest(APP, one.digest)

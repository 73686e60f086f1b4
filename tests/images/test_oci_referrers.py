"""Signatures, SBOMs and others, with the referrers API and without it."""

import json
import threading

import pytest
from image_builders import push_image, push_index, push_referrer

from versioned.errors import StoreUnavailableError
from versioned.images.errors import RegistryError
from versioned.images.manifest import OCI_INDEX, Manifest

SBOM, SIGNATURE = "application/spdx+json", "application/vnd.signature"


@pytest.fixture(params=["with the API", "without it"])
def any_registry(request, registry_kind, registry, make_registry):
    """Each chosen registry, and a double without the API, as docker-registry 2.8 is."""
    if request.param == "with the API":
        return registry
    if registry_kind == "docker":
        pytest.skip("the real one is there")
    return make_registry(referrers=False, tag_deletion=False)


@pytest.fixture
def old_server(make_registry_server):
    return make_registry_server(referrers=False)


def tag_of(image):
    return image.digest.replace(":", "-")


def found(registry, repository, image):
    return {
        one.digest: one.artifact_type for one in registry.list_referrers(repository, image.digest)
    }


def test_all_are_found_with_their_types(any_registry, app):
    image = push_image(any_registry, app, "1.4")
    assert found(any_registry, app, image) == {}
    sbom = push_referrer(any_registry, app, image, SBOM)
    signature = push_referrer(any_registry, app, image, SIGNATURE)
    assert found(any_registry, app, image) == {sbom.digest: SBOM, signature.digest: SIGNATURE}


def test_one_can_be_written_where_nothing_has_a_tag_yet(any_registry, app):
    image = push_image(any_registry, app, None)
    sbom = push_referrer(any_registry, app, image, SBOM)
    assert found(any_registry, app, image) == {sbom.digest: SBOM}


def test_writing_one_twice_lists_it_once(any_registry, app):
    image = push_image(any_registry, app, "1.4")
    sbom = push_referrer(any_registry, app, image, SBOM)
    any_registry.put_manifest(app, sbom, tag="sbom")
    assert len(any_registry.list_referrers(app, image.digest)) == 1


def test_they_are_listed_with_their_subject(any_registry, app):
    image = push_image(any_registry, app, "1.4")
    sbom = push_referrer(any_registry, app, image, SBOM)
    signature = push_referrer(any_registry, app, sbom, SIGNATURE)
    images = {one.digest: one for one in any_registry.list_images(app)}
    assert images[sbom.digest].subject == image.digest
    assert images[signature.digest].subject == sbom.digest
    assert images[sbom.digest].artifact_type == SBOM
    assert all(
        one.subject in {image.digest, sbom.digest}
        for one in images.values()
        if one.digest != image.digest
    )


def test_what_was_deleted_is_no_longer_one(any_registry, app):
    image = push_image(any_registry, app, "1.4")
    sbom = push_referrer(any_registry, app, image, SBOM)
    signature = push_referrer(any_registry, app, image, SIGNATURE)
    assert not any_registry.delete_images(app, [sbom.digest]).failures
    assert found(any_registry, app, image) == {signature.digest: SIGNATURE}
    assert not any_registry.delete_images(app, [signature.digest]).failures
    assert found(any_registry, app, image) == {}
    assert any_registry.list_tags(app) == ["1.4"]


def test_they_go_with_their_repository(any_registry, app):
    image = push_image(any_registry, app, "1.4")
    sbom = push_referrer(any_registry, app, image, SBOM)
    deletion = any_registry.delete_repository(app, force=True)
    assert not deletion.failures
    digests = list(deletion.digests)
    assert digests.index(sbom.digest) < digests.index(image.digest)


def test_of_what_is_not_there(any_registry, app):
    assert any_registry.list_referrers(app, "sha256:" + "0" * 64) == []


def test_the_api_is_asked_once_for_each_image_and_no_more_where_there_is_none(old_server, connect):
    registry = connect(old_server)
    images = [push_image(registry, "app", None, layers=[arch]) for arch in (b"amd64", b"arm64")]
    push_index(registry, "app", "1.4", images)
    push_image(registry, "app", "other")
    old_server.requests.clear()
    registry.list_images("app")
    assert old_server.count("GET", "/referrers/") == 1


def test_all_pages_are_read(registry_server, connect):
    registry = connect(registry_server)
    image = push_image(registry, "app", "1.4")
    sbom = push_referrer(registry, "app", image, SBOM)
    second = json.dumps({"schemaVersion": 2, "manifests": [image.descriptor.to_dict()]}).encode()
    link = {"Link": f'</v2/app/referrers/{image.digest}?page=2>; rel="next"'}
    registry_server.fail("GET", r"referrers/[^?]*$", change=lambda s, h, b: (s, {**h, **link}, b))
    registry_server.fail(
        "GET", r"page=2", status=200, headers={"Content-Type": OCI_INDEX}, body=second
    )
    assert list(found(registry, "app", image)) == [sbom.digest, image.digest]


def test_a_page_of_html_is_no_referrers_api(registry_server, connect):
    registry = connect(registry_server)
    image = push_image(registry, "app", "1.4")
    registry_server.fail(
        "GET", "referrers/", status=200, body=b"<html>", headers={"Content-Type": "text/html"}
    )
    assert registry.list_referrers("app", image.digest) == []


def test_threads_that_write_at_the_same_moment_lose_nothing(old_server, connect):
    registry = connect(old_server)
    image = push_image(registry, "app", "1.4")
    other = threading.Thread(target=push_referrer, args=(registry, "app", image, SIGNATURE))

    def let_the_other_write(*answer):
        other.start()
        other.join(timeout=0.05)
        return answer

    old_server.fail("GET", f"manifests/{tag_of(image)}", change=let_the_other_write)
    push_referrer(registry, "app", image, SBOM)
    other.join()
    assert sorted(found(registry, "app", image).values()) == [SBOM, SIGNATURE]


def test_an_entry_that_another_writer_undid_is_written_again(old_server, connect):
    registry, other = connect(old_server), connect(old_server)
    image = push_image(registry, "app", "1.4")
    theirs = push_referrer(other, "app", image, SIGNATURE)
    before = other.get_manifest("app", tag_of(image))

    def undo(*answer):
        other.put_manifest("app", before, tag=tag_of(image))
        return answer

    old_server.fail("PUT", f"manifests/{tag_of(image)}", after=True, change=undo)
    ours = push_referrer(registry, "app", image, SBOM)
    assert found(registry, "app", image) == {theirs.digest: SIGNATURE, ours.digest: SBOM}


def test_who_is_always_undone_is_told(old_server, connect):
    registry = connect(old_server)
    image = push_image(registry, "app", "1.4")
    empty = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()
    old_server.fail("GET", f"manifests/{tag_of(image)}", times=9, status=200, body=empty,
                    headers={"Content-Type": OCI_INDEX})  # fmt: skip
    with pytest.raises(StoreUnavailableError, match="changed by others all the time"):
        push_referrer(registry, "app", image, SBOM)


def test_an_image_under_that_tag_is_not_overwritten(old_server, connect):
    registry = connect(old_server)
    image = push_image(registry, "app", "1.4")
    other = push_image(registry, "app", tag_of(image), layers=[b"other"])
    with pytest.raises(RegistryError, match="no list of referrers"):
        push_referrer(registry, "app", image, SBOM)
    assert registry.resolve("app", tag_of(image)).digest == other.digest
    assert registry.list_referrers("app", image.digest) == []


def test_what_others_wrote_of_the_entries_is_kept(old_server, connect):
    registry = connect(old_server)
    image = push_image(registry, "app", "1.4")
    sbom = push_referrer(registry, "app", image, SBOM)
    entry = {**sbom.descriptor.to_dict(), "artifactType": SBOM, "annotations": {"by": "them"}}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [entry],
        "annotations": {"a": "b"},
    }
    registry.put_manifest("app", Manifest.parse(json.dumps(document).encode()), tag=tag_of(image))
    push_referrer(registry, "app", image, SIGNATURE)
    now = json.loads(registry.get_manifest("app", tag_of(image)).content)
    assert now["manifests"][0] == entry
    assert now["annotations"] == {"a": "b"}
    assert len(now["manifests"]) == 2


def test_entries_that_are_gone_do_not_keep_new_ones_out(old_server, connect):
    registry = connect(old_server)
    image = push_image(registry, "app", "1.4")
    gone = push_referrer(registry, "app", image, SBOM)
    del old_server.contents("app").manifests[gone.digest]
    new = push_referrer(registry, "app", image, SIGNATURE)
    assert found(registry, "app", image) == {new.digest: SIGNATURE}


def test_an_index_can_be_a_subject(any_registry, app):
    images = [push_image(any_registry, app, None, layers=[arch]) for arch in (b"amd64", b"arm64")]
    index = push_index(any_registry, app, "1.4", images)
    sbom = push_referrer(any_registry, app, index, SBOM)
    assert found(any_registry, app, index) == {sbom.digest: SBOM}

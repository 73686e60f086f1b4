import json

import pytest
from image_builders import push_image, push_index, push_referrer
from tapped_registry import Killed, TappedRegistry

from versioned.errors import ContentMismatchError, StoreUnavailableError
from versioned.images.contents import read_contents
from versioned.images.copying import copy_image
from versioned.images.errors import ImageNotFoundError, ImageRepositoryNotFoundError
from versioned.images.manifest import Manifest
from versioned.images.place import Place

SBOM = "application/spdx+json"


@pytest.fixture
def source(registry, app):
    return Place(registry, app)


@pytest.fixture
def beside(registry, prefix):
    """Another repository of the same registry."""
    return Place(registry, f"{prefix}/beside")


@pytest.fixture
def far(make_registry):
    """A repository of another registry."""
    return Place(make_registry(), "far/app")


def push_multi_arch(place, tag="1.4"):
    images = [
        push_image(place.registry, place.repository, None, layers=[b"base", arch.encode()],
                   platform=f"linux/{arch}")
        for arch in ("amd64", "arm64")
    ]  # fmt: skip
    return push_index(place.registry, place.repository, tag, images)


def bytes_at(place, reference):
    return place.registry.get_manifest(place.repository, reference).content


def test_in_the_same_repository_only_a_tag_is_written(source):
    image = push_image(source.registry, source.repository, "1.4")
    tapped = Place(TappedRegistry(source.registry), source.repository)
    report = copy_image(tapped, tapped, image.digest, tags=["prod"])
    assert tapped.registry.calls == ["get_manifest", "put_manifest", "resolve"]
    assert bytes_at(source, "prod") == image.content
    assert (report.manifests, report.uploaded, report.mounted) == ((), 0, 0)


def test_beside_it_blobs_are_mounted_and_not_moved(source, beside):
    index = push_multi_arch(source)
    report = copy_image(source, beside, index.digest, tags=["1.4"])
    assert bytes_at(beside, "1.4") == index.content
    assert (report.uploaded, report.uploaded_bytes) == (0, 0)
    assert report.mounted == 5
    assert len(report.manifests) == 3


def test_to_another_registry_all_is_copied_byte_by_byte(source, far):
    index = push_multi_arch(source)
    report = copy_image(source, far, index.digest, tags=["1.4", "prod"])
    assert bytes_at(far, "1.4") == bytes_at(far, "prod") == index.content
    for child in index.children:
        manifest = far.registry.get_manifest(far.repository, child.digest)
        assert manifest.content == bytes_at(source, child.digest)
        assert all(far.registry.has_blob(far.repository, blob.digest) for blob in manifest.blobs)
    assert report.uploaded + report.present == 6


def test_a_registry_that_does_not_mount_gets_the_bytes(make_registry):
    registry = make_registry(mounting=False)
    source, target = Place(registry, "a/app"), Place(registry, "b/app")
    image = push_image(registry, "a/app", "1")
    report = copy_image(source, target, image.digest)
    assert (report.mounted, report.uploaded) == (0, 2)


def test_a_second_copy_writes_no_blob(source, far):
    index = push_multi_arch(source)
    copy_image(source, far, index.digest)
    report = copy_image(source, far, index.digest, tags=["prod"])
    assert (report.uploaded, report.mounted) == (0, 0)
    assert bytes_at(far, "prod") == index.content


@pytest.mark.parametrize("referrers", [True, False])
def test_referrers_come_along_with_those_of_children_and_of_referrers(
    source, make_registry, referrers
):
    far = Place(make_registry(referrers=referrers), "far/app")
    index = push_multi_arch(source)
    child = source.registry.get_manifest(source.repository, index.children[1].digest)
    sbom = push_referrer(source.registry, source.repository, child, SBOM)
    signature = push_referrer(source.registry, source.repository, sbom, "application/signature")
    report = copy_image(source, far, index.digest)
    assert set(report.referrers) == {sbom.digest, signature.digest}
    found = far.registry.list_referrers(far.repository, child.digest)
    assert [one.digest for one in found] == [sbom.digest]
    found = far.registry.list_referrers(far.repository, sbom.digest)
    assert [one.digest for one in found] == [signature.digest]


def test_signatures_that_a_tag_ties_come_along(source, far):
    image = push_image(source.registry, source.repository, "1.4")
    tag = image.digest.replace(":", "-") + ".sig"
    signature = push_image(source.registry, source.repository, tag, layers=[b"signature"])
    push_image(source.registry, source.repository, "sha256-" + "0" * 64 + ".sig", layers=[b"no"])
    copy_image(source, far, image.digest, tags=["1.4"])
    assert bytes_at(far, tag) == signature.content
    assert far.registry.list_tags(far.repository) == sorted(["1.4", tag])


def test_a_signature_that_is_there_already_is_not_overwritten(source, far):
    image = push_image(source.registry, source.repository, "1.4")
    tag = image.digest.replace(":", "-") + ".sig"
    push_image(source.registry, source.repository, tag, layers=[b"ours"])
    theirs = push_image(far.registry, far.repository, tag, layers=[b"theirs"])
    report = copy_image(source, far, image.digest)
    assert report.left == (tag,)
    assert bytes_at(far, tag) == theirs.content


def test_an_image_that_is_not_there_is_not_found(source, far):
    push_image(source.registry, source.repository, "1.4")
    with pytest.raises(ImageNotFoundError):
        copy_image(source, far, "sha256:" + "0" * 64)


@pytest.mark.parametrize("after", [False, True])
def test_killed_anywhere_nothing_incomplete_has_a_tag_and_a_repeat_finishes(
    source, make_registry, after
):
    index = push_multi_arch(source)
    push_referrer(source.registry, source.repository, index, SBOM)
    registry = make_registry()
    counted = TappedRegistry(registry)
    copy_image(source, Place(counted, "counted"), index.digest, tags=["1.4"])
    for stop in range(len(counted.calls)):
        target = Place(registry, f"far/app{stop}")
        dying = TappedRegistry(registry, stop=stop, after=after)
        with pytest.raises(Killed):
            copy_image(source, Place(dying, target.repository), index.digest, tags=["1.4"])
        if "1.4" in tags_of(target):
            assert bytes_at(target, "1.4") == index.content
        copy_image(source, target, index.digest, tags=["1.4"])
        assert bytes_at(target, "1.4") == index.content
        for child in index.children:
            assert bytes_at(target, child.digest) == bytes_at(source, child.digest)


def tags_of(place):
    try:
        return place.registry.list_tags(place.repository)
    except ImageRepositoryNotFoundError:
        return []


class TestWhereItFails:
    """The source is a double, so that it can be made to fail."""

    @pytest.fixture
    def server(self, make_registry_server):
        return make_registry_server()

    @pytest.fixture
    def source(self, server, connect):
        return Place(connect(server), "app")

    def test_damaged_bytes_never_arrive(self, server, source, far):
        image = push_image(source.registry, "app", "1.4", layers=[b"right"])
        server.fail("GET", r"/blobs/", times=99, change=lambda s, h, b: (s, h, b[:-1] + b"!"))
        with pytest.raises(ContentMismatchError):
            copy_image(source, far, image.digest, tags=["1.4"])
        assert not any(far.registry.has_blob(far.repository, b.digest) for b in image.blobs)

    def test_a_damaged_manifest_never_arrives(self, server, source, far):
        image = push_image(source.registry, "app", "1.4")
        server.fail("GET", r"/manifests/", times=99, change=lambda s, h, b: (s, h, b + b" "))
        with pytest.raises(ContentMismatchError):
            copy_image(source, far, image.digest, tags=["1.4"])

    def test_a_registry_that_is_busy_is_asked_again(self, server, source, far):
        image = push_image(source.registry, "app", "1.4")
        server.fail("GET", r"/manifests/", times=1, status=503)
        copy_image(source, far, image.digest)
        server.fail("GET", r"/manifests/", times=99, status=503)
        with pytest.raises(StoreUnavailableError):
            copy_image(source, far, image.digest)


@pytest.mark.parametrize(("method", "status"), [("GET", None), ("PATCH", 401)])
def test_a_blob_that_fails_once_is_copied_again(make_registry_server, connect, method, status):
    servers = make_registry_server(), make_registry_server()
    source, target = (Place(connect(server), "app") for server in servers)
    image = push_image(source.registry, "app", "1.4", layers=[b"layer" * 99])
    servers[method == "PATCH"].fail(method, "blobs/", cut=not status, status=status)
    copy_image(source, target, image.digest, tags=["1.4"])
    assert bytes_at(target, "1.4") == image.content


def test_a_blob_that_keeps_failing_ends_the_copy(registry_server, connect, far):
    source = Place(connect(registry_server), "app")
    image = push_image(source.registry, "app", "1.4", layers=[])
    registry_server.fail("GET", "blobs/", times=99, cut=True)
    with pytest.raises(StoreUnavailableError):
        copy_image(source, far, image.digest)
    assert registry_server.count("GET", "blobs/") == 3


@pytest.mark.parametrize("is_held", [True, False])
def test_a_layer_with_urls_is_copied_where_the_source_has_it(
    registry_server, connect, far, is_held
):
    source = Place(connect(registry_server), "app")
    document = json.loads(push_image(source.registry, "app", None).content)
    document["layers"][0]["urls"] = ["https://example.com/layer"]
    image = Manifest.parse(json.dumps(document).encode())
    source.registry.put_manifest("app", image)
    (layer,) = image.layers
    if not is_held:
        del registry_server.contents("app").blobs[layer.digest]
    copy_image(source, far, image.digest)
    assert far.registry.has_blob(far.repository, layer.digest) == is_held


def test_children_that_are_listed_again_are_read_once(registry_server, connect, far):
    source = Place(connect(registry_server), "app")
    image = push_image(source.registry, "app", None)
    index = push_index(source.registry, "app", "1.4", [image] * 20)
    registry_server.requests.clear()
    copy_image(source, far, index.digest)
    assert registry_server.count("GET", f"manifests/{image.digest}") == 1


def test_indexes_of_indexes_are_read_once(registry_server, connect):
    registry = connect(registry_server)
    index = push_image(registry, "app", None)
    for _ in range(20):
        index = push_index(registry, "app", None, [index, index])
    registry_server.requests.clear()
    read_contents(registry, "app", index)
    assert registry_server.count("GET", "manifests/") == 20


def test_what_is_listed_as_a_referrer_and_is_none_stays(make_registry_server, connect, far):
    source = Place(connect(make_registry_server(referrers=False)), "app")
    image = push_image(source.registry, "app", "1.4")
    other = push_image(source.registry, "app", "2", layers=[b"other"])
    push_index(source.registry, "app", image.digest.replace(":", "-"), [other])
    assert copy_image(source, far, image.digest).manifests == (image.digest,)

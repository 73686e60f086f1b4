import contextlib
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioned.errors import ContentMismatchError
from versioned.images.errors import RegistryError
from versioned.images.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Manifest,
    digest_of,
)

CONFIG = {
    "mediaType": "application/vnd.oci.image.config.v1+json",
    "digest": digest_of(b"c"),
    "size": 1,
}
LAYER = {
    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
    "digest": digest_of(b"l"),
    "size": 9,
}


def image(**changes):
    return {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": CONFIG,
        "layers": [LAYER],
    } | changes


def parse(document, **options):
    return Manifest.parse(json.dumps(document).encode(), **options)


def test_a_manifest_tells_its_blobs_and_their_size():
    found = parse(image())
    assert [blob.digest for blob in found.blobs] == [digest_of(b"c"), digest_of(b"l")]
    assert (found.size, found.is_index, found.subject) == (10, False, None)


def test_the_digest_is_of_the_very_bytes():
    spaced = json.dumps(image(), indent=4).encode()
    assert Manifest.parse(spaced).digest == digest_of(spaced) != parse(image()).digest


def test_an_index_tells_its_children_and_their_platforms():
    child = {"mediaType": OCI_MANIFEST, "digest": digest_of(b"x"), "size": 3}
    arm = child | {"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}
    for kind in (OCI_INDEX, DOCKER_LIST):
        found = parse({"schemaVersion": 2, "mediaType": kind, "manifests": [child, arm]})
        assert [one.platform for one in found.children] == [None, "linux/arm/v7"]
        assert (found.is_index, found.blobs) == (True, ())


@pytest.mark.parametrize(
    "kind",
    ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
     "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"],
)  # fmt: skip
def test_layers_that_may_not_be_passed_on_are_left_out(kind):
    foreign = LAYER | {"urls": ["https://example.com/layer"], "mediaType": kind}
    assert parse(image(layers=[foreign])).layers == ()


def test_other_layers_are_copied_though_they_lie_elsewhere_too():
    (layer,) = parse(image(layers=[LAYER | {"urls": ["https://example.com/layer"]}])).layers
    assert layer.has_urls


@pytest.mark.parametrize(
    ("document", "options"),
    [
        (image(manifests=[]), {}),
        ({"mediaType": OCI_INDEX, "manifests": [], "config": CONFIG}, {}),
        ({"mediaType": OCI_INDEX, "manifests": [], "layers": []}, {}),
        ({"config": CONFIG, "layers": [LAYER]}, {"media_type": OCI_INDEX}),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(document, options):
    with pytest.raises(RegistryError, match="as an image and as an index"):
        parse(document, **options)


def test_a_size_has_its_bounds():
    with pytest.raises(RegistryError, match="no number of bytes"):
        parse(image(layers=[LAYER | {"size": 10**400}]))


def test_a_digest_of_sha512_is_kept_where_it_is_right():
    content = json.dumps(image()).encode()
    asked = f"sha512:{hashlib.sha512(content).hexdigest()}"
    assert Manifest.parse(content, digest=asked).digest == asked
    with pytest.raises(ContentMismatchError):
        Manifest.parse(content + b" ", digest=asked)


def test_a_referrer_names_its_subject_and_its_type():
    subject = {"mediaType": OCI_MANIFEST, "digest": digest_of(b"s"), "size": 1}
    found = parse(image(subject=subject, artifactType="application/spdx+json"))
    assert (found.subject, found.artifact_type) == (digest_of(b"s"), "application/spdx+json")


def test_the_type_is_told_by_the_answer_where_the_manifest_does_not_say():
    bare = image()
    del bare["mediaType"]
    assert parse(bare, media_type=f"{DOCKER_MANIFEST}; charset=utf-8").media_type == DOCKER_MANIFEST
    assert parse(bare).media_type == OCI_MANIFEST
    assert parse({"schemaVersion": 2, "manifests": []}).media_type == OCI_INDEX


def test_other_bytes_than_those_asked_for_are_refused():
    with pytest.raises(ContentMismatchError):
        parse(image(), digest=digest_of(b"other"))


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"schemaVersion": 1, "mediaType": "application/vnd.docker.distribution.manifest.v1+json"},
        image(config=None),
        image(layers=[{"digest": "sha256:../../etc", "size": 1, "mediaType": "x"}]),
        image(layers=[LAYER | {"size": -1}]),
        image(layers=[LAYER | {"size": True}]),
        image(layers="x"),
        image(subject={}),
        image(annotations=["a"]),
        {"mediaType": OCI_INDEX, "manifests": [{"digest": digest_of(b"x")}]},
    ],
)
def test_what_is_no_manifest_is_refused(document):
    with pytest.raises(RegistryError):
        parse(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["config", "layers", "manifests", "subject", "digest", "size", "mediaType",
                         "platform", "annotations", "urls", "artifactType"]), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_any_json_is_a_manifest_or_refused(document):
    with contextlib.suppress(RegistryError):
        parse(document)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"nul"])
def test_what_is_no_json_is_refused(content):
    with pytest.raises(RegistryError):
        Manifest.parse(content)

"""Stores that lose answers, store nothing twice, or only claim to enforce conditions."""

import tracemalloc

import pytest

from faults import lose_answer, time_out
from s3pipeline.errors import TooLargeError
from s3pipeline.layout import MARKER_KEY
from s3pipeline.pipeline import S3Pipeline
from versioned.content import CHUNK_SIZE
from versioned.errors import AccessDeniedError, ContentChangedError, UnsafeStoreError

pytestmark = pytest.mark.only_stores("moto", "ceph")

MIB = 1024 * 1024


@pytest.fixture
def ignores(bucket):
    """Make the store accept and ignore a condition, as some do."""
    events, registered = bucket.meta.client.meta.events, []

    def ignore(header):
        def drop(request, **_):
            del request.headers[header]

        events.register_last("before-sign.s3.PutObject", drop)
        registered.append(drop)

    yield ignore
    for drop in registered:
        events.unregister("before-sign.s3.PutObject", drop)


@pytest.mark.parametrize("header", ["If-None-Match", "If-Match"])
def test_a_store_that_ignores_a_condition_is_found_out_before_anything_is_written(
    bucket, upload, write, held, ignores, header
):
    upload(b"one", "1")
    before = held()
    ignores(header)
    with pytest.raises(UnsafeStoreError, match="does not enforce conditional writes"):
        S3Pipeline(bucket, ["qa"]).promote(write("my.tar.gz", b"two"), "qa", "2")
    assert held() == before


@pytest.mark.only_stores("ceph")
def test_a_bucket_with_versioning_on_ceph_is_refused(resource_of, store_kind, write):
    bucket = resource_of(store_kind).create_bucket(Bucket="s3pipeline-with-versioning")
    bucket.Versioning().enable()
    try:
        with pytest.raises(UnsafeStoreError):
            S3Pipeline(bucket, ["qa"]).promote(write("a.zip"), "qa", "1")
    finally:
        bucket.object_versions.all().delete()
        bucket.delete()


def test_what_it_is_tried_on_is_no_release(bucket, pipeline, upload):
    upload(b"one", "1")
    assert MARKER_KEY in {line.key for line in bucket.objects.all()}
    assert list(pipeline.archived()) == []


def test_it_is_tried_once_for_a_pipeline(pipeline, upload, wire):
    upload(b"one", "1")
    upload(b"two", "2")
    assert sum(sent.url.endswith(MARKER_KEY) for sent in wire.sent) == 3


@pytest.mark.parametrize("loss", [lose_answer, time_out])
@pytest.mark.parametrize("which", [0, 1], ids=["of the archive", "of the rank"])
def test_a_write_whose_answer_is_lost_has_happened_once(
    upload, wire, held, no_waiting, loss, which
):
    upload(b"one", "1")
    wire.plan("PutObject", *[None] * which, loss)
    upload(b"two", "2")
    assert held() == {"qa/my.tar.gz": (b"two", "2"), "archive/1/my.tar.gz": (b"one", "1")}


def test_promoting_costs_so_many_requests(pipeline, upload, wire):
    upload(b"one", "1")
    pipeline.promote("my.tar.gz", "staging")
    wire.reset()
    upload(b"two", "2")  # looks at all ranks and the archive, twice; reads and archives the old
    assert wire.operations == {"HeadObject": 5, "GetObject": 1, "PutObject": 2}
    wire.reset()
    pipeline.promote("my.tar.gz", "staging")  # the old one is in the archive already
    assert wire.operations == {"HeadObject": 3, "GetObject": 1, "PutObject": 1}
    wire.reset()
    pipeline.promote("my.tar.gz", "staging")
    assert wire.operations == {"HeadObject": 1, "GetObject": 1}


def test_memory_does_not_grow_with_the_file(pipeline, write, work):
    write("large.bin", b"\x01" * (24 * MIB))
    pipeline.promote(write("small.bin"), "qa", "1")
    tracemalloc.start()
    try:
        pipeline.promote("large.bin", "qa", "1")
        (work / "large.bin").write_bytes(b"2")
        pipeline.promote("large.bin", "qa", "2")
        pipeline.archived_release("large.bin", "1").download(work / "again.bin")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (work / "again.bin").stat().st_size == 24 * MIB
    assert peak < 16 * MIB


def test_an_object_above_the_size_of_a_single_part_goes_up_whole(pipeline, write, held):
    content = b"\x03" * (33 * MIB)
    pipeline.promote(write("large.bin", content), "qa", "1")
    pipeline.promote("large.bin", "staging", "1")
    assert held()["staging/large.bin"] == (content, "1")


def test_a_file_that_no_condition_can_guard_is_refused_at_once(pipeline, work, wire):
    with (work / "huge.bin").open("wb") as file:
        file.truncate(5 * 1024 * MIB + 1)
    with pytest.raises(TooLargeError, match="at most 5368709120"):
        pipeline.promote("huge.bin", "qa")
    assert wire.count() == 0


def test_a_file_that_changes_while_it_is_sent_is_not_uploaded(pipeline, upload, write, work, held):
    upload(b"one", "1")
    write("my.tar.gz", b"2" * 2 * CHUNK_SIZE)

    class Changing(S3Pipeline):
        def before_promotion(self, candidate):  # noqa: ARG002
            (work / "my.tar.gz").write_bytes(b"3" * 2 * CHUNK_SIZE)

    with pytest.raises(ContentChangedError):
        Changing(pipeline.bucket, pipeline.ranks).promote("my.tar.gz", "qa", "2")
    assert held()["qa/my.tar.gz"] == (b"one", "1")


@pytest.mark.only_stores("ceph")
def test_credentials_that_may_not_are_an_error_without_secrets(bucket, connection_of, write):
    options = {**connection_of("ceph"), "aws_secret_access_key": "very-secret"}
    with pytest.raises(AccessDeniedError) as caught:
        S3Pipeline(bucket.name, ["qa"], client_options=options).promote(write("a.zip"), "qa")
    assert "very-secret" not in str(caught.value)

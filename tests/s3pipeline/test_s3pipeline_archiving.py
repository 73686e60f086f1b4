"""What is replaced goes to the archive first, and what is there stays."""

import contextlib

import pytest

from faults import meanwhile
from s3pipeline.errors import ReleaseNotFoundError, VersionTakenError

pytestmark = pytest.mark.only_stores("moto", "ceph")


def test_what_is_replaced_is_archived_by_its_version(upload, held):
    upload(b"one", "1")
    upload(b"two", "2")
    assert held() == {"qa/my.tar.gz": (b"two", "2"), "archive/1/my.tar.gz": (b"one", "1")}


def test_a_release_that_leaves_several_ranks_is_archived_once(pipeline, upload, held):
    upload(b"one", "1")
    for rank in ("staging", "production"):
        pipeline.promote("my.tar.gz", rank)
    upload(b"two", "2")
    for rank in ("staging", "production"):
        pipeline.promote("my.tar.gz", rank)
    assert held() == {
        **{f"{rank}/my.tar.gz": (b"two", "2") for rank in pipeline.ranks},
        "archive/1/my.tar.gz": (b"one", "1"),
    }


def test_a_version_archived_with_other_bytes_is_never_overwritten(upload, put, held):
    upload(b"one", "1")
    put("archive/1/my.tar.gz", b"other", version="1")
    before = held()
    with pytest.raises(VersionTakenError, match=r"archive/1/my.tar.gz"):
        upload(b"two", "2")
    assert held() == before


def test_a_version_archived_with_other_bytes_is_not_given_again(upload, put, held):
    put("archive/1/my.tar.gz", b"other", version="1")
    before = held()
    with pytest.raises(VersionTakenError):
        upload(b"one", "1")
    assert held() == before


def test_nor_where_the_archived_object_does_not_say_its_version(upload, put):
    put("archive/1/my.tar.gz", b"other")
    with pytest.raises(VersionTakenError):
        upload(b"one", "1")


def test_a_version_archived_with_the_same_bytes_is_fine(upload, put, held):
    upload(b"one", "1")
    put("archive/1/my.tar.gz", b"one", version="1")
    upload(b"two", "2")
    assert held()["qa/my.tar.gz"] == (b"two", "2")


@pytest.mark.parametrize("body", [b"one", b"other"])
def test_what_somebody_else_archives_at_the_last_moment_stays(upload, put, wire, held, body):
    upload(b"one", "1")
    wire.plan("PutObject", meanwhile(lambda: put("archive/1/my.tar.gz", body, version="1")))
    with contextlib.nullcontext() if body == b"one" else pytest.raises(VersionTakenError):
        upload(b"two", "2")
    assert held() == {
        "qa/my.tar.gz": (b"two", "2") if body == b"one" else (b"one", "1"),
        "archive/1/my.tar.gz": (body, "1"),
    }


def test_it_can_be_asked_for(pipeline, upload, held):
    upload(b"one", "1")
    assert pipeline.archive("my.tar.gz", "qa").version == "1"
    assert pipeline.release("my.tar.gz", "qa").archive().archived
    assert held() == {"qa/my.tar.gz": (b"one", "1"), "archive/1/my.tar.gz": (b"one", "1")}


def test_what_is_not_there_can_not_be_archived(pipeline):
    with pytest.raises(ReleaseNotFoundError, match=r"there is no 'my.tar.gz' in qa/"):
        pipeline.archive("my.tar.gz", "qa")


def test_the_archive_keeps_metadata_and_the_sha256(bucket, pipeline, upload):
    first = upload(b"one", "1", name="dist/my.tar.gz")
    upload(b"two", "2", name="dist/my.tar.gz")
    kept = pipeline.archived_release("my.tar.gz", "1")
    assert (kept.version, kept.uploaded_timestamp) == ("1", first.uploaded_timestamp)
    assert (kept.sha256, kept.path, kept.size) == (first.sha256, "dist/my.tar.gz", 3)


def test_a_damaged_release_is_archived_as_it_is(bucket, upload, held):
    upload(b"one", "1")
    bucket.put_object(
        Key="qa/my.tar.gz", Body=b"0ne", Metadata=bucket.Object("qa/my.tar.gz").metadata
    )
    upload(b"two", "2")
    assert held() == {"qa/my.tar.gz": (b"two", "2"), "archive/1/my.tar.gz": (b"0ne", "1")}


def test_archived_versions_of_a_file_are_listed_in_order(pipeline, upload):
    for number in (10, 9, 11):
        upload(b"%d" % number, str(number))
    upload(b"other", "1", name="other.zip")
    upload(b"another", "2", name="other.zip")
    assert {release.version for release in pipeline.archived("my.tar.gz")} == {"10", "9"}
    assert {release.filename for release in pipeline.archived()} == {"my.tar.gz", "other.zip"}


def test_an_archived_version_that_is_not_there_is_an_error(pipeline):
    with pytest.raises(ReleaseNotFoundError, match=r"there is no 'my.tar.gz' in archive/1/"):
        pipeline.archived_release("my.tar.gz", "1")

"""Buckets that the older tool filled, and objects that nobody's tool wrote."""

import pytest

from s3pipeline.errors import VersionTakenError

pytestmark = pytest.mark.only_stores("moto", "ceph")


@pytest.fixture
def old(put):
    """A bucket as the older tool leaves it."""
    put("qa/my.tar.gz", b"three", version="v3", uploaded_timestamp="1460000003000")
    put("staging/my.tar.gz", b"two", version="v2", uploaded_timestamp="1460000002000")
    put("archive/v1/my.tar.gz", b"one", version="v1", uploaded_timestamp="1460000001000")


@pytest.mark.usefixtures("old")
class TestABucketOfTheOlderTool:
    def test_it_is_read(self, pipeline):
        release = pipeline.release("my.tar.gz", "qa")
        assert (release.version, release.uploaded_timestamp) == ("v3", 1460000003000)
        assert release.sha256 is None
        assert [r.version for r in pipeline.archived("my.tar.gz")] == ["v1"]

    def test_its_releases_move_up(self, pipeline, held):
        pipeline.promote("my.tar.gz", "production")
        pipeline.promote("my.tar.gz", "staging")
        assert held() == {
            "qa/my.tar.gz": (b"three", "v3"),
            "staging/my.tar.gz": (b"three", "v3"),
            "production/my.tar.gz": (b"two", "v2"),
            "archive/v1/my.tar.gz": (b"one", "v1"),
            "archive/v2/my.tar.gz": (b"two", "v2"),
        }

    def test_they_keep_their_time_and_get_a_sha256(self, pipeline):
        moved = pipeline.promote("my.tar.gz", "staging")
        assert moved.uploaded_timestamp == 1460000003000
        assert pipeline.release("my.tar.gz", "staging").sha256 is not None

    def test_new_versions_are_uploaded_over_them(self, upload, held):
        upload(b"four", "v4")
        assert held()["qa/my.tar.gz"] == (b"four", "v4")
        assert held()["archive/v3/my.tar.gz"] == (b"three", "v3")

    def test_the_same_again_changes_nothing(self, pipeline, upload, held):
        pipeline.promote("my.tar.gz", "staging")
        before = held()
        assert upload(b"three").version == "v3"
        pipeline.promote("my.tar.gz", "staging")
        assert held() == before

    def test_a_version_of_the_archive_is_not_given_again(self, upload):
        with pytest.raises(VersionTakenError):
            upload(b"new", "v1")


def test_keys_of_metadata_are_read_with_hyphens_and_in_any_case(pipeline, put):
    put("qa/a.zip", **{"Version": "7", "Uploaded-Timestamp": "1460000003000"})
    release = pipeline.release("a.zip", "qa")
    assert (release.version, release.uploaded_timestamp) == ("7", 1460000003000)


def test_an_object_without_metadata_has_the_version_of_its_last_change(bucket, pipeline, put):
    put("qa/a.zip")
    modified = int(bucket.Object("qa/a.zip").last_modified.timestamp() * 1000)
    release = pipeline.release("a.zip", "qa")
    assert (release.version, release.uploaded_timestamp) == (str(modified), modified)
    assert release.uploaded.timestamp() * 1000 == modified


def test_it_keeps_that_version_when_it_moves(pipeline, put):
    put("qa/a.zip")
    version = pipeline.release("a.zip", "qa").version
    assert pipeline.promote("a.zip", "staging", version).version == version
    assert pipeline.promote("a.zip", "production").version == version


def test_it_is_archived_under_it(pipeline, put, upload):
    put("qa/a.zip", b"old")
    version = pipeline.release("a.zip", "qa").version
    upload(b"new", "2", name="a.zip")
    assert pipeline.archived_release("a.zip", version).version == version


def test_a_time_stamp_that_is_none_is_passed_over(bucket, pipeline, put):
    put("qa/a.zip", uploaded_timestamp="yesterday")
    modified = int(bucket.Object("qa/a.zip").last_modified.timestamp() * 1000)
    assert pipeline.release("a.zip", "qa").uploaded_timestamp == modified


@pytest.mark.parametrize("version", ["release/1.0", "..", "a\\b", "x" * 1000])
def test_a_version_that_is_no_part_of_a_key_is_encoded(pipeline, put, upload, version):
    put("qa/a.zip", b"old", version=version)
    assert pipeline.promote("a.zip", "staging").version == version
    upload(b"new", "2", name="a.zip")
    assert pipeline.archived_release("a.zip", version).version == version
    (kept,) = pipeline.archived("a.zip")
    assert kept.key.count("/") == 2


def test_an_archive_with_slashes_in_its_versions_is_listed(pipeline, put):
    put("archive/release/1.0/a.zip", version="release/1.0")
    (kept,) = pipeline.archived("a.zip")
    assert (kept.version, kept.filename) == ("release/1.0", "a.zip")


def test_what_is_no_release_is_not_listed(pipeline, put):
    put("qa/", b"")
    put("qa/folder/a.zip")
    put("qa-2/a.zip")
    put("README")
    put("qa/a.zip", version="1")
    assert [release.key for release in pipeline.releases("qa")] == ["qa/a.zip"]
    assert list(pipeline.archived()) == []

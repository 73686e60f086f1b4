"""What a promotion does, rank by rank."""

import time

import pytest

from s3pipeline.errors import (
    BucketNotFoundError,
    SkippedRankError,
    SourceNotFoundError,
    UnexpectedReleaseError,
    VersionTakenError,
)
from s3pipeline.pipeline import S3Pipeline
from versioned.errors import ContentMismatchError, InvalidInputError

pytestmark = pytest.mark.only_stores("moto", "ceph")

SHA256_OF_ONE = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"


def test_the_first_rank_gets_the_local_file(upload, held):
    upload(b"one", "1")
    assert held() == {"qa/my.tar.gz": (b"one", "1")}


def test_a_later_rank_gets_what_the_rank_before_holds(pipeline, upload, held):
    upload(b"one", "1")
    pipeline.promote("my.tar.gz", "staging")
    pipeline.promote("my.tar.gz", "production")
    assert held() == {f"{rank}/my.tar.gz": (b"one", "1") for rank in pipeline.ranks}


def test_a_later_rank_does_not_look_at_the_local_file(pipeline, upload, write, held):
    upload(b"one", "1")
    write("my.tar.gz", b"edited since")
    pipeline.promote("my.tar.gz", "staging")
    assert held()["staging/my.tar.gz"] == (b"one", "1")


@pytest.mark.parametrize("rank", ["staging", "production"])
def test_a_rank_can_not_be_skipped(pipeline, write, held, rank):
    write("my.tar.gz")
    with pytest.raises(SkippedRankError, match=r"^could not promote, trying to skip rank\?$"):
        pipeline.promote("my.tar.gz", rank)
    assert held() == {}


def test_a_file_in_the_first_rank_only_can_not_skip_the_second(pipeline, upload):
    upload(b"one")
    with pytest.raises(SkippedRankError) as caught:
        pipeline.promote("my.tar.gz", "production")
    assert (caught.value.rank, caught.value.previous_rank) == ("production", "staging")


def test_a_pipeline_of_one_rank_takes_uploads(bucket, write, held):
    S3Pipeline(bucket, ["only"]).promote(write("app.zip"), "only", "1")
    assert held() == {"only/app.zip": (b"one", "1")}


def test_a_local_file_that_is_missing_is_an_error(pipeline, held):
    with pytest.raises(SourceNotFoundError, match=r"there is no file 'gone.zip' to promote to qa"):
        pipeline.promote("gone.zip", "qa")
    assert held() == {}


def test_a_directory_can_not_be_promoted(pipeline, work):
    (work / "dist").mkdir()
    with pytest.raises(InvalidInputError, match="is not a file"):
        pipeline.promote("dist", "qa")


def test_an_empty_file_is_a_release_too(pipeline, upload, held):
    upload(b"", "1")
    pipeline.promote("my.tar.gz", "staging")
    assert held()["staging/my.tar.gz"] == (b"", "1")


def test_files_of_other_names_do_not_meet(upload, held):
    upload(b"one", "1", name="a.zip")
    upload(b"two", "1", name="b.zip")
    assert held() == {"qa/a.zip": (b"one", "1"), "qa/b.zip": (b"two", "1")}


def test_a_mistyped_bucket_is_an_error_and_is_not_made(resource_of, store_kind, write):
    resource = resource_of(store_kind)
    missing = S3Pipeline(resource.Bucket("no-such-bucket-here"), "qa, staging")
    write("my.tar.gz")
    for rank in ("qa", "staging"):
        with pytest.raises(BucketNotFoundError, match="there is no bucket 'no-such-bucket-here'"):
            missing.promote("my.tar.gz", rank)
    with pytest.raises(BucketNotFoundError):
        missing.release("my.tar.gz", "qa")
    with pytest.raises(BucketNotFoundError):
        list(missing.releases("qa"))
    with pytest.raises(BucketNotFoundError):
        missing.download("my.tar.gz", "qa", ".")
    assert "no-such-bucket-here" not in {b.name for b in resource.buckets.all()}


# ---- versions


def test_without_a_version_it_is_the_time_of_the_upload_in_milliseconds(upload):
    before = time.time_ns() // 1_000_000
    release = upload(b"one")
    assert before <= int(release.version) <= time.time_ns() // 1_000_000
    assert release.uploaded_timestamp == int(release.version)


def test_the_version_and_the_time_of_upload_go_along(pipeline, upload):
    first = upload(b"one", "839de03f972e8182")
    moved = pipeline.promote("my.tar.gz", "staging")
    assert moved.version == "839de03f972e8182"
    assert moved.uploaded_timestamp == first.uploaded_timestamp


def test_the_metadata_is_that_of_the_older_tool(bucket, upload):
    release = upload(b"one", "1")
    metadata = {k.replace("-", "_"): v for k, v in bucket.Object("qa/my.tar.gz").metadata.items()}
    assert metadata["version"] == "1"
    assert metadata["uploaded_timestamp"] == str(release.uploaded_timestamp)


def test_the_version_that_was_tested_is_promoted(pipeline, upload, held):
    upload(b"one", "1")
    pipeline.promote("my.tar.gz", "staging", "1")
    assert held()["staging/my.tar.gz"] == (b"one", "1")


def test_another_version_than_was_tested_is_not(pipeline, upload, held):
    upload(b"one", "1")
    upload(b"two", "2")
    before = held()
    with pytest.raises(
        UnexpectedReleaseError, match=r"qa holds version '2' of 'my.tar.gz', not '1'"
    ):
        pipeline.promote("my.tar.gz", "staging", "1")
    assert held() == before


def test_the_bytes_that_were_tested_can_be_named(pipeline, upload):
    upload(b"one", "1", sha256=SHA256_OF_ONE)
    assert pipeline.promote("my.tar.gz", "staging", sha256=SHA256_OF_ONE.upper()).size == 3


@pytest.mark.parametrize("rank", ["qa", "staging"])
def test_other_bytes_than_were_tested_are_not_promoted(pipeline, upload, write, held, rank):
    upload(b"two", "2")
    before = held()
    write("my.tar.gz", b"three")
    with pytest.raises(UnexpectedReleaseError):
        pipeline.promote("my.tar.gz", rank, sha256=SHA256_OF_ONE)
    assert held() == before


def test_other_bytes_under_the_version_that_is_there_are_refused(upload, held):
    upload(b"one", "1")
    before = held()
    with pytest.raises(VersionTakenError, match=r"version '1' of 'my.tar.gz'"):
        upload(b"two", "1")
    assert held() == before


def test_other_bytes_under_a_version_of_another_rank_are_refused(upload, put, held):
    put("production/my.tar.gz", b"one", version="1")
    before = held()
    with pytest.raises(VersionTakenError):
        upload(b"other", "1")
    assert held() == before


def test_files_may_have_versions_of_the_same_name(upload):
    upload(b"one", "1", name="a.zip")
    assert upload(b"two", "1", name="b.zip").version == "1"


# ---- again


def test_the_same_again_changes_nothing(pipeline, upload, wire):
    first = upload(b"one")
    pipeline.promote("my.tar.gz", "staging")
    wire.reset()
    assert upload(b"one").version == first.version
    assert pipeline.promote("my.tar.gz", "staging").version == first.version
    assert wire.count("PutObject") == 0


def test_the_same_bytes_under_another_version_get_it(upload, held):
    upload(b"one", "1")
    upload(b"one", "2")
    assert held()["qa/my.tar.gz"] == (b"one", "2")
    assert held()["archive/1/my.tar.gz"] == (b"one", "1")


def test_a_new_version_of_the_same_bytes_goes_up_too(pipeline, upload, held):
    upload(b"one", "1")
    pipeline.promote("my.tar.gz", "staging")
    upload(b"one", "2")
    pipeline.promote("my.tar.gz", "staging", "2")
    assert held()["staging/my.tar.gz"] == (b"one", "2")


def test_an_older_version_can_be_promoted_again(pipeline, upload, held):
    upload(b"one", "1")
    upload(b"two", "2")
    pipeline.archived_release("my.tar.gz", "1").download("my.tar.gz")
    pipeline.promote("my.tar.gz", "qa", "1")
    assert held() == {
        "qa/my.tar.gz": (b"one", "1"),
        "archive/1/my.tar.gz": (b"one", "1"),
        "archive/2/my.tar.gz": (b"two", "2"),
    }


# ---- what goes along


def test_metadata_headers_and_tags_go_along(bucket, pipeline):
    bucket.put_object(
        Key="qa/my.tar.gz",
        Body=b"one",
        Metadata={"version": "1", "commit": "4f2a91c"},
        ContentType="application/x-tar",
        CacheControl="max-age=60",
        ContentDisposition="attachment",
        Tagging="team=web",
    )
    pipeline.promote("my.tar.gz", "staging")
    found = bucket.Object("staging/my.tar.gz")
    assert found.content_type == "application/x-tar"
    assert found.cache_control == "max-age=60"
    assert found.content_disposition == "attachment"
    assert found.metadata["commit"] == "4f2a91c"
    tags = bucket.meta.client.get_object_tagging(Bucket=bucket.name, Key=found.key)
    assert tags["TagSet"] == [{"Key": "team", "Value": "web"}]


def test_bytes_that_are_not_those_recorded_are_not_promoted(bucket, pipeline, upload, held):
    upload(b"one", "1")
    metadata = bucket.Object("qa/my.tar.gz").metadata
    bucket.put_object(Key="qa/my.tar.gz", Body=b"0ne", Metadata=metadata)
    with pytest.raises(ContentMismatchError):
        pipeline.promote("my.tar.gz", "staging")
    assert "staging/my.tar.gz" not in held()

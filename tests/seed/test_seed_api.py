"""What the first seed's document says of buckets, versions and their bytes."""

import hashlib
import warnings
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from versioned.api import S3_PREFIX, exc
from versioned.errors import ContentMismatchError
from versioned.s3_only_backend import Artifact, Repository, VersionInUseWarning

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

FOLDER = f"{S3_PREFIX}/app/versions"


def sha(data):
    return hashlib.sha256(data).hexdigest()


def numbers(artifacts):
    return [artifact.version for artifact in artifacts]


def same(found, wanted):
    """Whether they are equal; what was just written may be a moment younger than S3 tells."""
    times = [abs(a.update_datetime - b.update_datetime) for a, b in zip(found, wanted, strict=True)]
    return max(times) < timedelta(minutes=1) and [a.s3uri + a.sha256 for a in found] == [
        b.s3uri + b.sha256 for b in wanted
    ]


class TestBootstrap:
    def test_it_creates_the_bucket_and_may_be_repeated(self, bsm, raw):
        for _ in range(2):
            Repository("us-east-1", "bucket").bootstrap(bsm)
        assert [bucket["Name"] for bucket in raw.list_buckets()["Buckets"]] == ["bucket"]

    @pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
    def test_the_bucket_lies_in_the_repositorys_region(self, bsm, raw, region):
        Repository(region, "elsewhere").bootstrap(bsm)
        found = raw.get_bucket_location(Bucket="elsewhere")["LocationConstraint"]
        assert (found or "us-east-1") == region

    @pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
    @pytest.mark.parametrize(
        ("operation", "status", "code"),
        [
            ("HeadBucket", 403, "403"),
            ("CreateBucket", 403, "AccessDenied"),
            ("CreateBucket", 409, "BucketAlreadyExists"),
        ],
    )
    def test_what_aws_refuses_is_botocores_error(
        self, bsm, on_call, region, operation, status, code
    ):
        answer = {
            "Error": {"Code": code, "Message": "no"},
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
        }
        on_call(
            lambda **_: (SimpleNamespace(status_code=status), answer),
            event=f"before-call.s3.{operation}",
        )
        with pytest.raises(ClientError) as caught:
            Repository(region, "taken").bootstrap(bsm)
        assert caught.value.response["Error"]["Code"] == code

    def test_what_no_bucket_can_be_called_is_a_value_error(self, bsm):
        with pytest.raises(ValueError, match="not the name of a bucket"):
            Repository("us-east-1", "Not a bucket!").bootstrap(bsm)


class TestVersions:
    def test_put_stores_latest_and_describes_it(self, repo, bsm, raw):
        artifact = repo.put_artifact(bsm, "app", b"one")
        assert same([artifact], [repo.get_artifact_version(bsm, "app")])
        assert artifact.to_dict() == {
            "name": "app",
            "version": "LATEST",
            "update_at": artifact.update_at,
            "s3uri": f"s3://{repo.s3_bucket}/{FOLDER}/000000_LATEST.bin",
            "sha256": sha(b"one"),
        }
        assert datetime.now(UTC) - artifact.update_datetime < timedelta(minutes=1)
        assert artifact.update_at == artifact.update_datetime.isoformat(timespec="seconds")
        assert artifact.s3path.uri == artifact.s3uri
        stored = raw.head_object(Bucket=repo.s3_bucket, Key=artifact.s3path.key)["Metadata"]
        assert stored["artifact_name"] == "app"
        assert stored["artifact_sha256"] == sha(b"one")

    def test_type_metadata_and_tags_are_stored_and_published(self, repo, bsm, raw):
        repo.put_artifact(
            bsm,
            name="app",
            content=b"one",
            content_type="application/zip",
            metadata={"build_id": "12345"},
            tags={"team": "backend"},
        )
        key = repo.publish_artifact_version(bsm, "app").s3path.key
        stored = raw.head_object(Bucket=repo.s3_bucket, Key=key)
        assert (stored["ContentType"], stored["Metadata"]["build_id"]) == (
            "application/zip",
            "12345",
        )
        tags = raw.get_object_tagging(Bucket=repo.s3_bucket, Key=key)["TagSet"]
        assert tags == [{"Key": "team", "Value": "backend"}]

    def test_unset_options_may_be_none_or_func_args_opt(self, repo, bsm, raw):
        from func_args.api import OPT  # noqa: PLC0415 - what the documents show as the default

        for name, unset in (("a", None), ("b", OPT)):
            artifact = repo.put_artifact(bsm, name, b"one", unset, unset, unset)
            stored = raw.head_object(Bucket=repo.s3_bucket, Key=artifact.s3path.key)["Metadata"]
            assert {"artifact_name", "artifact_sha256"} <= set(stored)

    def test_the_same_content_is_not_uploaded_again(self, repo, bsm, sent):
        first = repo.put_artifact(bsm, "app", b"one")
        sent.clear()
        assert same([repo.put_artifact(bsm, "app", b"one")], [first])
        assert sent == ["HeadObject"]

    def test_numbers_count_up_from_zero(self, repo, bsm):
        repo.put_artifact(bsm, "app", b"one")
        assert repo.get_latest_published_artifact_version_number(bsm, "app") == 0
        assert repo.publish_artifact_version(bsm, "app").version == "1"
        repo.put_artifact(bsm, "app", b"two")
        assert repo.publish_artifact_version(bsm, "app").version == "2"
        assert repo.get_latest_published_version(bsm, name="app") == 2

    def test_publishing_unchanged_content_returns_the_version_there_is(self, repo, bsm):
        repo.put_artifact(bsm, "app", b"one")
        first = repo.publish_artifact_version(bsm, "app")
        assert same([repo.publish_artifact_version(bsm, "app")], [first])

    def test_publishing_without_latest_is_not_found(self, repo, bsm):
        with pytest.raises(exc.ArtifactNotFoundError):
            repo.publish_artifact_version(bsm, "app")

    def test_versions_are_listed_with_latest_first_then_the_newest(self, repo, bsm, publish):
        published = publish("app", b"one", b"two", b"three")
        listed = repo.list_artifact_versions(bsm, "app")
        assert numbers(listed) == ["LATEST", "3", "2", "1"]
        assert same(listed[1:], published[::-1])

    def test_listing_an_artifact_that_does_not_exist_is_not_found(self, repo, bsm):
        with pytest.raises(exc.ArtifactNotFoundError):
            repo.list_artifact_versions(bsm, "app")

    @pytest.mark.parametrize("version", [None, "LATEST", 2, "2"])
    def test_a_version_that_does_not_exist_is_not_found(self, repo, bsm, publish, version):
        publish("other", b"one")
        with pytest.raises(exc.ArtifactNotFoundError):
            repo.get_artifact_version(bsm, "app", version)

    @pytest.mark.parametrize("version", [1, "1", "000001"])
    def test_a_version_may_be_a_number_or_its_text(self, repo, bsm, publish, version):
        assert same(publish("app", b"one"), [repo.get_artifact_version(bsm, "app", version)])

    def test_names_are_listed_sorted(self, repo, bsm):
        assert repo.list_artifact_names(bsm) == []
        for name in ("worker", "api", "front-end"):
            repo.put_artifact(bsm, name, b"one")
        assert repo.list_artifact_names(bsm) == ["api", "front-end", "worker"]

    def test_a_deleted_version_is_gone_and_its_number_stays_taken(self, repo, bsm, publish):
        publish("app", b"one", b"two")
        repo.delete_artifact_version(bsm, "app", version=2)
        assert numbers(repo.list_artifact_versions(bsm, "app")) == ["LATEST", "1"]
        assert repo.publish_artifact_version(bsm, "app").version == "3"

    def test_deleting_twice_or_what_never_was_is_no_error(self, repo, bsm, publish):
        publish("app", b"one")
        for version in (1, "1", 7):
            repo.delete_artifact_version(bsm, "app", version)

    @pytest.mark.parametrize("version", ["LATEST", None])
    def test_latest_alone_is_not_deleted(self, repo, bsm, publish, version):
        publish("app", b"one")
        with pytest.raises(exc.ArtifactS3BackendError):
            repo.delete_artifact_version(bsm, "app", version)

    def test_an_aliased_version_is_deleted_with_a_warning(self, repo, bsm, publish):
        publish("app", b"one", b"two")
        repo.put_alias(bsm, "app", "prod", 2, 1, 10)
        with pytest.warns(VersionInUseWarning, match="used by prod") as caught:
            repo.delete_artifact_version(bsm, "app", 1)
        assert caught[0].filename == __file__
        assert numbers(repo.list_artifact_versions(bsm, "app")) == ["LATEST", "2"]

    def test_whoever_makes_an_error_of_the_warning_keeps_the_version(self, repo, bsm, publish):
        publish("app", b"one")
        repo.put_alias(bsm, "app", "prod", 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error", VersionInUseWarning)
            with pytest.raises(VersionInUseWarning):
                repo.delete_artifact_version(bsm, "app", 1)
        assert repo.get_alias(bsm, "app", "prod").get_version_content(bsm) == b"one"


class TestContent:
    def test_the_bytes_come_back(self, repo, bsm, publish):
        (version,) = publish("app", b"one")
        assert version.get_content(bsm) == b"one"
        assert repo.get_artifact_version(bsm, "app").get_content(bsm=bsm) == b"one"

    def test_an_object_that_is_gone_is_botocores_error(self, repo, bsm, publish):
        (version,) = publish("app", b"one")
        repo.purge_artifact(bsm, "app")
        with pytest.raises(ClientError) as caught:
            version.get_content(bsm)
        assert caught.value.response["Error"]["Code"] == "NoSuchKey"

    def test_a_bucket_that_is_gone_is_botocores_error(self, bsm):
        artifact = Artifact("app", "1", "2024-01-01T12:00:00Z", "s3://gone/app", "")
        with pytest.raises(ClientError):
            artifact.get_content(bsm)

    @pytest.mark.parametrize("claimed", [b"one", b"other"])
    def test_other_bytes_than_published_are_never_returned(self, repo, bsm, publish, raw, claimed):
        """Neither damaged ones, nor those of an object that was replaced whole."""
        (version,) = publish("app", b"one")
        metadata = {"artifact_name": "app", "artifact_sha256": sha(claimed)}
        raw.put_object(
            Bucket=repo.s3_bucket, Key=version.s3path.key, Body=b"other", Metadata=metadata
        )
        with pytest.raises(ContentMismatchError):
            version.get_content(bsm)

    def test_latest_may_have_moved_on(self, repo, bsm):
        before = repo.put_artifact(bsm, "app", b"one")
        repo.put_artifact(bsm, "app", b"two")
        assert before.get_content(bsm) == b"two"

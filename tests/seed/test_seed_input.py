"""Bad input: refused with the error that the document names, before anything is sent."""

import json

import pytest

from versioned.api import exc, s3_only_backend
from versioned.s3_only_backend import Repository

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

NO_NAMES = ["", ".", "..", "a/b", "/", "a\\b", "a\nb", "a\0b", "\x7f", "x" * 256, "é" * 128]
NO_ALIASES = ["", "LATEST", "prod-v1", "1_prod", "_prod", ".", "..", "a/b", "a\\b", "a\x1fb"]
NO_ALIASES += ["x" * 256]
NO_VERSIONS = [0, -1, 1_000_000, "abc", "", "0", "-1", "1.0", " 1", "latest", 1.0, True, b"1"]

BY_NAME = {
    "get_latest_published_artifact_version_number": (),
    "put_artifact": (b"one",),
    "get_artifact_version": (),
    "list_artifact_versions": (),
    "publish_artifact_version": (),
    "delete_artifact_version": (1,),
    "put_alias": ("prod",),
    "get_alias": ("prod",),
    "list_aliases": (),
    "delete_alias": ("prod",),
    "purge_artifact_versions": (),
    "purge_artifact": (),
}


@pytest.mark.parametrize("name", [*NO_NAMES, None, 7], ids=ascii)
def test_no_operation_takes_such_an_artifact_name(repo, bsm, sent, name):
    for method, rest in BY_NAME.items():
        with pytest.raises(ValueError, match="artifact name"):
            getattr(repo, method)(bsm, name, *rest)
    assert sent == []


def test_purging_an_empty_name_never_means_everything(repo, bsm, publish, sent):
    publish("app", b"one")
    sent.clear()
    with pytest.raises(ValueError, match="whole folder"):
        repo.purge_artifact(bsm, "")
    assert sent == []
    assert repo.list_artifact_names(bsm) == ["app"]


@pytest.mark.parametrize("alias", NO_ALIASES, ids=ascii)
def test_no_operation_takes_such_an_alias(repo, bsm, sent, alias):
    with pytest.raises(ValueError, match="alias"):
        s3_only_backend.validate_alias_name(alias)
    for method in (repo.put_alias, repo.get_alias, repo.delete_alias):
        with pytest.raises(ValueError, match="alias"):
            method(bsm, "app", alias)
    assert sent == []


@pytest.mark.parametrize("version", NO_VERSIONS, ids=ascii)
def test_no_operation_takes_such_a_version(repo, bsm, sent, version):
    with pytest.raises(ValueError, match="not a version"):
        s3_only_backend.encode_filename(version)
    for call in (
        lambda: repo.get_artifact_version(bsm, "app", version),
        lambda: repo.delete_artifact_version(bsm, "app", version),
        lambda: repo.put_alias(bsm, "app", "prod", version),
        lambda: repo.put_alias(bsm, "app", "prod", 1, version, 10),
    ):
        with pytest.raises(ValueError, match="not a version"):
            call()
    assert sent == []


@pytest.mark.parametrize(
    "filename", ["", "LATEST", "000000_latest", "999999_000002", "1_1", "1000000_000000"]
)
def test_a_foreign_filename_is_not_decoded(filename):
    with pytest.raises(ValueError, match="not the file name"):
        s3_only_backend.decode_filename(filename)


@pytest.mark.parametrize("weight", [0.5, 10.0, True, None, "10"], ids=ascii)
def test_a_weight_that_is_no_int_is_a_type_error(repo, bsm, sent, weight):
    with pytest.raises(TypeError):
        repo.put_alias(bsm, "app", "prod", 1, 2, weight)
    assert sent == []


@pytest.mark.parametrize("weight", [100, -1, 101])
def test_a_weight_that_is_not_from_0_to_99_is_a_value_error(repo, bsm, sent, weight):
    with pytest.raises(ValueError, match="not from 0 to 99"):
        repo.put_alias(bsm, "app", "prod", 1, 2, weight)
    assert sent == []


def test_a_split_needs_two_different_versions(repo, bsm, sent):
    with pytest.raises(ValueError, match="both 1"):
        repo.put_alias(bsm, "app", "prod", 1, "1", 10)
    with pytest.raises(ValueError, match="without a secondary"):
        repo.put_alias(bsm, "app", "prod", 1, secondary_version_weight=10)
    assert sent == []


@pytest.mark.parametrize("suffix", ["/", ".tar/gz", "\\", "\n", "x" * 65, None], ids=ascii)
def test_a_suffix_can_not_leave_the_folder(suffix):
    with pytest.raises(ValueError, match="suffix"):
        Repository("us-east-1", "bucket", suffix=suffix)


@pytest.mark.parametrize("content", ["text", None, 7, ["bytes"]], ids=ascii)
def test_content_is_bytes(repo, bsm, sent, content):
    """A str above all: the core takes one for a path."""
    with pytest.raises(TypeError):
        repo.put_artifact(bsm, "app", content)
    assert sent == []


@pytest.mark.parametrize("keyword", ["keep_last_n", "purge_older_than_secs"])
def test_retention_takes_no_negative_numbers(repo, bsm, sent, keyword):
    with pytest.raises(ValueError, match=keyword):
        repo.purge_artifact_versions(bsm, "app", **{keyword: -1})
    assert sent == []


@pytest.mark.parametrize("key", ["artifact_sha256", "Artifact-Name"])
def test_metadata_can_not_overwrite_the_formats_own(repo, bsm, sent, key):
    with pytest.raises(ValueError, match="belongs to the format"):
        repo.put_artifact(bsm, "app", b"one", metadata={key: "x"})
    assert sent == []


class TestForeignObjects:
    @pytest.fixture
    def place(self, repo, raw, publish):
        publish("app", b"one")

        def place(key, body=b"", **more):
            raw.put_object(
                Bucket=repo.s3_bucket, Key=f"versioned-artifacts/app/{key}", Body=body, **more
            )

        return place

    def test_a_foreign_object_among_the_versions_is_told_of(self, repo, bsm, place):
        place("versions/README.md")
        with pytest.raises(exc.ArtifactS3BackendError, match=r"README\.md"):
            repo.list_artifact_versions(bsm, "app")
        with pytest.raises(exc.ArtifactS3BackendError, match=r"README\.md"):
            repo.purge_artifact_versions(bsm, "app", 0, 0)

    def test_versions_of_another_suffix_are_told_of(self, repo, bsm, publish):
        publish("app", b"one")
        other = Repository("us-east-1", repo.s3_bucket, suffix=".zip")
        with pytest.raises(exc.ArtifactS3BackendError, match="suffix"):
            other.list_artifact_versions(bsm, "app")

    def test_a_folder_drawn_by_a_console_is_no_version(self, repo, bsm, place):
        place("versions/")
        place("aliases/")
        assert len(repo.list_artifact_versions(bsm, "app")) == 2
        assert repo.list_aliases(bsm, "app") == []

    def test_a_version_without_its_sha256_is_told_of(self, repo, bsm, place):
        place("versions/999998_000002.bin", b"foreign")
        with pytest.raises(exc.ArtifactS3BackendError, match="artifact_sha256"):
            repo.get_artifact_version(bsm, "app", 2)

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"\xff", b"{}", b'{"version": 1}', b'{"version": "one"}'],
        ids=ascii,
    )
    def test_a_damaged_alias_is_told_of(self, repo, bsm, place, body):
        place("aliases/prod.json", body)
        with pytest.raises(exc.ArtifactS3BackendError, match=r"prod\.json"):
            repo.get_alias(bsm, "app", "prod")
        with pytest.raises(exc.ArtifactS3BackendError, match=r"prod\.json"):
            repo.list_aliases(bsm, "app")

    @pytest.mark.parametrize("field", ["version", "version_s3uri"])
    def test_an_alias_without_a_field_is_told_of(self, repo, bsm, place, field):
        alias = repo.put_alias(bsm, "app", "prod", 1).to_dict()
        del alias[field]
        place("aliases/prod.json", json.dumps(alias).encode())
        with pytest.raises(exc.ArtifactS3BackendError, match=field):
            repo.get_alias(bsm, "app", "prod")

    def test_nothing_is_deleted_while_an_alias_can_not_be_read(self, repo, bsm, place):
        place("aliases/prod.json", b"{")
        with pytest.raises(exc.ArtifactS3BackendError):
            repo.delete_artifact_version(bsm, "app", 1)
        assert repo.get_artifact_version(bsm, "app", 1).get_content(bsm) == b"one"

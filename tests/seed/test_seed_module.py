"""What the first seed's document says of names, arguments and defaults."""

import dataclasses
import inspect

import pytest

from versioned.api import (
    LATEST_VERSION,
    METADATA_KEY_ARTIFACT_SHA256,
    S3_PREFIX,
    VERSION_ZFILL,
    s3_only_backend,
)
from versioned.s3_only_backend import Repository


def test_the_constants_are_those_of_the_document():
    assert (S3_PREFIX, LATEST_VERSION) == ("versioned-artifacts", "LATEST")
    assert (VERSION_ZFILL, METADATA_KEY_ARTIFACT_SHA256) == (6, "artifact_sha256")


@pytest.mark.parametrize(
    ("version", "filename"),
    [
        ("LATEST", "000000_LATEST"),
        (1, "999999_000001"),
        (2, "999998_000002"),
        (999999, "000001_999999"),
    ],
)
def test_a_version_is_encoded_and_decoded(version, filename):
    assert s3_only_backend.encode_filename(version) == filename
    assert s3_only_backend.decode_filename(filename) == str(version)


def test_none_is_encoded_as_latest():
    assert s3_only_backend.encode_filename(None) == "000000_LATEST"


@pytest.mark.parametrize("alias", ["prod", "staging", "v1_0"])
def test_these_alias_names_are_valid(alias):
    assert s3_only_backend.validate_alias_name(alias) is None


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("bootstrap", "bsm"),
        ("get_latest_published_artifact_version_number", "bsm name"),
        ("put_artifact", "bsm name content content_type metadata tags"),
        ("get_artifact_version", "bsm name version"),
        ("list_artifact_versions", "bsm name"),
        ("publish_artifact_version", "bsm name"),
        ("delete_artifact_version", "bsm name version"),
        ("list_artifact_names", "bsm"),
        (
            "put_alias",
            "bsm name alias version secondary_version secondary_version_weight",
        ),
        ("get_alias", "bsm name alias"),
        ("list_aliases", "bsm name"),
        ("delete_alias", "bsm name alias"),
        ("purge_artifact_versions", "bsm name keep_last_n purge_older_than_secs"),
        ("purge_artifact", "bsm name"),
        ("purge_all", "bsm"),
    ],
)
def test_arguments_have_the_documents_order(method, parameters):
    found = inspect.signature(getattr(Repository, method)).parameters.values()
    positional = [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == ["self", *parameters.split()]


def test_retention_defaults_to_ten_versions_and_ninety_days():
    found = inspect.signature(Repository.purge_artifact_versions).parameters
    assert (found["keep_last_n"].default, found["purge_older_than_secs"].default) == (
        10,
        7776000,
    )


def test_a_repository_is_a_dataclass_with_defaults():
    repository = Repository("eu-west-1", "bucket")
    assert dataclasses.asdict(repository) == {
        "aws_region": "eu-west-1",
        "s3_bucket": "bucket",
        "s3_prefix": "versioned-artifacts",
        "suffix": "",
    }
    assert repository.s3dir_artifact_store.uri == "s3://bucket/versioned-artifacts/"

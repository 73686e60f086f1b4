"""What can't be meant is one clear error, before any request."""

import pytest

from faults import Wire
from s3pipeline.errors import InvalidRanksError, NotConfiguredError, UnknownRankError
from s3pipeline.pipeline import S3Pipeline
from s3pipeline.settings import bucket_from, ranks_from
from versioned.errors import InvalidInputError, InvalidLocationError, InvalidNameError

pytestmark = pytest.mark.only_stores("moto", "ceph")


@pytest.fixture
def nowhere(store_kind, resource_of):
    """A bucket that is not there: nobody asks it for anything."""
    return resource_of(store_kind).Bucket("never-asked")


@pytest.fixture
def unasked(nowhere):
    """A pipeline whose every request would fail."""
    with Wire(nowhere.meta.client) as wire:
        yield S3Pipeline(nowhere, "qa, staging, production")
    assert wire.count() == 0


@pytest.mark.parametrize(
    ("ranks", "problem"),
    [
        ("", "the pipeline has no ranks"),
        ("  ", "the pipeline has no ranks"),
        ([], "the pipeline has no ranks"),
        ("qa,,production", "it is empty"),
        ("qa,", "it is empty"),
        ("qa, staging, qa", "it is there twice"),
        ("qa, archive", "that is where replaced releases go"),
        (["Archive"], "that is where replaced releases go"),
        (["q/a"], "it has a slash"),
        (["q\\a"], "it has a slash"),
        (["."], "it means a directory"),
        ([".."], "it means a directory"),
        (["q\na"], "it has control characters"),
        (["qa "], "it has a space at its end"),
        (["q,a"], "it has a comma"),
        (["q" * 256], "it is longer"),
        ([1], "it is no text"),
        ({"qa", "staging"}, "has no order"),
        (7, "has no order"),
    ],
)
def test_ranks_that_can_not_be(nowhere, ranks, problem):
    with pytest.raises(InvalidRanksError, match=problem):
        S3Pipeline(nowhere, ranks)


@pytest.mark.parametrize(
    "ranks", ["qa, staging", "qa,staging", ["qa", "staging"], ("qa", "staging")]
)
def test_ranks_are_a_list_or_a_string(nowhere, ranks):
    assert S3Pipeline(nowhere, ranks).ranks == ("qa", "staging")


@pytest.mark.parametrize("rank", ["prod", "QA", "", "archive", "qa/", "../qa"])
def test_an_unknown_rank_is_an_error_that_names_the_others(unasked, write, rank):
    with pytest.raises(UnknownRankError, match="the ranks are qa, staging, production"):
        unasked.promote(write("my.tar.gz"), rank)
    for call in (unasked.release, unasked.archive, unasked.download):
        with pytest.raises(UnknownRankError):
            call("my.tar.gz", rank)
    with pytest.raises(UnknownRankError):
        next(unasked.releases(rank))


VERSIONS = {
    "empty": "",
    "dot": ".",
    "dots": "..",
    "slash": "release/1",
    "backslash": "a\\b",
    "newline": "1\n2",
    "nul": "1\x002",
    "space at its end": "1 ",
    "not ascii": "vé",
    "too long": "x" * 256,
    "surrogate": "\udcff",
}


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
@pytest.mark.parametrize("rank", ["qa", "staging"])
def test_a_version_that_can_not_be(unasked, write, rank, version):
    with pytest.raises(InvalidInputError, match="can't be a version"):
        unasked.promote(write("my.tar.gz"), rank, version)


@pytest.mark.parametrize(
    "version", ["x" * 255, "1.0+build", "2026-03-01T12:00:00Z", "a b", "~", '"']
)
def test_versions_that_can(pipeline, upload, version):
    upload(b"one", version)
    upload(b"two", "next")
    assert pipeline.archived_release("my.tar.gz", version).version == version


@pytest.mark.parametrize(
    "filepath",
    ["", ".", "..", "a/..", "dir/", "/", "a\nb.zip", "a\\b.zip", "x" * 256, "\udcff.zip"],
)
@pytest.mark.parametrize("rank", ["qa", "staging"])
def test_a_path_that_names_no_file(unasked, rank, filepath):
    with pytest.raises(InvalidNameError, match="can't name a release"):
        unasked.promote(filepath, rank)
    with pytest.raises(InvalidNameError):
        unasked.release(filepath, rank)


@pytest.mark.parametrize(
    "name", ["ä ö.zip", "100%.zip", 'quo"te.zip', "a+b&c?d#e.zip", "x" * 251 + ".zip"]
)
def test_names_of_all_kinds_are_promoted(pipeline, upload, held, name):
    upload(b"one", "1", name=name)
    pipeline.promote(name, "staging")
    upload(b"two", "2", name=name)
    assert held() == {
        f"qa/{name}": (b"two", "2"),
        f"staging/{name}": (b"one", "1"),
        f"archive/1/{name}": (b"one", "1"),
    }
    assert pipeline.download(name, "staging", ".").path.read_bytes() == b"one"


@pytest.mark.parametrize("value", [7, b"my.tar.gz", None])
def test_a_file_that_is_no_text(unasked, value):
    with pytest.raises(InvalidInputError, match="can't be a"):
        unasked.promote(value, "qa")


def test_a_bucket_that_can_not_be():
    with pytest.raises(InvalidLocationError):
        S3Pipeline("no bucket", "qa")


@pytest.mark.parametrize("endpoint", ["nonsense", "http://ann:secret@[bad"])
def test_an_endpoint_that_can_not_be_is_not_repeated(endpoint):
    with pytest.raises(InvalidLocationError) as caught:
        S3Pipeline("my-bucket", "qa", endpoint_url=endpoint)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("environ", [{}, {"AWS_S3_BUCKET": " ", "AWS_S3_RANKS": ""}])
def test_what_is_configured_nowhere_is_an_error(environ):
    with pytest.raises(NotConfiguredError, match="AWS_S3_BUCKET is not set"):
        bucket_from(environ)
    with pytest.raises(NotConfiguredError, match="AWS_S3_RANKS is not set"):
        ranks_from(environ)


def test_the_environment_configures_what_arguments_do_not(monkeypatch):
    monkeypatch.setenv("AWS_S3_BUCKET", "from-the-environment")
    monkeypatch.setenv("AWS_S3_RANKS", "one, two")
    found = S3Pipeline()
    assert (found.name, found.ranks) == ("from-the-environment", ("one", "two"))
    assert S3Pipeline("given", ["three"]).name == "given"

"""Repository URLs and refs: pure functions."""

from pathlib import Path

import pytest

from versioned.errors import InvalidInputError, InvalidLocationError, InvalidReferenceError
from versioned.location import Location
from versioned.references import Reference


@pytest.mark.parametrize(
    ("url", "path", "suffix"),
    [
        ("./dir", "dir", ""),
        ("dir?suffix=.zip", "dir", ".zip"),
        ("/abs/dir", "/abs/dir", ""),
        ("file:///abs/my%20dir?suffix=.bin", "/abs/my dir", ".bin"),
    ],
)
def test_a_directory_is_a_repository(url, path, suffix):
    location = Location.parse(url)
    assert (location.path, location.suffix) == (Path(path), suffix)


def test_a_bucket_with_a_prefix_and_options_is_a_repository():
    location = Location.parse("s3://bucket/a/b/?region=eu-west-1&suffix=.zip")
    assert (location.bucket, location.prefix, location.suffix) == ("bucket", "a/b", ".zip")
    assert location.options == {"region": "eu-west-1"}


def test_a_bucket_alone_means_the_prefix_of_the_other_package():
    assert Location.parse("s3://bucket").prefix == "versioned-artifacts"


@pytest.mark.parametrize(
    "url",
    [
        *("", "http://x/y", "s3://", "s3:///x", "file://host/x", "s3://key:secret@bucket/x"),
        *(
            "a\0b",
            "s3://b/p?colour=red",
            "s3://b/p?region=a&region=b",
            "./d?region=x",
            "s3://b/p#x",
        ),
    ],
)
def test_what_is_no_repository_is_refused(url):
    with pytest.raises(InvalidLocationError):
        Location.parse(url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("app", Reference("app")),
        ("app@12", Reference("app", version="12")),
        ("app@LATEST", Reference("app", version="LATEST")),
        ("app@prod", Reference("app", alias="prod")),
    ],
)
def test_a_ref_names_a_version_or_an_alias(text, expected):
    assert Reference.parse(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text", ["", "@", "app@", "@prod", "app@a@b", "app@0", "app@1000000", "a/b@1", "app@pr-od"]
)
def test_what_is_no_ref_is_refused(text):
    with pytest.raises((InvalidInputError, InvalidReferenceError)):
        Reference.parse(text)

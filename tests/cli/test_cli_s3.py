import pytest
from moto import mock_aws


@pytest.fixture
def bucket(run, home, monkeypatch):
    """`run` in a repository in a bucket, and no credentials of anybody."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        assert run("init 's3://releases/team?region=eu-west-1'").code == 0
        yield run


def test_the_story_in_a_bucket(bucket, home):
    bucket("put app - --publish", stdin="one\n")
    bucket("alias put app@prod 1").said("app@prod is now 1\n")
    bucket("get app@prod").said("app: app@1, 4 B, sha256 2c8b08da5ce6, downloaded\n")
    (home / "app").unlink()
    bucket("get app@prod").said("app: app@1, 4 B, sha256 2c8b08da5ce6, from the cache\n")
    (home / "app").unlink()
    bucket("get app@prod --no-cache").said("app: app@1, 4 B, sha256 2c8b08da5ce6, downloaded\n")
    bucket("ls").said("NAME  NEWEST  ALIASES\napp        1  prod=1\n")


def test_a_bucket_that_is_not_there(bucket):
    ran = bucket("--repo 's3://another-bucket/x?region=eu-west-1' ls")
    assert ran.code == 3
    assert ran.stderr.startswith("error: ")

"""The policies of docs/iam allow what their roles do, and nothing that they do not.

Each role does its work against the mock of S3; every request is translated to the IAM actions
that AWS documents for it, and the policy is asked.
"""

import pytest
from examples import BUCKET, remove_bucket
from policies import allows, grants, matches, policy, watch

from versioned import Repository, Rollouts, publishing
from versioned.errors import AliasNotFoundError
from versioned.stores import s3, s3_multipart, s3_resume
from versioned.stores.s3 import S3Store

pytestmark = pytest.mark.xdist_group("policies")

ROLES = ("reader", "publisher", "releaser", "janitor", "admin")


class Interruption(BaseException):
    """Somebody pressed Ctrl-C."""


@pytest.fixture(scope="module")
def requests():
    """The pairs that were asked for so far."""
    return []


@pytest.fixture(scope="module")
def repository(make_client, requests):
    client = make_client("moto")
    watch(client, requests)
    store = S3Store(client, BUCKET, "releases", settle=0)
    yield Repository(store)
    store.close()
    remove_bucket(client)


@pytest.fixture(scope="module")
def needs(repository, requests):
    """What each role asks for when it does all of its work."""
    with pytest.MonkeyPatch.context() as patch:
        found = {}
        for role, work in WORK.items():
            start = len(requests)
            work(repository, patch)
            found[role] = set(requests[start:])
    found["admin"] = set(requests)
    return {role: pairs | found["reader"] for role, pairs in found.items()}


def admin(repository, _patch):
    repository.bootstrap()
    repository.put_artifact("other", b"x", tags={"team": "web"})
    repository.publish_artifact_version("other")
    repository.put_alias("other", "prod", 1)
    repository.purge_artifact("other")
    repository.doctor(mend=True, older_than=0, uploads_older_than=0)


def publisher(repository, patch):
    for number in (1, 2, 3):
        repository.put_artifact("app", b"small %d" % number, tags={"team": "web"})
        repository.publish_artifact_version("app")
    uploads(repository, patch)
    with patch.context() as large:
        large.setattr(publishing, "SMALL", 1)
        repository.put_artifact("app", b"large", tags={"team": "web"})
        repository.publish_artifact_version("app")
    same_bytes_with_another_etag(repository)
    repository.publish_artifact_version("app")
    repository.list_artifact_versions("app")


def uploads(repository, patch):
    """Interrupted, and continued; begun, and given up; and a copy in parts, likewise."""
    patch.setattr(s3, "SINGLE_PUT_LIMIT", s3_multipart.SMALLEST_PART)
    large = b"\x00" * (s3_multipart.SMALLEST_PART + 1)

    def interrupt(_done, _total):
        raise Interruption

    with pytest.raises(Interruption):
        repository.put_artifact("big", large, progress=interrupt)
    repository.put_artifact("big", large)
    repository.publish_artifact_version("big")
    with patch.context() as broken:
        broken.setattr(s3_resume.UploadNote, "save", full_disk)
        with pytest.raises(OSError, match="disk full"):
            repository.put_artifact("big", large + b"\x00")
    with patch.context() as parts:
        parts.setattr(s3_multipart, "COPY_LIMIT", 1)
        parts.setattr(publishing, "SMALL", 1)
        repository.put_artifact("parts", b"large", tags={"team": "web"})
        with parts.context() as broken:
            broken.setattr(s3_multipart.Upload, "copy", full_disk)
            with pytest.raises(OSError, match="disk full"):
                repository.publish_artifact_version("parts")
        repository.publish_artifact_version("parts")


def full_disk(*_):
    raise OSError("disk full")


def same_bytes_with_another_etag(repository):
    """LATEST as after a multipart upload: publishing claims a number and gives it back."""
    room = repository.context.store._room
    newest = repository.list_artifact_versions("app")[1]
    where = {"Bucket": BUCKET, "Key": room.key("app/versions/000000_LATEST")}
    metadata = {"artifact_name": "app", "artifact_sha256": newest.sha256}
    upload = room.client.create_multipart_upload(**where, Metadata=metadata)
    where["UploadId"] = upload["UploadId"]
    body = repository.get_content("app", newest.version)
    part = room.client.upload_part(**where, PartNumber=1, Body=body)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    room.client.complete_multipart_upload(**where, MultipartUpload=parts)


def releaser(repository, _patch):
    repository.put_alias("app", "prod", 1)
    repository.put_alias("app", "prod", 1, 2, 10)
    repository.rollback("app", "prod")
    repository.put_alias("app", "old", 2)
    repository.delete_alias("app", "old")
    repository.history("app", "old")
    for version in (2, 1):
        Rollouts(repository).start("app", "prod", version, strategy="canary:10%:0s")
        Rollouts(repository).tick("app", "prod")


def reader(repository, _patch):
    repository.list_artifact_names()
    repository.list_artifact_versions("app")
    repository.list_aliases("app")
    repository.get_version_details("app", 1)
    repository.resolve("app@prod")
    repository.get_content("app", 1)
    repository.history("app", "prod")
    repository.verify("app")
    with pytest.raises(AliasNotFoundError):
        repository.get_alias("app", "nobody")


def janitor(repository, _patch):
    repository.list_artifact_versions("app")
    repository.purge_artifact_versions("app", 1, 0)
    repository.delete_artifact_version("app", 1, force=True)
    repository.list_artifact_versions("app")


WORK = {
    "admin": admin,
    "publisher": publisher,
    "releaser": releaser,
    "reader": reader,
    "janitor": janitor,
}


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_allows_all_that_its_role_does(role, needs):
    refused = {pair for pair in needs[role] if not allows(role, *pair)}
    assert refused == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_allows_nothing_that_its_role_never_does(role, needs):
    unused = {
        (action, pattern)
        for action, pattern in grants(role)
        if not any(action == a and matches(pattern, resource) for a, resource in needs[role])
    }
    assert unused == set()


KEYS = {
    "version": "app/versions/999999_000001",
    "latest": "app/versions/000000_LATEST",
    "alias": "app/aliases/prod.json",
    "history": "app/ledger/prod/99999999_00000001.json",
    "number": "app/numbers/999999_000001.json",
}
WRITERS = {
    ("PutObject", "version"): {"publisher", "admin"},
    ("PutObject", "latest"): {"publisher", "admin"},
    ("PutObject", "alias"): {"releaser", "admin"},
    ("PutObject", "history"): {"releaser", "admin"},
    ("DeleteObject", "version"): {"janitor", "admin"},
    ("DeleteObject", "alias"): {"releaser", "admin"},
    ("DeleteObject", "history"): {"admin"},
    ("DeleteObject", "number"): {"publisher", "admin"},
}


@pytest.mark.parametrize(("action", "thing"), WRITERS, ids=" of a ".join)
def test_only_these_roles_may_write(action, thing):
    resource = f"arn:aws:s3:::{BUCKET}/releases/{KEYS[thing]}"
    found = {role for role in ROLES if allows(role, f"s3:{action}", resource)}
    assert found == WRITERS[action, thing]


def test_no_policy_reaches_beyond_its_prefix():
    for role in ROLES:
        for _, pattern in grants(role):
            bucket = f"arn:aws:s3:::{BUCKET}"
            assert pattern == bucket or pattern.startswith(f"{bucket}/releases/")


def test_the_denial_is_of_all_published_numbers_and_not_of_latest():
    (statement,) = policy("deny-overwriting-versions")["Statement"]
    for number in (1, 9, 10, 99_999, 100_000, 999_999):
        name = f"{1_000_000 - number:06d}_{number:06d}.zip"
        resource = f"arn:aws:s3:::{BUCKET}/releases/app/versions/{name}"
        assert any(matches(pattern, resource) for pattern in statement["Resource"])
    latest = f"arn:aws:s3:::{BUCKET}/releases/app/versions/000000_LATEST.zip"
    assert not any(matches(pattern, latest) for pattern in statement["Resource"])

"""What only S3 has: requests and their headers, options, regions, permissions, buckets."""

import contextvars
import multiprocessing
import threading
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from faults import BUCKET, Wire, answer
from versioned.content import Content
from versioned.errors import (
    AccessDeniedError,
    InvalidInputError,
    InvalidLocationError,
    InvalidNameError,
    ObjectNotFoundError,
    PreconditionFailedError,
    RepositoryNotFoundError,
    StoreError,
    StoreUnavailableError,
    WrongRegionError,
)
from versioned.stores.base import SINGLE_PUT_LIMIT, Attributes, Capabilities
from versioned.stores.s3 import S3Store
from versioned.stores.s3_options import S3Options

MIB = 1024 * 1024
ACCOUNT = "123456789012"


def put(store, key, data, **options):
    with Content.open(data) as content:
        return store.put(key, content, **options)


def read(store, key, **options):
    with store.get(key, **options) as body:
        return b"".join(body)


# ---- requests


ONE_REQUEST = {
    "put": ("PutObject", lambda s: put(s, "new", b"x", attributes=Attributes(tags={"a": "1"}))),
    "create": ("PutObject", lambda s: put(s, "new", b"x", if_absent=True)),
    "set": ("PutObject", lambda s: put(s, "k", b"y", if_match=s.info.etag)),
    "put 9 MiB": ("PutObject", lambda s: put(s, "new", bytes(9 * MIB), resume_key="note")),
    "get": ("GetObject", lambda s: read(s, "k")),
    "get range": ("GetObject", lambda s: read(s, "k", start=1, length=2, if_match=s.info.etag)),
    "head": ("HeadObject", lambda s: s.head("k")),
    "tags": ("GetObjectTagging", lambda s: s.tags("k")),
    "copy": ("CopyObject", lambda s: s.copy(s.info, "new")),
    "copy if absent": ("CopyObject", lambda s: s.copy(s.info, "new", if_absent=True)),
    "delete": ("DeleteObject", lambda s: s.delete("k", if_match=s.info.etag)),
    "delete 1000": ("DeleteObjects", lambda s: s.delete_many(["k"] * 1000)),
    "list": ("ListObjectsV2", lambda s: s.list_objects("")),
    "folders": ("ListObjectsV2", lambda s: s.list_folders()),
    "create again": ("HeadBucket", lambda s: s.create()),
}


@pytest.mark.parametrize("name", ONE_REQUEST)
def test_an_operation_is_one_request(s3_store, wire, name):
    operation, call = ONE_REQUEST[name]
    s3_store.info = put(s3_store, "k", b"content")
    wire.reset()
    call(s3_store)
    assert wire.operations == {operation: 1}


def test_a_listing_is_one_request_for_each_thousand(s3_store, wire):
    s3_store.gather(*(lambda n=n: put(s3_store, f"{n:04d}", b"") for n in range(1001)))
    for limit, requests in ((None, 2), (1, 1), (1000, 1), (1001, 2), (0, 0)):
        wire.reset()
        s3_store.list_objects("", limit=limit)
        assert wire.count() == requests


def test_a_limited_listing_asks_for_no_more_than_that(s3_store, wire):
    s3_store.list_objects("", limit=3)
    assert "max-keys=3" in wire.sent[0].url


def test_a_put_announces_its_md5_and_no_checksum_of_boto3(s3_store, wire):
    put(s3_store, "k", b"content")
    headers = wire.sent[0].headers
    assert headers["content-md5"] == "mgNkuembtIDdJeHwKEyFVQ=="
    assert not [name for name in headers if "checksum" in name or name == "x-amz-trailer"]


def test_conditions_are_on_the_wire_and_etags_have_no_quotes(s3_store, wire):
    etag = put(s3_store, "k", b"content", if_absent=True).etag
    put(s3_store, "k", b"other", if_match=f'"{etag}"')
    assert wire.sent[0].headers["if-none-match"] == "*"
    assert wire.sent[1].headers["if-match"] == etag


def test_a_copy_is_pinned_to_its_source_and_keeps_its_metadata(s3_store, wire):
    source = put(s3_store, "a b+c/é", b"x")
    s3_store.copy(source, "target", if_absent=True)
    headers = wire.sent[-1].headers
    assert headers["x-amz-copy-source"].endswith("/a%20b%2Bc/%C3%A9")
    assert headers["x-amz-copy-source-if-match"] == f'"{source.etag}"'
    assert headers["x-amz-metadata-directive"] == "COPY"
    assert headers["if-none-match"] == "*"


def test_what_marks_a_write_is_not_handed_back(s3_store, wire):
    put(s3_store, "k", b"x", attributes=Attributes(metadata={"a": "1"}))
    assert wire.sent[0].headers["x-amz-meta-versioned-nonce"]
    assert dict(s3_store.head("k").metadata) == {"a": "1"}


@pytest.mark.parametrize("size", [1000, 9 * MIB, SINGLE_PUT_LIMIT + 1])
def test_a_client_with_the_defaults_of_boto3_will_do(make_client, s3_store, size):
    store = S3Store(make_client("moto", config=Config()), BUCKET, "defaults")
    put(store, "k", bytes(size))
    assert read(store, "k") == bytes(size)
    assert read(store, "k", start=size - 5) == bytes(5)
    store.delete_many(["k"])
    store.close()


@pytest.mark.only_stores("ceph")
def test_a_client_with_the_defaults_of_boto3_will_do_on_ceph(make_client, store):
    plain = S3Store(make_client("ceph", config=Config()), BUCKET, store.uri("").split("/", 3)[3])
    put(plain, "k", bytes(9 * MIB), if_absent=True)
    assert read(plain, "k") == bytes(9 * MIB)
    plain.close()


def test_a_store_without_a_prefix_is_the_whole_bucket(make_client):
    client = make_client("moto")
    store = S3Store(client, "whole-bucket", "")
    store.create()
    put(store, "a/b", b"x")
    assert store.uri("a/b") == "s3://whole-bucket/a/b"
    assert [line.key for line in store.list_objects("")] == ["a/b"]
    assert store.list_folders() == ["a"]
    store.delete_many(["a/b"])


def test_an_object_named_as_the_prefix_is_not_listed(s3_client, s3_store):
    root = s3_store.uri("").removeprefix(f"s3://{BUCKET}/")
    s3_client.put_object(Bucket=BUCKET, Key=root)
    assert (s3_store.list_objects(""), s3_store.list_folders()) == ([], [])
    s3_client.delete_object(Bucket=BUCKET, Key=root)


# ---- names


@pytest.mark.parametrize("prefix", ["a//b", "a/../b", "./a", "a/.", "a\\b", "a\nb", "a\ud800"])
def test_a_prefix_that_could_escape_is_refused(s3_client, prefix):
    with pytest.raises(InvalidLocationError):
        S3Store(s3_client, BUCKET, prefix)


@pytest.mark.parametrize("prefix", ["", "/", "a", "/a/", "a/b c/größe"])
def test_slashes_around_a_prefix_do_not_count(s3_client, prefix):
    stripped = prefix.strip("/")
    expected = f"s3://{BUCKET}/{stripped}/k" if stripped else f"s3://{BUCKET}/k"
    assert S3Store(s3_client, BUCKET, prefix).uri("k") == expected


@pytest.mark.parametrize("bucket", ["", "a", "a/b", "..", "a..b", "-ab", "a b", "x" * 256, "b\n"])
def test_what_is_no_name_of_a_bucket_is_refused(s3_client, bucket):
    with pytest.raises(InvalidLocationError):
        S3Store(s3_client, bucket)


@pytest.mark.parametrize(
    "bucket", ["abc", "Old_Style.Bucket", f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/mine"]
)
def test_what_is_a_name_of_a_bucket_is_taken(s3_client, bucket):
    assert S3Store(s3_client, bucket).uri("k") == f"s3://{bucket}/k"


# ---- options


OPTIONS = S3Options(
    server_side_encryption="aws:kms",
    kms_key_id="alias/mine",
    expected_bucket_owner=ACCOUNT,
    requester_pays=True,
    storage_class="STANDARD_IA",
)
OWNER = "x-amz-expected-bucket-owner"


@pytest.fixture
def optioned(make_store):
    return make_store("moto", options=OPTIONS)


def test_what_makes_objects_says_how_they_are_encrypted_and_stored(optioned, wire):
    info = put(optioned, "k", b"x")
    optioned.copy(info, "copy")
    put(optioned, "large", bytes(SINGLE_PUT_LIMIT + 1))
    makers = {"PutObject", "CopyObject", "CreateMultipartUpload"}
    made = [sent for sent in wire.sent if sent.operation in makers]
    assert {sent.operation for sent in made} == makers
    for sent in made:
        assert sent.headers["x-amz-server-side-encryption"] == "aws:kms"
        assert sent.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/mine"
        assert sent.headers["x-amz-storage-class"] == "STANDARD_IA"


def test_every_request_names_the_owner_and_who_pays(optioned, wire):
    optioned.create()
    info = put(optioned, "k", b"x", if_absent=True)
    put(optioned, "large", bytes(SINGLE_PUT_LIMIT + 1), resume_key="note")
    optioned.copy(info, "copy")
    read(optioned, "k")
    optioned.tags("k")
    optioned.list_folders()
    optioned.list_objects("")
    optioned.delete("k")
    optioned.delete_many(["copy"])
    optioned.sweep("", older_than=0, mend=True)
    assert len(wire.operations) == 13
    for sent in wire.sent:
        assert sent.headers[OWNER] == ACCOUNT, sent.operation
        if sent.operation not in {"HeadBucket", "GetObjectTagging"}:
            assert sent.headers["x-amz-request-payer"] == "requester", sent.operation


def test_a_link_for_downloads_needs_no_credentials_and_sends_no_request(s3_store, wire):
    put(s3_store, "with space/größe+1", b"content")
    wire.reset()
    link = s3_store.download_url("with space/größe+1", seconds=60)
    assert wire.count() == 0
    assert "X-Amz-Expires=60" in link
    with urllib.request.urlopen(link) as answer:  # noqa: S310 - on loopback
        assert answer.read() == b"content"


def test_a_link_for_downloads_asks_for_no_header_that_nobody_sends(s3_store):
    link = urllib.parse.urlsplit(s3_store.download_url("k", seconds=60))
    assert urllib.parse.parse_qs(link.query)["X-Amz-SignedHeaders"] == ["host"]


def test_a_store_whose_requests_name_an_owner_has_no_links(optioned):
    assert optioned.download_url("k", seconds=60) is None


def test_folders_are_listed_over_several_pages(s3_store, wire):
    folder = s3_store.uri("all/").removeprefix(f"s3://{BUCKET}/")

    def page(name, rest):
        body = f"<ListBucketResult>{rest}<CommonPrefixes><Prefix>{folder}{name}/</Prefix>"
        return answer(200, body=f"{body}</CommonPrefixes></ListBucketResult>".encode())

    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>there</NextContinuationToken>"
    wire.plan("ListObjectsV2", page("a", more), page("b", "<IsTruncated>false</IsTruncated>"))
    assert s3_store.list_folders("all/") == ["a", "b"]
    assert "continuation-token=there" in wire.sent[-1].url


def test_a_copy_names_the_owner_of_its_source_too(optioned, wire):
    optioned.copy(put(optioned, "k", b"x"), "copy")
    assert wire.sent[-1].headers["x-amz-source-expected-bucket-owner"] == ACCOUNT


def test_without_options_nothing_of_them_is_sent(s3_store, wire):
    put(s3_store, "k", b"x")
    said = {OWNER, "x-amz-request-payer", "x-amz-server-side-encryption", "x-amz-storage-class"}
    assert not said & set(wire.sent[0].headers)


@pytest.mark.parametrize(
    "options",
    [
        {"kms_key_id": "alias/mine"},
        {"kms_key_id": "alias/mine", "server_side_encryption": "AES256"},
        {"server_side_encryption": "rot13"},
        {"expected_bucket_owner": "me"},
    ],
)
def test_options_that_contradict_themselves_are_refused(options):
    with pytest.raises(InvalidInputError):
        S3Options(**options)


# ---- buckets


def connect(region):
    return S3Store.connect("my-bucket", "p", region=region, settle=0)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_bucket_is_made_in_the_region_of_the_client(moto_in_process, region):
    store = connect(region)
    with Wire(store._room.client) as wire:
        store.create()
    [created] = (sent for sent in wire.sent if sent.operation == "CreateBucket")
    assert (created.headers["content-length"] == "0") == (region == "us-east-1")
    where = boto3.client("s3", region_name=region).get_bucket_location(Bucket="my-bucket")
    assert where["LocationConstraint"] == (None if region == "us-east-1" else region)


def test_a_new_bucket_blocks_public_access(moto_in_process):
    connect("us-east-1").create()
    client = boto3.client("s3")
    blocked = client.get_public_access_block(Bucket="my-bucket")
    assert set(blocked["PublicAccessBlockConfiguration"].values()) == {True}


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_creating_is_idempotent_and_leaves_a_bucket_as_it_is(moto_in_process, region):
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="my-bucket")
    connect(region).create()
    connect(region).create()
    with pytest.raises(ClientError, match="NoSuchPublicAccessBlockConfiguration"):
        client.get_public_access_block(Bucket="my-bucket")


def test_a_store_works_in_process(moto_in_process):
    store = connect("eu-west-1")
    store.create()
    put(store, "k", b"x", if_absent=True)
    with pytest.raises(PreconditionFailedError):
        put(store, "k", b"y", if_absent=True)
    assert store.gather(*[lambda: read(store, "k")] * 20) == [b"x"] * 20
    assert store.list_folders() == []
    store.close()


def test_a_large_object_works_in_process(moto_in_process):
    store = connect("us-east-1")
    store.create()
    data = bytes(SINGLE_PUT_LIMIT + 1)
    put(store, "k", data, resume_key="note")
    assert read(store, "k") == data


@pytest.fixture
def new_bucket(make_client):
    """A store in a bucket that is not there."""
    client = make_client("moto", region_name="eu-west-1")
    with Wire(client) as wire:
        store = S3Store(client, f"bucket-{time.time_ns()}")
        store.wire = wire
        yield store


def test_a_bucket_that_was_made_at_the_same_time_by_us_is_ours(new_bucket):
    new_bucket.wire.plan("CreateBucket", answer(409, "BucketAlreadyOwnedByYou"))
    new_bucket.create()
    assert new_bucket.wire.operations == {"HeadBucket": 1, "CreateBucket": 1}


def test_a_bucket_of_somebody_else_is_told_with_a_hint(new_bucket):
    new_bucket.wire.plan("CreateBucket", answer(409, "BucketAlreadyExists"))
    with pytest.raises(AccessDeniedError, match="choose another"):
        new_bucket.create()


def test_a_server_without_regions_is_asked_without_one(new_bucket):
    wire = new_bucket.wire
    wire.plan("CreateBucket", answer(400, "InvalidLocationConstraint"), answer(200))
    wire.plan("HeadBucket", None, answer(200))
    wire.plan("PutPublicAccessBlock", answer(200))
    new_bucket.create()
    first, second = (sent for sent in wire.sent if sent.operation == "CreateBucket")
    assert int(first.headers["content-length"]) > int(second.headers["content-length"]) == 0


@pytest.mark.parametrize(
    "refusal", [answer(501, "NotImplemented"), answer(405, "MethodNotAllowed")]
)
def test_a_server_without_access_blocks_is_forgiven(new_bucket, refusal):
    new_bucket.wire.plan("PutPublicAccessBlock", refusal)
    new_bucket.create()
    put(new_bucket, "k", b"x")


def test_a_block_that_is_denied_is_told(new_bucket):
    new_bucket.wire.plan("PutPublicAccessBlock", answer(403, "AccessDenied"))
    with pytest.raises(AccessDeniedError, match="PutPublicAccessBlock"):
        new_bucket.create()


@pytest.mark.only_stores("ceph")  # which takes every upload for a public one if asked to block
def test_a_new_bucket_can_be_written_on_ceph(make_client, store_kind):
    client = make_client("ceph")
    store = S3Store(client, f"bucket-{time.time_ns()}")
    store.create()
    store.create()
    put(store, "k", b"x")
    assert read(store, "k") == b"x"
    store.delete("k")
    client.delete_bucket(Bucket=store.uri("").split("/")[2])


# ---- errors


def test_a_bucket_that_is_missing_is_a_missing_repository(s3_client):
    store = S3Store(s3_client, "no-such-bucket-here")
    calls = (
        lambda: put(store, "k", b"x"),
        lambda: store.get("k"),
        lambda: store.list_objects(""),
        lambda: store.delete("k"),
        lambda: store.delete_many(["k"]),
        lambda: put(store, "k", bytes(SINGLE_PUT_LIMIT + 1)),
        store.probe,
    )
    for call in calls:
        with pytest.raises(RepositoryNotFoundError, match="no-such-bucket-here"):
            call()


@pytest.mark.parametrize(
    ("fault", "error", "said"),
    [
        (answer(403, "AccessDenied"), AccessDeniedError, "permission"),
        (answer(403, "InvalidAccessKeyId"), AccessDeniedError, "AWS_ACCESS_KEY_ID"),
        (answer(403, "SignatureDoesNotMatch"), AccessDeniedError, "AWS_SECRET_ACCESS_KEY"),
        (answer(400, "ExpiredToken"), AccessDeniedError, "AWS_SESSION_TOKEN"),
        (answer(403, "RequestTimeTooSkewed"), StoreError, "clock"),
        (answer(404, "NoSuchBucket"), RepositoryNotFoundError, "bootstrap"),
        (answer(404, "NoSuchKey"), ObjectNotFoundError, "k"),
        (answer(400, "KeyTooLongError"), InvalidNameError, "shorter"),
        (answer(403, "InvalidObjectState"), StoreError, "restore"),
        (answer(501, "NotImplemented"), StoreError, "does not know"),
        (answer(411, "MissingContentLength"), StoreError, "when_required"),
        (answer(429, "TooManyRequests"), StoreUnavailableError, "try again"),
        (answer(418, "Teapot", "short and stout"), StoreError, "short and stout"),
    ],
)
def test_errors_are_told_apart_by_code(s3_store, wire, no_waiting, fault, error, said):
    wire.plan("GetObject", *[fault] * 10)
    with pytest.raises(error, match=said) as raised:
        s3_store.get("k")
    assert type(raised.value) is error
    assert isinstance(raised.value.__cause__, ClientError)
    assert s3_store.uri("k") in raised.value.message


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, AccessDeniedError), (404, ObjectNotFoundError), (503, StoreUnavailableError)],
)
def test_a_head_is_told_by_its_status(s3_store, wire, no_waiting, status, error):
    wire.plan("HeadObject", *[answer(status)] * 10)
    with pytest.raises(error):
        s3_store.head("k")


@pytest.mark.parametrize("status", [301, 400])
def test_a_bucket_in_another_region_is_told_with_its_region(make_client, status):
    client = make_client("moto")
    elsewhere = answer(status, headers={"x-amz-bucket-region": "ap-south-1"})
    with Wire(client) as wire:
        wire.plan("HeadBucket", *[elsewhere] * 10)
        wire.plan("HeadObject", *[elsewhere] * 10)
        store = S3Store(client, BUCKET)
        for call in (store.create, lambda: store.head("k")):
            with pytest.raises(WrongRegionError, match="ap-south-1"):
                call()


@pytest.mark.parametrize(
    "code",
    ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"],
)
def test_a_wrong_region_is_told_by_its_code(make_client, code):
    client = make_client("moto")
    with Wire(client) as wire:
        wire.plan("PutObject", *[answer(400, code)] * 10)
        with pytest.raises(WrongRegionError):
            put(S3Store(client, BUCKET), "k", b"x")


def test_missing_credentials_are_told_with_a_hint(monkeypatch, moto_endpoint):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    store = S3Store.connect(BUCKET, endpoint_url=moto_endpoint)
    with pytest.raises(AccessDeniedError, match="AWS_ACCESS_KEY_ID"):
        store.head("k")


def test_the_password_of_an_endpoint_is_not_told(no_waiting):
    store = S3Store.connect(BUCKET, endpoint_url="http://user:hunter2@127.0.0.1:9")
    with pytest.raises(StoreUnavailableError, match=r"127\.0\.0\.1:9") as raised:
        store.head("k")
    assert "hunter2" not in str(raised.value)


def test_many_keys_are_tried_even_if_a_batch_fails(s3_store, wire):
    put(s3_store, "1000", b"x")
    wire.plan("DeleteObjects", answer(403, "AccessDenied"))
    with pytest.raises(AccessDeniedError):
        s3_store.delete_many(f"{number:04d}" for number in range(1001))
    assert s3_store.list_objects("") == []


# ---- connecting


def test_a_connection_takes_its_settings_from_the_environment(monkeypatch, moto_endpoint):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_endpoint)
    store = S3Store.connect("environment-bucket", "p")
    store.create()
    put(store, "k", b"x")
    assert read(store, "k") == b"x"
    store.delete("k")


def test_a_connection_is_patient_and_leaves_checksums_to_us(moto_endpoint):
    config = S3Store.connect(BUCKET, endpoint_url=moto_endpoint)._room.client.meta.config
    assert config.retries == {"mode": "standard", "total_max_attempts": 5}
    assert config.request_checksum_calculation == "when_required"
    assert config.response_checksum_validation == "when_required"
    assert config.max_pool_connections >= 32


@pytest.mark.parametrize(
    ("style", "url"),
    [
        (None, "https://s3.eu-west-1.amazonaws.com/my.bucket"),
        ("path", "https://s3.eu-west-1.amazonaws.com/my-bucket"),
        ("virtual", "https://my-bucket.s3.eu-west-1.amazonaws.com"),
    ],
)
def test_the_addressing_style_can_be_chosen(moto_in_process, style, url):
    bucket = "my.bucket" if style is None else "my-bucket"
    store = S3Store.connect(bucket, region="eu-west-1", addressing_style=style)
    with Wire(store._room.client) as wire:
        store.create()
    assert wire.sent[0].url.rstrip("/") == url


@pytest.mark.parametrize(
    "options", [{"profile": "nobody"}, {"region": "not a region"}, {"endpoint_url": "nonsense"}]
)
def test_a_connection_that_can_not_be_made_says_why(options):
    with pytest.raises(InvalidLocationError, match=str(next(iter(options.values())))):
        S3Store.connect(BUCKET, **options)


# ---- the clock


def test_the_clock_is_that_of_the_server(s3_store, wire):
    put(s3_store, "k", b"x")
    ahead = datetime.now(UTC) + timedelta(days=3)
    date = {"Date": format_datetime(ahead, usegmt=True)}
    wire.plan("HeadObject", answer(404, headers=date))
    with pytest.raises(ObjectNotFoundError):
        s3_store.head("k")
    assert abs(s3_store.now() - ahead) < timedelta(minutes=1)
    s3_store.head("k")
    assert abs(s3_store.now() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.fixture
def stand_still(monkeypatch):
    """Makes the clock that counts seconds stand still, so many of them from now."""
    now = float(int(time.monotonic()))
    return lambda later=0: monkeypatch.setattr(time, "monotonic", lambda: now + later)


def test_a_date_that_was_cut_or_came_late_does_not_turn_the_clock_back(s3_store, wire, stand_still):
    stand_still()
    put(s3_store, "k", b"x")
    ahead = datetime.now(UTC) + timedelta(days=3)
    told = []
    for late in (0, 1, 3):
        date = {"Date": format_datetime(ahead - timedelta(seconds=late), usegmt=True)}
        wire.plan("HeadObject", answer(404, headers=date))
        with pytest.raises(ObjectNotFoundError):
            s3_store.head("k")
        told.append(s3_store.now())
    assert told == sorted(told)


def test_before_the_first_answer_the_clock_is_ours(s3_client):
    store = S3Store(s3_client, BUCKET)
    assert datetime.now(UTC) <= store.now() <= datetime.now(UTC)


def test_the_clock_goes_on_between_answers(s3_store, stand_still):
    stand_still()
    put(s3_store, "k", b"x")
    first = s3_store.now()
    stand_still(100)
    assert s3_store.now() - first == timedelta(seconds=100)


def test_a_date_that_can_not_be_read_is_ignored(s3_store, wire):
    put(s3_store, "k", b"x")
    wire.plan("HeadObject", answer(404, headers={"Date": "soon"}))
    with pytest.raises(ObjectNotFoundError):
        s3_store.head("k")
    assert abs(s3_store.now() - datetime.now(UTC)) < timedelta(minutes=1)


# ---- a single writer


@pytest.fixture
def alone(make_store):
    return make_store("moto", single_writer=True)


def test_a_single_writer_needs_no_proof(alone):
    assert alone.capabilities == Capabilities(create_only=True, compare_and_set=True)


def test_a_single_writer_sends_no_conditions_and_keeps_them(alone, wire):
    etag = put(alone, "k", b"one", if_absent=True).etag
    with pytest.raises(PreconditionFailedError):
        put(alone, "k", b"two", if_absent=True)
    etag = put(alone, "k", b"three", if_match=etag).etag
    for wrong in ("0" * 32, None):
        key = "k" if wrong else "missing"
        with pytest.raises(PreconditionFailedError):
            put(alone, key, b"four", if_match=wrong or etag)
    with pytest.raises(PreconditionFailedError):
        alone.copy(alone.head("k"), "k", if_absent=True)
    with pytest.raises(PreconditionFailedError):
        alone.delete("k", if_match="0" * 32)
    assert read(alone, "k") == b"three"
    alone.delete("k", if_match=etag)
    assert alone.list_objects("") == []
    assert not [s for s in wire.sent if {"if-match", "if-none-match"} & set(s.headers)]


def test_a_single_writer_pays_one_more_request(alone, wire):
    put(alone, "k", b"one", if_absent=True)
    assert wire.operations == {"HeadObject": 1, "PutObject": 1}


# ---- the probe


def test_a_server_that_ignores_all_conditions_is_found_out(s3_store, wire):
    def ignore(request, send):
        for name in ("If-Match", "If-None-Match"):
            request.headers.pop(name, None)
        return send(request)

    for operation in ("PutObject", "DeleteObject", "CompleteMultipartUpload", "CopyObject"):
        wire.plan(operation, *[ignore] * 50)
    assert s3_store.probe() == Capabilities()
    assert s3_store.list_objects("") == []


@pytest.mark.parametrize("status", [400, 501])
def test_a_server_that_refuses_all_conditions_is_found_out(s3_store, wire, status):
    def refuse(request, send):
        conditions = {"If-Match", "If-None-Match", "x-amz-copy-source-if-match"}
        if conditions & set(request.headers):
            return answer(status, "NotImplemented")(request, send)
        return send(request)

    for operation in ("PutObject", "DeleteObject", "CompleteMultipartUpload", "CopyObject"):
        wire.plan(operation, *[refuse] * 50)
    found = s3_store.probe()
    assert (found.create_only, found.compare_and_set) == (False, False)
    assert s3_store.list_objects("") == []


def test_a_probe_that_may_not_write_says_so(s3_store, wire):
    wire.plan("PutObject", *[answer(403, "AccessDenied")] * 50)
    with pytest.raises(AccessDeniedError, match=r"versioned-probe"):
        s3_store.probe()


def test_a_probe_has_a_budget(s3_store, wire):
    s3_store.probe()
    assert wire.count() <= 40


def test_a_probe_touches_only_plain_objects_of_its_own(s3_store, wire):
    s3_store.probe()
    root = s3_store.uri("").removeprefix("s3:/")
    touched = [s.url.split(root)[1].split("?")[0] for s in wire.sent if root in s.url]
    assert touched
    assert all(name.startswith(".versioned-probe-") and "/" not in name for name in touched)


# ---- sweeping


def begin_upload(client, store, key):
    where = {"Bucket": BUCKET, "Key": store.uri(key).split("/", 3)[3]}
    return client.create_multipart_upload(**where)["UploadId"]


@pytest.mark.only_stores("moto", "ceph")
def test_unfinished_uploads_are_found_and_aborted(store, store_kind, client_of):
    for key in ("a/1", "b/2"):
        begin_upload(client_of(store_kind), store, key)
    [found] = store.sweep("a/", older_than=-60, mend=False)
    assert store.uri("a/1") in found
    assert len(store.sweep("", older_than=-60, mend=True)) == 2
    assert store.sweep("", older_than=-60, mend=False) == []


@pytest.mark.only_stores("ceph")  # every upload to moto began in 2010
def test_an_upload_that_is_not_old_enough_is_left_alone(store, client_of):
    begin_upload(client_of("ceph"), store, "k")
    assert store.sweep("", older_than=3600, mend=True) == []
    assert len(store.sweep("", older_than=-60, mend=False)) == 1


def test_the_age_of_an_upload_is_told_by_the_clock_of_the_server(s3_store, s3_client, wire):
    begin_upload(s3_client, s3_store, "k")

    def served(age):
        def act(request, send):
            response = send(request)
            now = datetime(2010, 11, 10, 20, 48, 33, tzinfo=UTC) + age  # when moto says it began
            headers = {**response.headers, "Date": format_datetime(now, usegmt=True)}
            return answer(200, headers=headers, body=response.content)(request, send)

        return act

    wire.plan("ListMultipartUploads", served(timedelta(hours=23)), served(timedelta(hours=25)))
    assert s3_store.sweep("", older_than=24 * 3600, mend=False) == []
    assert len(s3_store.sweep("", older_than=24 * 3600, mend=False)) == 1


# ---- several at once


def test_gather_runs_at_the_same_time(s3_store):
    together = threading.Barrier(8, timeout=60)
    assert sorted(s3_store.gather(*[together.wait] * 8)) == list(range(8))


def test_gather_hands_on_the_context(s3_store):
    name = contextvars.ContextVar("name")
    name.set("mine")
    assert s3_store.gather(*[name.get] * 3) == ["mine"] * 3


def test_a_single_call_runs_in_this_thread(s3_store):
    assert s3_store.gather(threading.get_ident) == [threading.get_ident()]


def test_gather_within_gather_does_not_wait_for_ever(s3_store):
    def inner():
        return sum(s3_store.gather(*[lambda: 1] * 20))

    assert s3_store.gather(*[inner] * 40) == [20] * 40


def test_a_closed_store_can_be_used_again(s3_store):
    s3_store.gather(*[lambda: 1] * 2)
    s3_store.close()
    assert s3_store.gather(*[lambda: 1] * 2) == [1, 1]


def test_threads_end_with_the_store(s3_client):
    store = S3Store(s3_client, BUCKET)
    workers = store.gather(threading.current_thread, threading.current_thread)
    del store
    for worker in workers:
        worker.join(timeout=60)
        assert not worker.is_alive()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_can_gather(s3_store):
    s3_store.gather(*[threading.Barrier(8, timeout=60).wait] * 8)
    child = multiprocessing.get_context("fork").Process(
        target=lambda: s3_store.gather(*[lambda: 1] * 4)
    )
    child.start()
    child.join(timeout=60)
    if child.exitcode is None:
        child.kill()
    assert child.exitcode == 0


def test_a_client_is_instrumented_once_however_many_stores_it_has(s3_client, wire):
    stores = [S3Store(s3_client, BUCKET, f"once-{number}") for number in range(20)]
    wire.plan("PutObject", answer(500, "InternalError"))
    put(stores[0], "k", b"x")
    assert wire.operations == {"PutObject": 2}
    stores[0].delete("k")


@pytest.mark.only_stores("moto")
def test_the_probe_works_where_object_lock_asks_for_a_checksum(s3_store, s3_client):
    """A bucket with a default retention refuses a put without Content-MD5."""
    without = []

    def look(params, **_):
        if "ContentMD5" not in params:
            without.append(params)

    for operation in ("PutObject", "UploadPart"):
        s3_client.meta.events.register(f"before-parameter-build.s3.{operation}", look)
    try:
        s3_store.probe()
    finally:
        for operation in ("PutObject", "UploadPart"):
            s3_client.meta.events.unregister(f"before-parameter-build.s3.{operation}", look)
    assert without == []

"""What becomes of a request when its answer is lost, late, or not what it seems."""

import itertools

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, SSLError

from faults import (
    BUCKET,
    Wire,
    answer,
    answer_with,
    lose_answer,
    lose_answer_then,
    lose_request,
    meanwhile,
    refuse_connection,
    time_out,
    truncate,
)
from versioned.content import CHUNK_SIZE, Content
from versioned.errors import (
    AccessDeniedError,
    ObjectNotFoundError,
    OutcomeUnknownError,
    PreconditionFailedError,
    StoreError,
    StoreUnavailableError,
)
from versioned.stores.base import Attributes
from versioned.stores.s3 import S3Store, client_config

pytestmark = pytest.mark.usefixtures("no_waiting")

SLOW_DOWN = answer(503, "SlowDown")
INTERNAL_ERROR = answer(500, "InternalError")
LOST_RACE = answer(500, "UnknownError")  # so Ceph answers a compare-and-set that came too late
CONFLICT = answer(409, "ConditionalRequestConflict")


def forever(action):
    return [action] * 100


@pytest.fixture(scope="module")
def hasty_client(make_client, client_of):
    """A client that never repeats a request by itself."""
    client_of("moto")
    return make_client("moto", config=client_config().merge(Config(retries=ONE_ATTEMPT)))


ONE_ATTEMPT = {"mode": "standard", "total_max_attempts": 1}


@pytest.fixture
def hasty(hasty_client, s3_store):
    """A store that leaves repeating to us, on the same objects as `s3_store`."""
    store = S3Store(hasty_client, BUCKET, s3_store.uri("").split("/", 3)[3], settle=0)
    with Wire(hasty_client) as wire:
        store.wire = wire
        yield store
    store.close()


def put(store, key, data, **options):
    with Content.open(data) as content:
        return store.put(key, content, **options)


def read(store, key, **options):
    with store.get(key, **options) as body:
        return b"".join(body)


# ---- conditional writes whose answer is lost


@pytest.mark.parametrize("loss", [lose_answer, time_out])
def test_a_create_that_won_and_is_repeated_by_botocore_has_won(s3_store, wire, loss):
    wire.plan("PutObject", loss)
    info = put(s3_store, "k", b"mine", if_absent=True)
    assert wire.operations == {"PutObject": 2, "HeadObject": 1}
    assert (read(s3_store, "k"), info.etag) == (b"mine", s3_store.head("k").etag)


@pytest.mark.parametrize("loss", [lose_answer, time_out])
def test_a_create_that_won_and_is_not_repeated_has_won(hasty, loss):
    hasty.wire.plan("PutObject", loss)
    put(hasty, "k", b"mine", if_absent=True)
    assert hasty.wire.operations == {"PutObject": 1, "HeadObject": 1}
    assert read(hasty, "k") == b"mine"


def test_a_compare_and_set_that_won_and_is_repeated_has_won(s3_store, wire):
    etag = put(s3_store, "k", b"old").etag
    wire.plan("PutObject", lose_answer)
    info = put(s3_store, "k", b"mine", if_match=etag)
    assert (read(s3_store, "k"), info.etag) == (b"mine", s3_store.head("k").etag)


def test_an_info_that_was_looked_up_is_as_one_that_was_answered(s3_store, wire):
    attributes = Attributes(metadata={"a": "1"}, content_type="text/x-a", tags={"t": "1"})
    wire.plan("PutObject", lose_answer)
    info = put(s3_store, "k", b"mine", if_absent=True, attributes=attributes)
    assert (info.key, info.size, info.content_type) == ("k", 4, "text/x-a")
    assert dict(info.metadata) == {"a": "1"}


def test_a_create_that_never_arrived_is_sent_again(hasty):
    hasty.wire.plan("PutObject", lose_request, lose_request)
    put(hasty, "k", b"mine", if_absent=True)
    assert hasty.wire.count("PutObject") == 3
    assert read(hasty, "k") == b"mine"


def test_a_create_that_never_arrived_and_came_too_late_then_has_lost(s3_store, wire):
    wire.plan("PutObject", lose_request, meanwhile(lambda: put(s3_store, "k", b"theirs")))
    with pytest.raises(PreconditionFailedError):
        put(s3_store, "k", b"mine", if_absent=True)
    assert read(s3_store, "k") == b"theirs"


def test_a_compare_and_set_that_may_have_been_replaced_is_not_called_lost(s3_store, wire):
    etag = put(s3_store, "k", b"old").etag

    def replace():
        put(s3_store, "k", b"theirs", if_match=s3_store.head("k").etag)

    wire.plan("PutObject", lose_answer_then(replace))
    with pytest.raises(OutcomeUnknownError):
        put(s3_store, "k", b"mine", if_match=etag)
    assert read(s3_store, "k") == b"theirs"


def test_a_create_of_which_nothing_is_ever_heard_may_have_happened(hasty):
    hasty.wire.plan("PutObject", *forever(lose_request))
    with pytest.raises(OutcomeUnknownError):
        put(hasty, "k", b"mine", if_absent=True)


def test_a_lost_answer_that_can_not_be_looked_up_leaves_it_unknown(hasty):
    hasty.wire.plan("PutObject", lose_answer)
    hasty.wire.plan("HeadObject", *forever(refuse_connection))
    with pytest.raises(OutcomeUnknownError):
        put(hasty, "k", b"mine", if_absent=True)
    assert read(hasty, "k") == b"mine"


# ---- conditional writes that are answered with an error


@pytest.mark.parametrize("condition", [{"if_absent": True}, {"if_match": "0" * 32}])
def test_a_plain_defeat_costs_one_request(s3_store, wire, condition):
    put(s3_store, "k", b"theirs")
    wire.reset()
    with pytest.raises(PreconditionFailedError) as raised:
        put(s3_store, "k", b"mine", **condition)
    assert wire.operations == {"PutObject": 1}
    assert isinstance(raised.value.__cause__, ClientError)


def test_a_compare_and_set_of_what_is_missing_costs_one_request(s3_store, wire):
    with pytest.raises(PreconditionFailedError):
        put(s3_store, "k", b"mine", if_match="0" * 32)
    assert wire.operations == {"PutObject": 1}


def test_a_server_error_that_hides_a_lost_race_is_a_defeat(hasty):
    etag = put(hasty, "k", b"old").etag
    put(hasty, "k", b"theirs")
    hasty.wire.plan("PutObject", LOST_RACE)
    with pytest.raises(PreconditionFailedError):
        put(hasty, "k", b"mine", if_match=etag)
    assert read(hasty, "k") == b"theirs"


def test_a_server_error_that_botocore_repeats_into_a_defeat_is_a_defeat(s3_store, wire):
    etag = put(s3_store, "k", b"old").etag
    put(s3_store, "k", b"theirs")
    wire.plan("PutObject", LOST_RACE, LOST_RACE)
    with pytest.raises(PreconditionFailedError):
        put(s3_store, "k", b"mine", if_match=etag)


@pytest.mark.parametrize("fault", [LOST_RACE, INTERNAL_ERROR, CONFLICT])
def test_a_write_whose_condition_still_stands_is_sent_again(hasty, no_waiting, fault):
    etag = put(hasty, "k", b"old").etag
    hasty.wire.plan("PutObject", fault, fault)
    put(hasty, "k", b"mine", if_match=etag)
    assert read(hasty, "k") == b"mine"
    assert len(no_waiting) == 2


@pytest.mark.parametrize("fault", [LOST_RACE, INTERNAL_ERROR, CONFLICT])
def test_a_write_that_is_refused_again_and_again_is_given_up(hasty, no_waiting, fault):
    etag = put(hasty, "k", b"old").etag
    hasty.wire.reset()
    hasty.wire.plan("PutObject", *forever(fault))
    with pytest.raises(StoreUnavailableError):
        put(hasty, "k", b"mine", if_match=etag)
    assert read(hasty, "k") == b"old"
    assert hasty.wire.count("PutObject") == 5
    assert sum(no_waiting) < 1


def test_a_conflict_with_a_write_that_came_first_is_a_defeat(hasty):
    put(hasty, "k", b"theirs")
    hasty.wire.plan("PutObject", CONFLICT)
    with pytest.raises(PreconditionFailedError):
        put(hasty, "k", b"mine", if_absent=True)


def test_a_server_that_is_too_busy_has_written_nothing(s3_store, wire):
    wire.plan("PutObject", *forever(SLOW_DOWN))
    with pytest.raises(StoreUnavailableError, match="SlowDown"):
        put(s3_store, "k", b"mine", if_absent=True)
    assert wire.operations == {"PutObject": 5}


def test_a_server_that_is_too_busy_for_a_moment_is_asked_again(s3_store, wire):
    wire.plan("PutObject", SLOW_DOWN, SLOW_DOWN)
    put(s3_store, "k", b"mine", if_absent=True)
    assert read(s3_store, "k") == b"mine"


def test_a_defeat_after_a_lost_answer_and_a_busy_server_is_looked_up(s3_store, wire):
    wire.plan("PutObject", lose_answer, SLOW_DOWN)
    put(s3_store, "k", b"mine", if_absent=True)
    assert read(s3_store, "k") == b"mine"


# ---- writes without a condition


@pytest.mark.parametrize("loss", [lose_answer, time_out])
def test_a_lost_answer_of_a_plain_put_is_looked_up(hasty, loss):
    put(hasty, "k", b"old")
    hasty.wire.reset()
    hasty.wire.plan("PutObject", loss)
    put(hasty, "k", b"mine")
    assert hasty.wire.operations == {"PutObject": 1, "HeadObject": 1}


def test_a_plain_put_that_got_lost_may_yet_arrive(hasty):
    put(hasty, "k", b"old")
    hasty.wire.plan("PutObject", lose_request)
    with pytest.raises(OutcomeUnknownError):
        put(hasty, "k", b"mine")


def test_a_plain_put_of_the_same_bytes_as_before_is_not_taken_for_done(hasty):
    put(hasty, "k", b"same")
    hasty.wire.plan("PutObject", lose_request)
    with pytest.raises(OutcomeUnknownError):
        put(hasty, "k", b"same")


def test_a_server_error_of_a_plain_put_has_written_nothing(hasty):
    put(hasty, "k", b"old")
    hasty.wire.plan("PutObject", INTERNAL_ERROR)
    with pytest.raises(StoreUnavailableError):
        put(hasty, "k", b"mine")


def test_a_put_that_reaches_nobody_has_written_nothing_and_asks_no_more(hasty):
    hasty.wire.plan("PutObject", refuse_connection)
    with pytest.raises(StoreUnavailableError, match="can't be reached"):
        put(hasty, "k", b"mine")
    assert hasty.wire.count() == 1


def test_a_long_body_is_sent_again_from_its_beginning(s3_store, wire):
    data = bytes(range(256)) * (40 * CHUNK_SIZE // 1024)
    wire.plan("PutObject", INTERNAL_ERROR, lose_request)
    put(s3_store, "k", data)
    assert read(s3_store, "k") == data


# ---- copies and deletions


def test_a_lost_answer_of_a_copy_is_looked_up(hasty):
    source = put(hasty, "source", b"x", attributes=Attributes(metadata={"a": "1"}))
    hasty.wire.plan("CopyObject", lose_answer)
    copied = hasty.copy(source, "target")
    assert (copied.key, read(hasty, "target")) == ("target", b"x")


def test_a_copy_repeated_after_its_source_was_removed_has_been_done(s3_store, wire):
    source = put(s3_store, "source", b"x")
    wire.plan("CopyObject", lose_answer_then(lambda: s3_store.delete("source")))
    assert s3_store.copy(source, "target").key == "target"


def test_a_copy_that_never_arrived_and_has_no_source_left_is_not_done(s3_store, wire):
    source = put(s3_store, "source", b"x")
    wire.plan("CopyObject", lose_request, meanwhile(lambda: s3_store.delete("source")))
    with pytest.raises(ObjectNotFoundError):
        s3_store.copy(source, "target")


def test_a_target_that_holds_something_else_is_no_proof_of_a_copy(hasty):
    put(hasty, "target", b"y")
    source = put(hasty, "source", b"x")
    hasty.wire.plan("CopyObject", lose_request)
    with pytest.raises(OutcomeUnknownError):
        hasty.copy(source, "target")


def test_a_copy_that_fails_in_the_middle_of_a_200_has_failed(hasty):
    source = put(hasty, "source", b"x")
    hasty.wire.plan("CopyObject", answer(200, "InternalError"))
    with pytest.raises(StoreUnavailableError, match="InternalError"):
        hasty.copy(source, "target")


def test_a_create_only_copy_that_is_refused_is_a_defeat(s3_store, wire):
    source = put(s3_store, "source", b"x")
    wire.plan("CopyObject", answer(412, "PreconditionFailed"))
    with pytest.raises(PreconditionFailedError):
        s3_store.copy(source, "target", if_absent=True)
    assert wire.count("CopyObject") == 1


def test_a_create_only_copy_that_was_done_and_then_refused_has_won(s3_store, wire):
    source = put(s3_store, "source", b"x", attributes=Attributes(metadata={"a": "1"}))
    wire.plan("CopyObject", lose_answer, answer(412, "PreconditionFailed"))
    assert s3_store.copy(source, "target", if_absent=True).key == "target"


def test_a_lost_answer_of_a_deletion_leaves_it_unknown(hasty):
    put(hasty, "k", b"x")
    hasty.wire.plan("DeleteObject", lose_answer)
    with pytest.raises(OutcomeUnknownError):
        hasty.delete("k")
    hasty.delete("k")
    assert hasty.list_objects("") == []


def test_keys_that_can_not_be_deleted_are_told_after_all_were_tried(s3_store, wire):
    names = [f"{number:04d}" for number in range(1001)]
    put(s3_store, names[-1], b"x")
    denied = b"<DeleteResult><Error><Key>0007</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>"
    wire.plan("DeleteObjects", answer_with(200, denied))
    with pytest.raises(AccessDeniedError, match="0007"):
        s3_store.delete_many(names)
    assert wire.count("DeleteObjects") == 2
    assert s3_store.list_objects("") == []


# ---- reading


def test_a_body_that_is_cut_off_is_an_error_after_its_bytes(s3_store, wire):
    put(s3_store, "k", bytes(3 * CHUNK_SIZE))
    wire.plan("GetObject", truncate(CHUNK_SIZE + 5))
    got = []
    with s3_store.get("k") as body, pytest.raises(StoreUnavailableError) as raised:
        got.extend(body)
    assert sum(map(len, got)) == CHUNK_SIZE + 5
    assert raised.value.__cause__ is not None


def test_a_read_is_asked_again_while_the_server_is_busy(s3_store, wire):
    put(s3_store, "k", b"x")
    wire.plan("GetObject", SLOW_DOWN, INTERNAL_ERROR, lose_answer)
    assert read(s3_store, "k") == b"x"


@pytest.mark.parametrize("fault", [SLOW_DOWN, INTERNAL_ERROR, lose_answer, refuse_connection])
def test_a_read_that_fails_for_ever_is_unavailable(hasty, fault):
    put(hasty, "k", b"x")
    hasty.wire.plan("GetObject", fault)
    with pytest.raises(StoreUnavailableError):
        hasty.get("k")


def test_a_server_that_ignores_ranges_is_caught(s3_store, wire):
    put(s3_store, "k", b"0123456789")

    def ignore_range(request, send):
        del request.headers["Range"]
        return send(request)

    wire.plan("GetObject", ignore_range)
    with pytest.raises(StoreError, match="ignores ranges"):
        s3_store.get("k", start=2, length=3)


@pytest.mark.parametrize("size", [0, 1, 50, 300])
def test_a_listing_that_is_cut_off_is_no_empty_listing(hasty, size):
    put(hasty, "k", b"x")
    hasty.wire.plan("ListObjectsV2", truncate(size))
    with pytest.raises(StoreUnavailableError):
        hasty.list_objects("")


@pytest.mark.parametrize("size", [0, 1, 50])
def test_a_listing_that_is_cut_off_once_is_asked_again(s3_store, wire, size):
    put(s3_store, "k", b"x")
    wire.plan("ListObjectsV2", truncate(size))
    assert [line.key for line in s3_store.list_objects("")] == ["k"]
    assert wire.count("ListObjectsV2") == 2


def test_tags_that_are_cut_off_are_not_no_tags(hasty):
    put(hasty, "k", b"x", attributes=Attributes(tags={"a": "1"}))
    hasty.wire.plan("GetObjectTagging", truncate(0))
    with pytest.raises(StoreUnavailableError):
        hasty.tags("k")


@pytest.mark.parametrize("size", [0, 20])
def test_an_answer_to_a_copy_that_is_cut_off_is_looked_up(hasty, size):
    source = put(hasty, "source", b"x")
    hasty.wire.plan("CopyObject", truncate(size))
    assert hasty.copy(source, "target").etag == source.etag


def test_a_connection_that_is_not_secure_is_told_with_a_hint(hasty):
    def distrust(request, send):
        raise SSLError(endpoint_url=request.url, error="self-signed certificate")

    hasty.wire.plan("GetObject", distrust)
    with pytest.raises(StoreUnavailableError, match="AWS_CA_BUNDLE"):
        hasty.get("k")


def test_what_is_told_of_a_lost_answer_names_the_request_and_no_secret(hasty):
    hasty.wire.plan("GetObject", lose_answer)
    with pytest.raises(StoreUnavailableError) as raised:
        hasty.get("some/key")
    text = str(raised.value)
    assert f"GetObject of {hasty.uri('some/key')}" in text
    assert "testing" not in text


def test_each_attempt_to_write_carries_the_same_mark(s3_store, wire):
    wire.plan("PutObject", SLOW_DOWN, lose_request)
    put(s3_store, "k", b"x")
    marks = [sent.headers["x-amz-meta-versioned-nonce"] for sent in wire.sent]
    assert len(marks) == 3
    assert len(set(marks)) == 1
    put(s3_store, "k", b"x")
    assert len({sent.headers["x-amz-meta-versioned-nonce"] for sent in wire.sent}) == 2


def test_pauses_between_repeated_writes_differ(hasty, no_waiting):
    for number in itertools.count():
        hasty.wire.plan("PutObject", CONFLICT)
        put(hasty, f"k{number}", b"x", if_absent=True)
        if len(set(no_waiting)) > 1:
            break

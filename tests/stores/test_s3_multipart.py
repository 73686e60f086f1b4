"""Large objects on S3: parts, resuming, cleaning up, and copies in parts."""

import json
import random
import threading
import tracemalloc
from hashlib import md5
from io import BytesIO

import pytest

from faults import Wire, answer, lose_answer, lose_request, meanwhile
from versioned.content import Content
from versioned.errors import (
    ContentChangedError,
    InvalidInputError,
    OutcomeUnknownError,
    PreconditionFailedError,
    StoreError,
    StoreUnavailableError,
)
from versioned.stores import s3_multipart
from versioned.stores.base import SINGLE_PUT_LIMIT, Attributes
from versioned.stores.s3_multipart import IN_FLIGHT, in_flight, part_size_of

pytestmark = pytest.mark.usefixtures("no_waiting")

MIB = 1024 * 1024
PARTS = 5
SIZE = SINGLE_PUT_LIMIT + 3 * MIB
DENIED = answer(403, "AccessDenied")
ATTRIBUTES = Attributes(
    metadata={"artifact_sha256": "ab" * 32}, content_type="text/x-a", tags={"t": "1"}
)


@pytest.fixture(scope="module")
def data():
    return random.Random(1).randbytes(SIZE)


def put(store, key, data, **options):
    with Content.open(data) as content:
        return store.put(key, content, **options)


def read(store, key):
    with store.get(key) as body:
        return b"".join(body)


def unfinished(store):
    return store.sweep("", older_than=-60, mend=False)


def keys(store):
    return [line.key for line in store.list_objects("")]


@pytest.mark.parametrize(
    ("size", "part_size"),
    [
        (1, 8 * MIB),
        (80_000 * MIB, 8 * MIB),
        (80_000 * MIB + 1, 16 * MIB),
        (160_000 * MIB + 1, 32 * MIB),
        (5 * MIB * MIB, 1024 * MIB),
    ],
)
def test_the_size_of_parts_is_frozen(size, part_size):
    assert part_size_of(size) == part_size
    assert -(-size // part_size) <= 10_000


def test_the_largest_single_put_is_one_request(s3_store, wire):
    put(s3_store, "k", bytes(SINGLE_PUT_LIMIT))
    assert wire.operations == {"PutObject": 1}


def test_a_large_put_sends_each_part_once(s3_store, wire, data):
    put(s3_store, "k", data)
    assert wire.operations == {
        "CreateMultipartUpload": 1,
        "UploadPart": PARTS,
        "CompleteMultipartUpload": 1,
        "HeadObject": 1,
    }


def test_every_part_announces_its_md5(s3_store, wire, data):
    put(s3_store, "k", data)
    announced = [s.headers["content-md5"] for s in wire.sent if s.operation == "UploadPart"]
    assert len(set(announced)) == PARTS
    assert all(len(text) == 24 for text in announced)


@pytest.mark.parametrize("condition", [{"if_absent": True}, {"if_match": "0" * 32}])
def test_a_large_put_takes_no_condition(s3_store, wire, data, condition):
    with pytest.raises(InvalidInputError):
        put(s3_store, "k", data, **condition)
    assert wire.count() == 0


def test_no_more_than_four_parts_are_sent_at_once(s3_store, wire, data):
    lock, now, most = threading.Lock(), 0, 0
    first_four = threading.Barrier(IN_FLIGHT, timeout=60)

    def count(request, send):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            if wire.count("UploadPart") <= IN_FLIGHT:
                first_four.wait()
            return send(request)
        finally:
            with lock:
                now -= 1

    wire.plan("UploadPart", *[count] * PARTS)
    put(s3_store, "k", data)
    assert most == IN_FLIGHT


def test_memory_does_not_grow_with_the_object(s3_store, wire, tmp_path):
    def swallow(request, send):  # moto would keep all of it, in this very process
        etag = md5(request.body.read(), usedforsecurity=False).hexdigest()
        return answer(200, headers={"ETag": f'"{etag}"'})(request, send)

    def peak(size):
        wire.plan("UploadPart", *[swallow] * (size // (8 * MIB)))
        wire.plan("CompleteMultipartUpload", DENIED)
        with (tmp_path / "file").open("wb") as file:
            file.truncate(size)
        tracemalloc.start()
        try:
            with pytest.raises(StoreError):
                put(s3_store, "k", tmp_path / "file")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    in_memory = IN_FLIGHT * 8 * MIB  # at most, and often less at once
    assert peak(200 * MIB) < peak(40 * MIB) + in_memory


# ---- resuming


def test_an_upload_that_was_cut_off_sends_only_what_is_missing(s3_store, wire, data):
    wire.plan("UploadPart", None, None, DENIED)
    with pytest.raises(StoreError):
        put(s3_store, "k", data, resume_key="note", attributes=ATTRIBUTES)
    arrived = PARTS - 1 if wire.count("UploadPart") == PARTS else wire.count("UploadPart") - 1
    assert keys(s3_store) == ["note"]
    wire.reset()
    put(s3_store, "k", data, resume_key="note", attributes=ATTRIBUTES)
    assert wire.count("CreateMultipartUpload") == 0
    assert wire.count("UploadPart") == PARTS - arrived
    assert read(s3_store, "k") == data
    assert dict(s3_store.head("k").metadata) == ATTRIBUTES.metadata
    assert keys(s3_store) == ["k"]
    assert unfinished(s3_store) == []


def test_a_resumed_upload_counts_what_was_there_as_done(s3_store, wire, data):
    wire.plan("UploadPart", None, None, None, None, DENIED)
    with pytest.raises(StoreError):
        put(s3_store, "k", data, resume_key="note")
    calls = []
    put(s3_store, "k", data, resume_key="note", progress=lambda *call: calls.append(call))
    assert len(calls) == 2
    assert calls[0][0] >= SIZE - 8 * MIB
    assert calls[-1] == (SIZE, SIZE)


def test_a_part_that_was_damaged_is_sent_again(s3_store, wire, data):
    def damage(request, send):
        request.body = bytes(len(request.body.getvalue()))
        return send(request)

    wire.plan("UploadPart", damage, None, None, None, DENIED)
    with pytest.raises(StoreError):
        put(s3_store, "k", data, resume_key="note")
    wire.reset()
    put(s3_store, "k", data, resume_key="note")
    assert wire.count("UploadPart") == 2
    assert read(s3_store, "k") == data


@pytest.mark.parametrize("change", ["content", "attributes", "key"])
def test_an_upload_of_something_else_is_not_continued(s3_store, wire, data, change):
    wire.plan("UploadPart", *[None] * (PARTS - 1), DENIED)
    with pytest.raises(StoreError):
        put(s3_store, "k", data, resume_key="note")
    wire.reset()
    other = data[:-1] + bytes([data[-1] ^ 1]) if change == "content" else data
    attributes = ATTRIBUTES if change == "attributes" else Attributes()
    key = "other" if change == "key" else "k"
    put(s3_store, key, other, resume_key="note", attributes=attributes)
    assert wire.count("UploadPart") == PARTS
    assert read(s3_store, key) == other


def test_an_upload_that_was_removed_meanwhile_is_begun_anew(s3_store, wire, data):
    wire.plan("UploadPart", None, DENIED)
    with pytest.raises(StoreError):
        put(s3_store, "k", data, resume_key="note")
    s3_store.sweep("", older_than=-60, mend=True)
    put(s3_store, "k", data, resume_key="note")
    assert read(s3_store, "k") == data
    assert keys(s3_store) == ["k"]


@pytest.mark.parametrize("note", [b"", b"[]", b"{}", b'{"upload_id": "x", "nonce": "y"}'])
def test_a_note_that_says_nothing_is_ignored(s3_store, data, note):
    put(s3_store, "note", note)
    put(s3_store, "k", data, resume_key="note")
    assert read(s3_store, "k") == data
    assert keys(s3_store) == ["k"]


def test_a_note_has_what_an_upload_must_have_in_common(s3_store, wire, data):
    wire.plan("UploadPart", DENIED)
    with pytest.raises(StoreError):
        put(s3_store, "k", data, resume_key="note")
    note = json.loads(read(s3_store, "note"))
    with Content.open(data) as content:
        assert note["sha256"] == content.sha256
    assert (note["format"], note["key"], note["size"], note["part_size"]) == (
        1,
        "k",
        SIZE,
        8 * MIB,
    )


@pytest.mark.only_stores("ceph")  # moto answers 500 where an upload is gone
def test_an_upload_that_another_process_completed_is_done(store, client_of, data):
    with Wire(client_of("ceph")) as wire:
        wire.plan("UploadPart", *[None] * (PARTS - 1), DENIED)
        with pytest.raises(StoreError):
            put(store, "k", data, resume_key="note")
        wire.reset()
        wire.plan("UploadPart", meanwhile(lambda: put(store, "k", data, resume_key="note")))
        put(store, "k", data, resume_key="note")
        assert wire.count("CreateMultipartUpload") == 0
    assert read(store, "k") == data
    assert unfinished(store) == []


# ---- failing


def test_an_upload_that_fails_and_can_not_be_resumed_is_aborted(s3_store, wire, data):
    wire.plan("UploadPart", None, DENIED)
    with pytest.raises(StoreError):
        put(s3_store, "k", data)
    assert (unfinished(s3_store), keys(s3_store)) == ([], [])


def test_after_an_error_no_further_part_is_begun(s3_store, wire):
    wire.plan("UploadPart", *[DENIED] * 100)
    with pytest.raises(StoreError):
        put(s3_store, "k", bytes(20 * 8 * MIB))
    assert wire.count("UploadPart") <= IN_FLIGHT


def test_what_has_not_begun_when_a_call_fails_never_begins():
    begun = []

    def fail():
        begun.append(True)
        raise StoreError("no")

    with pytest.raises(StoreError):
        in_flight(dict.fromkeys(range(100), fail), lambda *_: None)
    assert len(begun) <= IN_FLIGHT


def test_an_interrupted_upload_is_aborted(s3_store, data):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(s3_store, "k", data, progress=interrupt)
    assert unfinished(s3_store) == []


def test_a_part_whose_answers_are_lost_has_written_nothing(s3_store, wire, data):
    wire.plan("UploadPart", *[lose_answer] * 100)
    with pytest.raises(StoreUnavailableError):
        put(s3_store, "k", data)
    assert (unfinished(s3_store), keys(s3_store)) == ([], [])


def test_a_part_whose_answer_is_lost_once_is_sent_again(s3_store, wire, data):
    wire.plan("UploadPart", lose_answer, lose_request, answer(500, "InternalError"))
    put(s3_store, "k", data)
    assert read(s3_store, "k") == data


class ChangingFile(BytesIO):
    """A file whose last byte changes before it is read from its beginning for the nth time."""

    def __init__(self, data, nth):
        super().__init__(data)
        self._left = nth

    def seek(self, offset, whence=0):
        if (offset, whence) == (0, 0):
            self._left -= 1
            if self._left == 0:
                self.getbuffer()[-1] ^= 1
        return super().seek(offset, whence)


def test_content_that_changes_before_its_parts_are_hashed_stores_nothing(s3_store, wire, data):
    with pytest.raises(ContentChangedError):
        put(s3_store, "k", ChangingFile(data, 1))
    assert wire.count() == 0


@pytest.mark.only_stores("ceph")  # moto takes any Content-MD5
@pytest.mark.parametrize("size", [1000, 9 * MIB, SIZE])
def test_content_that_changes_after_it_was_hashed_stores_nothing(store, size):
    with pytest.raises(ContentChangedError):
        put(store, "k", ChangingFile(bytes(size), 2), resume_key="note")
    assert keys(store) == []
    assert unfinished(store) == []


def test_bytes_that_arrive_damaged_from_an_unchanged_source_are_told_apart(s3_store, wire, data):
    wire.plan("UploadPart", answer(400, "BadDigest"))
    with pytest.raises(StoreUnavailableError, match="damaged"):
        put(s3_store, "k", data)
    wire.plan("PutObject", answer(400, "BadDigest"))
    with pytest.raises(StoreUnavailableError, match="damaged"):
        put(s3_store, "k", b"small")


@pytest.mark.parametrize(
    "fault", [lose_answer, lose_request, answer(500, "InternalError"), answer(200, "InternalError")]
)
def test_a_completion_that_fails_once_is_repeated(s3_store, wire, data, fault):
    wire.plan("CompleteMultipartUpload", fault)
    put(s3_store, "k", data)
    assert read(s3_store, "k") == data
    assert unfinished(s3_store) == []


def test_a_completion_that_was_done_and_is_gone_when_repeated_is_done(s3_store, wire, data):
    wire.plan("CompleteMultipartUpload", lose_answer, answer(404, "NoSuchUpload"))
    put(s3_store, "k", data)
    assert wire.count("CreateMultipartUpload") == 1
    assert read(s3_store, "k") == data


def test_a_completion_of_which_nothing_is_heard_may_have_happened(s3_store, wire, data):
    wire.plan("CompleteMultipartUpload", *[lose_request] * 100)
    with pytest.raises(OutcomeUnknownError):
        put(s3_store, "k", data, resume_key="note")
    assert keys(s3_store) == ["note"]


@pytest.mark.only_stores("ceph")  # moto answers 500 where an upload is gone
def test_an_upload_that_was_swept_while_it_was_sent_is_begun_anew(store, client_of, data):
    def sweep():
        store.sweep("", older_than=-60, mend=True)

    with Wire(client_of("ceph")) as wire:
        wire.plan("UploadPart", meanwhile(sweep))
        put(store, "k", data, resume_key="note")
        assert wire.count("CreateMultipartUpload") == 2
    assert read(store, "k") == data
    assert keys(store) == ["k"]
    assert unfinished(store) == []


@pytest.mark.only_stores("ceph")  # which answers 500, and says that it is being completed
def test_an_upload_that_was_swept_before_its_completion_can_be_repeated(store, client_of, data):
    def sweep():
        store.sweep("", older_than=-60, mend=True)

    with Wire(client_of("ceph")) as wire:
        wire.plan("CompleteMultipartUpload", meanwhile(sweep))
        with pytest.raises(StoreUnavailableError):
            put(store, "k", data, resume_key="note")
    assert keys(store) == ["note"]
    put(store, "k", data, resume_key="note")
    assert read(store, "k") == data
    assert keys(store) == ["k"]


def test_an_upload_that_is_gone_is_begun_anew(s3_store, wire, data):
    wire.plan("CompleteMultipartUpload", answer(404, "NoSuchUpload"))
    put(s3_store, "k", data)
    assert wire.count("CreateMultipartUpload") == 2
    assert read(s3_store, "k") == data


def test_a_note_that_can_not_be_removed_does_no_harm(s3_store, wire, data):
    wire.plan("DeleteObject", *[DENIED] * 10)
    put(s3_store, "k", data, resume_key="note")
    put(s3_store, "k", data, resume_key="note")
    assert read(s3_store, "k") == data


def test_a_store_that_forgets_the_tags_of_an_upload_is_told_again(s3_store, wire, data):
    def forget(request, send):
        del request.headers["x-amz-tagging"]
        return send(request)

    wire.plan("CreateMultipartUpload", forget)
    info = put(s3_store, "k", data, attributes=ATTRIBUTES)
    assert s3_store.tags("k") == ATTRIBUTES.tags
    assert info.tag_count == 1


# ---- copies in parts


@pytest.fixture
def small_limits(monkeypatch):
    """Copies of more than 5 MiB go in parts of 5 MiB."""
    monkeypatch.setattr(s3_multipart, "COPY_LIMIT", 5 * MIB)
    monkeypatch.setattr(s3_multipart, "SMALLEST_COPIED_PART", 5 * MIB)


@pytest.fixture
def source(s3_store, small_limits):
    return put(s3_store, "source", random.Random(2).randbytes(12 * MIB), attributes=ATTRIBUTES)


@pytest.mark.only_stores("moto", "ceph")
def test_a_copy_in_parts_keeps_everything(store, small_limits):
    data = random.Random(2).randbytes(12 * MIB)
    source = put(store, "source", data, attributes=ATTRIBUTES)
    copied = store.copy(source, "target")
    found = store.head("target")
    for info in (copied, found):
        assert (info.key, info.size, info.etag) == ("target", 12 * MIB, found.etag)
        assert dict(info.metadata) == ATTRIBUTES.metadata
        assert info.content_type == ATTRIBUTES.content_type
    assert store.tags("target") == ATTRIBUTES.tags
    assert read(store, "target") == data


def test_a_copy_in_parts_asks_for_the_source_as_it_was_seen(s3_store, source, wire):
    s3_store.copy(source, "target")
    parts = [sent for sent in wire.sent if sent.operation == "UploadPartCopy"]
    assert [p.headers["x-amz-copy-source-if-match"] for p in parts] == [f'"{source.etag}"'] * 3
    assert sorted(p.headers["x-amz-copy-source-range"] for p in parts) == [
        f"bytes=0-{5 * MIB - 1}",
        f"bytes={10 * MIB}-{12 * MIB - 1}",
        f"bytes={5 * MIB}-{10 * MIB - 1}",
    ]


def test_a_create_only_copy_in_parts_leaves_what_is_there(s3_store, source):
    put(s3_store, "target", b"old")
    with pytest.raises(PreconditionFailedError):
        s3_store.copy(source, "target", if_absent=True)
    assert read(s3_store, "target") == b"old"
    assert unfinished(s3_store) == []


def test_a_create_only_copy_in_parts_that_won_and_was_repeated_has_won(s3_store, source, wire):
    wire.plan("CompleteMultipartUpload", lose_answer, answer(412, "PreconditionFailed"))
    assert s3_store.copy(source, "target", if_absent=True).key == "target"


def test_a_copy_in_parts_of_a_source_that_changed_is_aborted(s3_store, source, wire):
    wire.plan("UploadPartCopy", None, answer(412, "PreconditionFailed"))
    with pytest.raises(PreconditionFailedError):
        s3_store.copy(source, "target")
    assert unfinished(s3_store) == []
    assert keys(s3_store) == ["source"]


def test_a_server_that_copies_empty_parts_is_caught(s3_store, source, wire):
    shorter = put(s3_store, "source", b"x" * (6 * MIB), attributes=ATTRIBUTES)

    def copy_less(request, send):  # of the last part: S3 refuses others that are so small
        name = "x-amz-copy-source-range"
        if request.headers.pop(name) == f"bytes={5 * MIB}-{6 * MIB - 1}".encode():
            request.headers[name] = "bytes=0-1"
        else:
            request.headers[name] = f"bytes=0-{5 * MIB - 1}"
        return send(request)

    wire.plan("UploadPartCopy", copy_less, copy_less)
    with pytest.raises(StoreError, match="can't copy parts"):
        s3_store.copy(shorter, "target")
    assert keys(s3_store) == ["source"]

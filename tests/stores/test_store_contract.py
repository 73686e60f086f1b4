"""What every store promises, run on each of the chosen ones: `pytest --stores=local,moto,ceph`."""

import random
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from versioned.content import CHUNK_SIZE, Content
from versioned.errors import ObjectNotFoundError, PreconditionFailedError
from versioned.stores.base import (
    ALL_CAPABILITIES,
    SINGLE_PUT_LIMIT,
    Attributes,
    Capabilities,
)

MIB = 1024 * 1024
WRONG_ETAG = "0" * 32
THREADS = 8
MOMENT = timedelta(minutes=1)
"""Longer than any machine stands still between a write and its answer."""

PROVED = {
    "local": ALL_CAPABILITIES,
    "moto": Capabilities(
        create_only=True,
        compare_and_set=True,
        conditional_delete=True,
        conditional_complete=True,
    ),
    "ceph": Capabilities(create_only=True, compare_and_set=True),
}

ATTRIBUTES = Attributes(
    metadata={"artifact_name": "app", "artifact_sha256": "ab" * 32, "author": "a=b; c, (d)"},
    content_type="text/x-lua; charset=utf-8",
    tags={"team": "red and blue", "cost/centre": "4+2=6", "a:b@c": "x.y-z_", "empty": ""},
)

STRANGE_KEYS = [
    "with space",
    "plus+plus",
    "percent%41",
    "question?mark",
    "number#sign",
    "ampersand&x=1",
    "quote'\"",
    "größe/日本語/🎈",
    "~tilde*star!(paren)",
    "semi;colon:comma,at@",
    "a//b",
    "dots/../dots",
]


def put(store, key, data, **options):
    with Content.open(data) as content:
        return store.put(key, content, **options)


def read(store, key, **options):
    with store.get(key, **options) as body:
        return b"".join(body)


def keys(store, prefix="", **options):
    return [line.key for line in store.list_objects(prefix, **options)]


def needs(store_kind, capability):
    if not getattr(PROVED[store_kind], capability):
        pytest.skip(f"{store_kind} does not enforce it, and says so: {capability}")


# ---- one object


def test_what_was_put_is_read(store):
    put(store, "a/b", b"content")
    assert read(store, "a/b") == b"content"


def test_an_object_keeps_its_metadata_content_type_and_tags(store):
    put(store, "k", b"x", attributes=ATTRIBUTES)
    info = store.head("k")
    assert dict(info.metadata) == ATTRIBUTES.metadata
    assert info.content_type == ATTRIBUTES.content_type
    assert store.tags("k") == ATTRIBUTES.tags


@pytest.mark.only_stores("local", "ceph")  # moto takes ASCII only, AWS and Ceph any letters
def test_tags_may_have_letters_of_any_script(store):
    put(store, "k", b"x", attributes=Attributes(tags={"größe": "日本 ö"}))
    assert store.tags("k") == {"größe": "日本 ö"}


def test_an_object_without_attributes_has_no_metadata_and_no_tags(store):
    put(store, "k", b"x")
    assert dict(store.head("k").metadata) == {}
    assert store.tags("k") == {}


def test_metadata_keys_come_back_in_lower_case(store):
    info = put(store, "k", b"x", attributes=Attributes(metadata={"Author": "Me"}))
    assert dict(info.metadata) == dict(store.head("k").metadata) == {"author": "Me"}


@pytest.mark.parametrize("size", [0, 1, CHUNK_SIZE, 9 * MIB + 1])
def test_put_head_and_get_tell_the_same(store, size):
    data = random.Random(size).randbytes(size)
    written = put(store, "k", data, attributes=ATTRIBUTES)
    found = store.head("k")
    with store.get("k") as body:
        assert b"".join(body) == data
        opened = body.info
    for info in (written, found, opened):
        assert (info.key, info.size, info.etag) == ("k", size, written.etag)
        assert dict(info.metadata) == ATTRIBUTES.metadata
        assert info.content_type == ATTRIBUTES.content_type
    assert found.modified == opened.modified
    assert abs(written.modified - found.modified) < MOMENT


def test_a_get_counts_the_tags(store):
    put(store, "k", b"x", attributes=ATTRIBUTES)
    with store.get("k") as body:
        assert body.info.tag_count == len(ATTRIBUTES.tags)


def test_an_etag_has_no_quotes(store):
    written = put(store, "k", b"x")
    copied = store.copy(written, "copy")
    with store.get("k") as body:
        opened = body.info
    infos = (written, copied, opened, store.head("k"), *store.list_objects(""))
    assert all(info.etag and '"' not in info.etag for info in infos)


def test_other_bytes_have_another_etag(store):
    assert put(store, "k", b"one").etag != put(store, "k", b"two").etag


def test_times_are_in_utc_and_of_now(store):
    now = datetime.now(UTC)
    written, found = put(store, "k", b"x"), store.head("k")
    for moment in (written.modified, written.served, found.modified, found.served, store.now()):
        assert moment.utcoffset() == timedelta(0)
        assert abs(moment - now) < MOMENT


def test_a_put_replaces_content_and_attributes(store):
    put(store, "k", b"one", attributes=ATTRIBUTES)
    put(store, "k", b"two", attributes=Attributes(metadata={"other": "1"}))
    assert read(store, "k") == b"two"
    assert dict(store.head("k").metadata) == {"other": "1"}
    assert store.tags("k") == {}


def test_a_put_reports_its_progress_up_to_the_end(store):
    calls = []
    put(store, "k", b"x" * 1000, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (1000, 1000)


def test_a_file_is_put_from_where_it_stands(store, tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    with (tmp_path / "file").open("rb") as file:
        file.seek(4)
        put(store, "k", file)
    assert read(store, "k") == b"456789"


@pytest.mark.parametrize("operation", ["head", "get", "tags"])
def test_what_is_missing_is_not_found(store, operation):
    put(store, "k/below", b"x")
    with pytest.raises(ObjectNotFoundError, match="k"):
        getattr(store, operation)("k")


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_any_key_can_be_written_read_listed_copied_and_deleted(store, key):
    info = put(store, key, key.encode())
    assert info.key == key
    assert read(store, key) == key.encode()
    assert store.head(key).key == key
    assert keys(store) == [key]
    store.copy(info, "copy")
    assert read(store, "copy") == key.encode()
    store.delete_many([key, "copy"])
    assert keys(store) == []


# ---- ranges


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (0, 4, b"0123"),
        (3, 4, b"3456"),
        (7, None, b"789"),
        (7, 100, b"789"),
        (9, 1, b"9"),
        (10, 5, b""),
        (10, None, b""),
        (99, 1, b""),
        (5, 0, b""),
    ],
)
def test_a_range_is_read_and_the_size_is_that_of_the_whole(store, start, length, expected):
    put(store, "k", b"0123456789")
    with store.get("k", start=start, length=length) as body:
        assert b"".join(body) == expected
        assert body.info.size == 10


def test_any_range_of_an_empty_object_is_empty(store):
    put(store, "k", b"")
    assert read(store, "k", start=0, length=10) == b""
    assert read(store, "k", start=5) == b""


def test_a_read_under_a_condition_wants_this_very_object(store):
    etag = put(store, "k", b"one").etag
    assert read(store, "k", if_match=etag) == b"one"
    assert read(store, "k", start=1, length=1, if_match=etag) == b"n"
    put(store, "k", b"two")
    for options in ({}, {"start": 1, "length": 1}, {"length": 0}):
        with pytest.raises(PreconditionFailedError):
            read(store, "k", if_match=etag, **options)


def test_a_body_can_be_left_before_its_end(store):
    put(store, "k", bytes(3 * CHUNK_SIZE))
    with store.get("k") as body:
        assert len(next(iter(body))) <= CHUNK_SIZE
    assert len(read(store, "k")) == 3 * CHUNK_SIZE


# ---- conditions


def test_create_only_creates_what_is_missing(store):
    put(store, "k", b"one", if_absent=True)
    assert read(store, "k") == b"one"


def test_create_only_leaves_what_is_there(store):
    put(store, "k", b"one")
    with pytest.raises(PreconditionFailedError):
        put(store, "k", b"two", if_absent=True)
    assert read(store, "k") == b"one"


def test_create_only_creates_again_after_a_deletion(store):
    put(store, "k", b"one", if_absent=True)
    store.delete("k")
    put(store, "k", b"two", if_absent=True)
    assert read(store, "k") == b"two"


def test_compare_and_set_replaces_what_it_expects(store):
    etag = put(store, "k", b"one").etag
    put(store, "k", b"two", if_match=etag)
    assert read(store, "k") == b"two"


def test_compare_and_set_takes_an_etag_from_a_head_and_from_a_listing(store):
    put(store, "k", b"one")
    put(store, "k", b"two", if_match=store.head("k").etag)
    put(store, "k", b"three", if_match=store.list_objects("k")[0].etag)
    assert read(store, "k") == b"three"


def test_compare_and_set_leaves_what_it_does_not_expect(store):
    etag = put(store, "k", b"one").etag
    put(store, "k", b"two")
    with pytest.raises(PreconditionFailedError):
        put(store, "k", b"three", if_match=etag)
    assert read(store, "k") == b"two"


def test_compare_and_set_does_not_create(store):
    with pytest.raises(PreconditionFailedError):
        put(store, "k", b"one", if_match=WRONG_ETAG)
    assert keys(store) == []


def test_a_store_is_proved_to_enforce_what_it_does(store, store_kind):
    assert store.probe() == PROVED[store_kind]


def test_a_probe_leaves_nothing_behind(store):
    put(store, "k", b"x")
    store.probe()
    assert keys(store) == ["k"]
    assert store.sweep("", older_than=-60, mend=False) == []


def test_what_is_known_without_asking_is_what_a_probe_finds(store, store_kind):
    assert store.capabilities in {None, PROVED[store_kind]}


# ---- copies


def test_a_copy_keeps_content_metadata_content_type_and_tags(store):
    source = put(store, "source", b"content", attributes=ATTRIBUTES)
    copied = store.copy(source, "target")
    found = store.head("target")
    for info in (copied, found):
        assert (info.key, info.size, info.etag) == ("target", 7, copied.etag)
        assert dict(info.metadata) == ATTRIBUTES.metadata
        assert info.content_type == ATTRIBUTES.content_type
    assert store.tags("target") == ATTRIBUTES.tags
    assert read(store, "source") == read(store, "target") == b"content"


def test_a_copy_replaces_its_target(store):
    put(store, "target", b"old", attributes=ATTRIBUTES)
    store.copy(put(store, "source", b"new"), "target")
    assert read(store, "target") == b"new"
    assert dict(store.head("target").metadata) == {}


def test_a_copy_of_what_is_missing_is_not_found(store):
    source = put(store, "source", b"x")
    store.delete("source")
    with pytest.raises(ObjectNotFoundError, match="source"):
        store.copy(source, "target")
    assert keys(store) == []


def test_a_create_only_copy_creates_what_is_missing(store):
    store.copy(put(store, "source", b"new"), "target", if_absent=True)
    assert read(store, "target") == b"new"


def test_a_create_only_copy_leaves_what_is_there(store, store_kind):
    needs(store_kind, "conditional_copy")
    put(store, "target", b"old")
    with pytest.raises(PreconditionFailedError):
        store.copy(put(store, "source", b"new"), "target", if_absent=True)
    assert read(store, "target") == b"old"


def test_a_copy_of_a_source_that_changed_is_refused(store, store_kind):
    needs(store_kind, "conditional_copy")
    source = put(store, "source", b"seen")
    put(store, "source", b"newer")
    with pytest.raises(PreconditionFailedError):
        store.copy(source, "target")
    assert keys(store) == ["source"]


# ---- deletion


def test_deleting_is_idempotent(store):
    put(store, "k", b"x")
    store.delete("k")
    store.delete("k")
    assert keys(store) == []


def test_a_deletion_of_another_object_is_refused(store, store_kind):
    needs(store_kind, "conditional_delete")
    etag = put(store, "k", b"one").etag
    put(store, "k", b"two")
    with pytest.raises(PreconditionFailedError):
        store.delete("k", if_match=etag)
    assert read(store, "k") == b"two"


def test_a_deletion_of_this_very_object_is_done(store):
    store.delete("k", if_match=put(store, "k", b"one").etag)
    assert keys(store) == []


def test_a_conditional_deletion_of_what_is_missing_is_idempotent(store):
    store.delete("k", if_match=WRONG_ETAG)
    assert keys(store) == []


def test_many_are_deleted_and_the_rest_stays(store):
    for key in ("a", "b/c", "b/d", "e"):
        put(store, key, b"x")
    store.delete_many(["a", "b/d", "was/never/there"])
    assert keys(store) == ["b/c", "e"]


def test_deleting_none_is_nothing(store):
    store.delete_many([])


def test_more_than_a_thousand_are_listed_in_order_and_deleted(store):
    names = [f"k/{number:04d}" for number in range(1100)]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda name: put(store, name, b""), names))
    assert keys(store) == names
    assert keys(store, limit=1050) == names[:1050]
    store.delete_many(iter(names))
    assert keys(store) == []


# ---- listings


def test_a_listing_is_in_the_order_of_bytes(store):
    names = ["a", "a/b", "a-b", "B", "b", "a/é", "a/z", "10", "9", "\uffee", "\U0001f388"]
    for name in names:
        put(store, name, b"")
    assert keys(store) == sorted(names, key=str.encode)


def test_a_listing_has_size_etag_and_time(store):
    written = put(store, "k", b"12345")
    [line] = store.list_objects("")
    assert (line.key, line.size, line.etag) == ("k", 5, written.etag)
    assert abs(line.modified - written.modified) < MOMENT
    assert line.modified.utcoffset() == timedelta(0)


def test_a_listing_is_of_its_prefix_only(store):
    for key in ("a/1", "a/2", "ab/3", "b/a/4"):
        put(store, key, b"")
    assert keys(store, "a/") == ["a/1", "a/2"]
    assert keys(store, "a") == ["a/1", "a/2", "ab/3"]
    assert keys(store, "c/") == []


def test_a_prefix_is_no_pattern(store):
    for key in ("a%b", "axb", "a_b", "a*b", "A%b"):
        put(store, key, b"")
    assert keys(store, "a%") == ["a%b"]
    assert keys(store, "a_") == ["a_b"]
    assert keys(store, "a*") == ["a*b"]


def test_a_listing_can_be_limited(store):
    for key in "abc":
        put(store, key, b"")
    assert [keys(store, limit=n) for n in (0, 1, 3, 9)] == [[], ["a"], list("abc"), list("abc")]


def test_folders_are_those_right_under_the_root(store):
    for key in ("plain", "b/1", "a/x/2", "a/y", "größe/1", "with space/1"):
        put(store, key, b"")
    assert store.list_folders() == ["a", "b", "größe", "with space"]


def test_folders_below_a_prefix_are_those_of_the_next_level_only(store):
    for key in ("a/plain", "a/b/1", "a/b/c/2", "a/größe/x/3", "ab/d/4", "a0/e/5", "b/f/6"):
        put(store, key, b"")
    assert store.list_folders("a/") == ["b", "größe"]
    assert store.list_folders("a/b/") == ["c"]
    assert store.list_folders("a/b/c/") == []
    assert store.list_folders("none/") == []


def test_an_empty_store_has_no_objects_and_no_folders(store):
    assert (store.list_objects(""), store.list_folders()) == ([], [])


def test_stores_do_not_see_each_other(store_kind, make_store):
    one, other = make_store(store_kind), make_store(store_kind)
    put(one, "k", b"x")
    assert (keys(other), other.list_folders()) == ([], [])


# ---- large objects


@pytest.fixture(scope="module")
def large():
    return random.Random(0).randbytes(SINGLE_PUT_LIMIT + 3 * MIB + 1)


def test_a_large_object_is_written_and_read_whole(store, large):
    info = put(store, "k", large, attributes=ATTRIBUTES, resume_key="note")
    found = store.head("k")
    assert (info.size, info.etag) == (found.size, found.etag) == (len(large), info.etag)
    assert dict(found.metadata) == dict(info.metadata) == ATTRIBUTES.metadata
    assert store.tags("k") == ATTRIBUTES.tags
    assert read(store, "k") == large
    assert keys(store) == ["k"]


def test_the_progress_of_a_large_object_only_grows(store, large):
    calls = []
    put(store, "k", large, progress=lambda done, total: calls.append((done, total)))
    assert [total for _, total in calls] == [len(large)] * len(calls)
    assert sorted(calls) == calls
    assert calls[-1][0] == len(large)


def test_a_large_object_is_read_in_part(store, large):
    put(store, "k", large)
    assert read(store, "k", start=16 * MIB - 2, length=4) == large[16 * MIB - 2 : 16 * MIB + 2]


def test_a_large_object_is_copied(store, large):
    store.copy(put(store, "source", large, attributes=ATTRIBUTES), "target")
    assert read(store, "target") == large
    assert store.tags("target") == ATTRIBUTES.tags


# ---- several at once


def test_gather_gives_results_in_order(store):
    for number in range(20):
        put(store, str(number), b"%d" % number)
    calls = [lambda n=number: read(store, str(n)) for number in range(20)]
    assert store.gather(*calls) == [b"%d" % number for number in range(20)]
    assert store.gather() == []


def test_gather_runs_all_and_then_raises_the_first_error(store):
    done = []

    def fail(key):
        store.head(key)

    with pytest.raises(ObjectNotFoundError, match="one"):
        store.gather(
            lambda: put(store, "a", b""),
            lambda: fail("one"),
            lambda: fail("two"),
            lambda: done.append(1),
        )
    assert (keys(store), done) == (["a"], [1])


def test_of_many_create_only_writes_exactly_one_wins(store):
    for number in range(10):
        start = threading.Barrier(THREADS)

        def attempt(name, key=f"k{number}", start=start):
            start.wait()
            try:
                put(store, key, name, if_absent=True)
            except PreconditionFailedError:
                return None
            return name

        with ThreadPoolExecutor(THREADS) as pool:
            outcomes = list(pool.map(attempt, [b"%d" % n for n in range(THREADS)]))
        assert [name for name in outcomes if name] == [read(store, f"k{number}")]


def test_a_compare_and_set_counter_loses_nothing(store):
    put(store, "counter", b"0 start")
    start = threading.Barrier(THREADS)

    def increment(times):
        start.wait()
        while times:
            with store.get("counter") as body:
                value, etag = int(b"".join(body).split()[0]), body.info.etag
            try:
                put(store, "counter", f"{value + 1} {secrets.token_hex(4)}".encode(), if_match=etag)
            except PreconditionFailedError:
                continue
            times -= 1

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(increment, [5] * THREADS))
    assert read(store, "counter").split()[0] == b"40"

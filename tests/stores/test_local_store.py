"""What only a local store promises: crashes, processes, forks, damage. The rest is the contract's."""

import multiprocessing
import os
import resource
import shutil
import signal
import sqlite3
import tempfile
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

from versioned.content import CHUNK_SIZE, Content
from versioned.errors import (
    AccessDeniedError,
    ContentMismatchError,
    ObjectNotFoundError,
    PreconditionFailedError,
    RepositoryNotFoundError,
    StoreError,
    StoreUnavailableError,
)
from versioned.stores import local_connections, local_rows, local_sweep
from versioned.stores.base import Attributes, ObjectInfo
from versioned.stores.local import LocalStore
from versioned.stores.local_blobs import Blobs

# Forking is what is tested; newer Pythons warn of it where a test runner has threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

PROCESSES = 8
NOBODY = 65534


@pytest.fixture
def root(tmp_path):
    return tmp_path / "repository"


@pytest.fixture
def store(root):
    with closing(LocalStore(root)) as store:
        store.create()
        yield store


@pytest.fixture
def foreign_root():
    """A repository that holds `k`, whose files the caller of `in_a_process` may only read."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        root = Path(folder) / "repository"
        with closing(LocalStore(root)) as store:
            store.create()
            put(store, "k", b"x")
        set_mode(root, 0o555)
        yield root
        set_mode(root, 0o755)


def set_mode(root, mode):
    root.chmod(0o755)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(mode)


def put(store, key, data, **options) -> ObjectInfo:
    with Content.open(data) as content:
        return store.put(key, content, **options)


def read(store, key) -> bytes:
    with store.get(key) as body:
        return b"".join(body)


def blobs(root) -> list[Path]:
    return [path for path in (root / "blobs").rglob("*") if path.is_file()]


def sql(root, statement):
    with closing(sqlite3.connect(root / "versioned.db", isolation_level=None)) as connection:
        return connection.execute(statement).fetchall()


def together(count, work) -> list:
    """What `work(index)` returns in each of several processes that start at once."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(count)
    children = []

    def run(index, sender):
        barrier.wait(60)
        sender.send(work(index))

    for index in range(count):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=run, args=(index, sender))
        process.start()
        sender.close()
        children.append((process, receiver))
    results = [receiver.recv() for _, receiver in children]
    for process, receiver in children:
        receiver.close()
        process.join()
        process.close()
    return results


def in_a_process(work, *, unprivileged=False):
    def run(_):
        if unprivileged and os.geteuid() == 0:
            os.setuid(NOBODY)
        return work()

    return together(1, run)[0]


def killed_at(owner, name, work):
    """Run `work` in a process that is killed when it comes to call a function."""

    def die(*_, **__):
        os.kill(os.getpid(), signal.SIGKILL)

    def run():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(owner, name, die)
            work()

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    process.close()


# -- creation


def test_the_constructor_creates_nothing(tmp_path):
    LocalStore(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_creating_again_keeps_what_is_there(store, root):
    put(store, "k", b"x")
    LocalStore(root).create()
    assert read(store, "k") == b"x"


def test_many_processes_may_create_at_once(root):
    def work(index):
        store = LocalStore(root)
        store.create()
        put(store, f"k{index}", b"x")

    together(PROCESSES, work)
    with closing(LocalStore(root)) as store:
        assert len(store.list_objects("")) == PROCESSES
        assert store.sweep("", older_than=0, mend=False) == []


def test_a_creation_that_was_killed_can_be_repeated(root):
    killed_at(Path, "rename", LocalStore(root).create)
    with closing(LocalStore(root)) as store:
        with pytest.raises(RepositoryNotFoundError):
            store.head("k")
        store.create()
        assert len(store.sweep("", older_than=0, mend=True)) == 1
        assert store.list_objects("") == []


@pytest.mark.parametrize(
    "operation",
    [
        lambda store, _: store.head("k"),
        lambda store, _: store.get("k"),
        lambda store, _: store.tags("k"),
        lambda store, _: put(store, "k", b"x"),
        lambda store, info: store.copy(info, "k2"),
        lambda store, _: store.delete("k"),
        lambda store, _: store.delete_many(["k"]),
        lambda store, _: store.list_objects(""),
        lambda store, _: store.list_folders(),
        lambda store, _: store.list_folders("a/"),
        lambda store, _: store.sweep("", older_than=0, mend=True),
        lambda store, _: store.probe(),
    ],
)
@pytest.mark.parametrize("existing", [True, False])
def test_an_operation_on_a_missing_repository_says_so_and_creates_nothing(
    tmp_path, store, operation, existing
):
    missing = tmp_path / "missing"
    if existing:
        missing.mkdir()
    with pytest.raises(RepositoryNotFoundError, match="versioned init"):
        operation(LocalStore(missing), put(store, "k", b"x"))
    assert not list(missing.rglob("*"))
    assert missing.exists() == existing


def test_a_repository_that_was_removed_is_missing(store, root):
    put(store, "k", b"x")
    shutil.rmtree(root)
    with pytest.raises(RepositoryNotFoundError):
        store.head("k")


def test_a_repository_that_was_removed_and_made_again_is_the_new_one(store, root):
    put(store, "k", b"x")
    shutil.rmtree(root)
    LocalStore(root).create()
    put(store, "k2", b"x")
    with closing(LocalStore(root)) as other:
        assert [line.key for line in other.list_objects("")] == ["k2"]


def test_a_directory_has_no_links_for_downloads(tmp_path):
    assert LocalStore(tmp_path).download_url("k", seconds=60) is None


def test_a_uri_names_the_directory_and_the_key(tmp_path):
    store = LocalStore(tmp_path / "a b" / ".." / "c")
    assert store.uri("app/é #1") == f"file://{tmp_path}/c#app/%C3%A9%20%231"


# -- blobs


def test_a_copy_shares_the_bytes_of_its_source(store, root):
    store.copy(put(store, "app/LATEST", b"x"), "app/1")
    assert read(store, "app/1") == b"x"
    assert len(blobs(root)) == 1


def test_the_same_content_is_stored_once(store, root):
    put(store, "a", b"x")
    put(store, "b", b"x")
    assert len(blobs(root)) == 1


def test_a_blob_may_not_be_written(store, root):
    put(store, "a", b"x")
    assert blobs(root)[0].stat().st_mode & 0o222 == 0


def test_overwriting_removes_the_blob_that_nothing_refers_to(store, root):
    put(store, "k", b"old")
    put(store, "k", b"new")
    assert [path.read_bytes() for path in blobs(root)] == [b"new"]


def test_overwriting_by_a_copy_removes_the_blob_that_nothing_refers_to(store, root):
    put(store, "k", b"old")
    store.copy(put(store, "other", b"new"), "k")
    assert [path.read_bytes() for path in blobs(root)] == [b"new"]


def test_overwriting_keeps_a_blob_that_another_object_refers_to(store):
    store.copy(put(store, "k", b"old"), "version")
    put(store, "k", b"new")
    assert read(store, "version") == b"old"


def test_writing_the_same_bytes_again_keeps_them_under_a_new_etag(store):
    first = put(store, "k", b"x")
    assert put(store, "k", b"x").etag != first.etag
    assert read(store, "k") == b"x"


def test_deleting_removes_the_blob_with_its_last_object(store, root):
    put(store, "a", b"x")
    put(store, "b", b"x")
    store.delete("a")
    assert read(store, "b") == b"x"
    store.delete_many(["b"])
    assert blobs(root) == []


def test_an_open_object_is_read_whole_after_it_was_overwritten(store):
    data = os.urandom(2 * CHUNK_SIZE + 1)
    put(store, "k", data)
    with store.get("k") as body:
        put(store, "k", b"new")
        assert b"".join(body) == data


def test_an_open_object_is_read_whole_after_it_was_deleted(store, root):
    put(store, "k", b"x")
    with store.get("k") as body:
        store.delete("k")
        assert blobs(root) == []
        assert b"".join(body) == b"x"


def test_a_failed_condition_leaves_no_file(store, root):
    put(store, "k", b"x")
    with pytest.raises(PreconditionFailedError):
        put(store, "k", b"y", if_absent=True)
    assert len(blobs(root)) == 1
    assert list((root / "tmp").iterdir()) == []


def test_an_error_of_the_caller_leaves_no_file(store, root):
    def fail(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(store, "k", b"x", progress=fail)
    assert blobs(root) == list((root / "tmp").iterdir()) == []


def test_a_write_that_fails_in_the_database_leaves_no_file(store, root):
    sql(root, "CREATE TRIGGER t BEFORE INSERT ON objects BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(StoreError, match="no"):
        put(store, "k", b"x")
    assert blobs(root) == list((root / "tmp").iterdir()) == []


def test_a_folder_that_a_backup_left_out_is_made_again(store, root):
    (root / "tmp").rmdir()
    put(store, "k", b"x")
    store.delete("k")
    shutil.rmtree(root / "blobs")
    put(store, "k", b"x")
    assert read(store, "k") == b"x"


# -- crashes


@pytest.mark.parametrize(
    ("point", "found"),
    [
        ((Blobs, "settle"), b"old"),  # the copy is written, nothing else
        ((local_rows, "is_referenced"), b"old"),  # the blob is in place, the row not committed
        ((LocalStore, "_release"), b"new"),  # committed; the old blob is still there
    ],
)
def test_a_killed_put_loses_nothing_and_sweep_removes_what_it_left(store, root, point, found):
    put(store, "k", b"old")
    put(store, "other", b"other")
    killed_at(*point, lambda: put(store, "k", b"new", if_match=store.head("k").etag))
    assert read(store, "k") == found
    assert len(store.sweep("", older_than=0, mend=False)) == 1
    assert len(store.sweep("", older_than=0, mend=True)) == 1
    assert store.sweep("", older_than=0, mend=True) == []
    assert len(blobs(root)) == len(store.list_objects("")) == 2
    assert read(store, "k") == found
    assert read(store, "other") == b"other"
    assert read_after_put(store, "k", b"new") == b"new"


def read_after_put(store, key, data):
    put(store, key, data)
    return read(store, key)


def test_what_is_not_old_enough_is_not_swept(store):
    killed_at(Blobs, "settle", lambda: put(store, "k", b"x"))
    assert store.sweep("", older_than=60, mend=True) == []
    (sentence,) = store.sweep("", older_than=0, mend=True)
    assert "interrupted write" in sentence


def test_blobs_are_swept_for_the_whole_repository_only(store, root):
    killed_at(LocalStore, "_release", lambda: [put(store, "a/k", d) for d in (b"1", b"2")])
    killed_at(Blobs, "remove", lambda: put(store, "a/k", b"3"))
    assert read(store, "a/k") == b"3"
    assert store.sweep("a/", older_than=0, mend=True) == []
    (sentence,) = store.sweep("", older_than=0, mend=True)
    assert sentence.endswith("(1 bytes); removed")
    assert len(blobs(root)) == 1


def test_sweep_leaves_files_of_others_alone(store, root):
    foreign = root / "blobs" / "ab" / "README"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("x")
    assert store.sweep("", older_than=0, mend=True) == []
    assert foreign.exists()


def test_a_file_that_is_swept_while_it_is_written_is_written_again(store):
    swept = []

    def sweep(_done, _total):
        if not swept:
            swept.extend(store.sweep("", older_than=0, mend=True))

    put(store, "k", b"x", progress=sweep)
    assert len(swept) == 1
    assert read(store, "k") == b"x"


# -- what another process may do in between


def test_content_whose_blob_vanishes_before_it_is_referred_to_is_written_again(store):
    put(store, "other", b"x")
    put(store, "k", b"x", progress=lambda _done, _total: store.delete("other"))
    assert read(store, "k") == b"x"


def test_a_blob_that_is_used_again_before_it_is_removed_stays(store, monkeypatch):
    release = LocalStore._release

    def use_first(self, unreferenced):
        monkeypatch.setattr(LocalStore, "_release", release)
        put(store, "other", b"x")
        release(self, unreferenced)

    put(store, "k", b"x")
    monkeypatch.setattr(LocalStore, "_release", use_first)
    store.delete("k")
    assert read(store, "other") == b"x"


def test_an_orphan_that_is_used_again_while_it_is_swept_stays(store, monkeypatch):
    find = local_sweep._orphans

    def use_then(*arguments):
        found = find(*arguments)
        put(store, "other", b"x")
        return found

    put(store, "k", b"x")
    killed_at(LocalStore, "_release", lambda: store.delete("k"))
    monkeypatch.setattr(local_sweep, "_orphans", use_then)
    assert store.sweep("", older_than=0, mend=True) == []
    assert read(store, "other") == b"x"


# -- processes and threads


def test_of_many_create_only_writes_one_wins(root):
    LocalStore(root).create()

    def work(index):
        store, wins = LocalStore(root), 0
        for number in range(10):
            with suppress(PreconditionFailedError):
                put(store, f"k{number}", f"{index}".encode(), if_absent=True)
                wins += 1
        return wins

    assert sum(together(PROCESSES, work)) == 10
    with closing(LocalStore(root)) as store:
        assert store.sweep("", older_than=0, mend=False) == []


def test_a_compare_and_set_counter_loses_nothing(root):
    with closing(LocalStore(root)) as store:
        store.create()
        put(store, "counter", b"0")

        def work(_index):
            for _ in range(10):
                increment(store, "counter")

        together(PROCESSES, work)
        assert read(store, "counter") == b"80"
        assert len(blobs(root)) == 1


def increment(store, key):
    while True:
        with store.get(key) as body:
            value = int(b"".join(body))
        with suppress(PreconditionFailedError):
            put(store, key, str(value + 1).encode(), if_match=body.info.etag)
            return


def test_the_same_content_written_and_deleted_at_once_keeps_its_bytes(root):
    LocalStore(root).create()

    def work(index):
        store = LocalStore(root)
        for number in range(20):
            info = put(store, f"k{index % 4}", b"same")
            with suppress(ObjectNotFoundError, PreconditionFailedError):
                store.copy(info, f"copy{number % 3}")
            with suppress(ObjectNotFoundError):
                assert read(store, f"k{(index + 1) % 4}") == b"same"
            store.delete_many([f"k{(index + number) % 4}", f"copy{index % 3}"])

    together(PROCESSES // 2, work)
    with closing(LocalStore(root)) as store:
        keys = [line.key for line in store.list_objects("")]
        assert all(read(store, key) == b"same" for key in keys)
        assert len(blobs(root)) == (1 if keys else 0)


def test_a_reader_sees_one_content_whole_while_others_write(root):
    LocalStore(root).create()
    contents = [bytes([n]) * (CHUNK_SIZE + n) for n in range(4)]

    def work(index):
        store = LocalStore(root)
        for _ in range(10):
            if index % 2:
                put(store, "k", contents[index])
            else:
                with suppress(ObjectNotFoundError):
                    assert read(store, "k") in contents

    together(4, work)


def test_threads_may_share_a_store(store):
    put(store, "counter", b"0")

    def work():
        for _ in range(10):
            increment(store, "counter")

    run_threads(4, work)
    assert read(store, "counter") == b"40"


def run_threads(count, work):
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_store_can_be_used_after_it_was_closed(store):
    put(store, "k", b"x")
    store.close()
    assert read(store, "k") == b"x"


def test_a_closed_repository_is_one_file_and_its_blobs(store, root):
    put(store, "k", b"x")
    store.close()
    assert sorted(path.name for path in root.iterdir()) == ["blobs", "tmp", "versioned.db"]


# -- forks


def test_what_a_forked_child_writes_survives_its_parent_closing(store, root):
    put(store, "k", b"x")
    context = multiprocessing.get_context("fork")
    written, closed = context.Event(), context.Event()

    def work():
        put(store, "a", b"x")
        written.set()
        closed.wait(60)
        put(store, "b", b"x")

    process = context.Process(target=work)
    process.start()
    assert written.wait(60)
    store.close()
    closed.set()
    process.join()
    process.close()
    with closing(LocalStore(root)) as other:
        assert [line.key for line in other.list_objects("")] == ["a", "b", "k"]


def test_threads_of_a_forked_child_may_use_the_store(store):
    put(store, "k", b"x")

    def work():
        thread = threading.Thread(target=lambda: put(store, "k2", b"y"), daemon=True)
        thread.start()
        thread.join(60)
        return thread.is_alive()

    assert in_a_process(work) is False
    assert read(store, "k2") == b"y"


def test_a_process_may_fork_while_its_threads_write(store):
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            put(store, f"{threading.get_ident()}/{number}", b"x")

    def fork():
        try:
            for number in range(10):
                in_a_process(lambda number=number: put(store, f"child/{number}", b"x").key)
        finally:
            stop.set()

    threads = [threading.Thread(target=work) for work in (write, write, fork)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.list_objects("child/")) == 10


def test_a_connection_of_another_process_is_refused(store):
    put(store, "k", b"x")
    store._database._reading._process = os.getppid()
    with pytest.raises(StoreError, match="fork"):
        store.head("k")
    store._database._reading._process = os.getpid()


# -- damage


@pytest.mark.parametrize("damaged", [b"", b"123", b"123456789"])
def test_bytes_of_another_length_are_damage(store, root, damaged):
    put(store, "k", b"12345678")
    overwrite(blobs(root)[0], damaged)
    with pytest.raises(ContentMismatchError, match="versioned verify"):
        read(store, "k")


def overwrite(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


def test_bytes_that_are_cut_while_they_are_read_are_damage(store, root):
    put(store, "k", b"x" * 3 * CHUNK_SIZE)
    blobs(root)[0].chmod(0o644)
    with store.get("k") as body:
        chunks = iter(body)
        next(chunks)
        os.truncate(blobs(root)[0], CHUNK_SIZE)
        with pytest.raises(ContentMismatchError, match="versioned verify"):
            list(chunks)


def test_missing_bytes_are_damage_and_are_not_copied(store, root):
    info = put(store, "k", b"x")
    blobs(root)[0].unlink()
    with pytest.raises(ContentMismatchError, match="versioned verify"):
        store.get("k")
    with pytest.raises(ContentMismatchError, match="versioned verify"):
        store.copy(info, "other")


def test_storing_the_same_content_mends_damaged_bytes(store, root):
    store.copy(put(store, "k", b"good"), "other")
    overwrite(blobs(root)[0], b"evil")
    put(store, "k", b"good")
    assert read(store, "other") == b"good"


def test_a_newer_schema_is_refused(store, root):
    store.close()
    sql(root, "PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="upgrade"):
        store.head("k")
    with pytest.raises(StoreError, match="upgrade"):
        store.create()


def test_a_database_of_somebody_else_is_refused(tmp_path):
    sql(tmp_path, "CREATE TABLE t (c)")
    with pytest.raises(StoreError, match="no database of a repository"):
        LocalStore(tmp_path).create()


@pytest.mark.parametrize("start", [0, 4096])
def test_a_corrupt_database_is_told_with_a_hint(store, root, start):
    for number in range(100):
        put(store, f"k{number}", b"x", attributes=Attributes(metadata={"a": "b" * 100}))
    store.close()
    database = root / "versioned.db"
    database.write_bytes(database.read_bytes()[:start] + b"junk" * 4096)
    with pytest.raises(StoreError, match=r"is damaged.*restore it from a backup") as caught:
        store.list_objects("")
    assert type(caught.value) is StoreError


def test_a_database_that_stays_locked_is_unavailable(store, root, monkeypatch):
    monkeypatch.setattr(local_connections, "BUSY_TIMEOUT", 0.01)
    with closing(sqlite3.connect(root / "versioned.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="locked"):
            put(store, "k", b"x")
        with pytest.raises(StoreUnavailableError, match="'a' could not be deleted"):
            store.delete_many(["a", "b"])
    assert list((root / "tmp").iterdir()) == []
    put(store, "k", b"x")


def test_a_full_disk_leaves_nothing_half_written(store, root):
    put(store, "k", b"old")

    def work():
        resource.setrlimit(resource.RLIMIT_FSIZE, (CHUNK_SIZE, CHUNK_SIZE))
        with pytest.raises(StoreError, match="no room is left"):
            put(store, "k", os.urandom(2 * CHUNK_SIZE))

    in_a_process(work)
    assert read(store, "k") == b"old"
    assert store.sweep("", older_than=0, mend=False) == []


# -- access


def test_a_repository_that_may_not_be_written_can_be_read(foreign_root):
    def work():
        store = LocalStore(foreign_root)
        store.create()
        assert store.list_folders() == []
        assert store.sweep("", older_than=0, mend=False) == []
        return read(store, "k")

    assert in_a_process(work, unprivileged=True) == b"x"


def test_a_repository_that_may_not_be_written_can_be_read_while_others_write(foreign_root):
    if os.geteuid() != 0:
        pytest.skip("needs two users")
    with closing(LocalStore(foreign_root)) as store:
        put(store, "k2", b"y")
        assert in_a_process(lambda: read(LocalStore(foreign_root), "k2"), unprivileged=True) == b"y"
        put(store, "k2", b"z")


@pytest.mark.parametrize(
    "operation",
    [
        lambda store: put(store, "k", b"y"),
        lambda store: store.delete("k"),
        lambda store: store.delete_many(["k"]),
        lambda store: store.copy(store.head("k"), "other"),
        lambda store: store.copy(store.head("k"), "k"),
    ],
)
def test_writing_where_one_may_not_is_denied(foreign_root, operation):
    def work():
        with pytest.raises(AccessDeniedError, match="write access"):
            operation(LocalStore(foreign_root))

    in_a_process(work, unprivileged=True)


def test_nothing_is_removed_without_the_right_to_lock_the_database(foreign_root):
    set_mode(foreign_root, 0o777)
    with closing(LocalStore(foreign_root)) as store:
        killed_at(LocalStore, "_release", lambda: put(store, "k", b"y"))
        assert read(store, "k") == b"y"
    (foreign_root / "versioned.db").chmod(0o444)

    def work():
        with pytest.raises(AccessDeniedError, match="write access"):
            LocalStore(foreign_root).sweep("", older_than=0, mend=True)

    in_a_process(work, unprivileged=True)
    assert len(blobs(foreign_root)) == 2


def test_changes_that_may_not_be_merged_are_not_overlooked(foreign_root):
    set_mode(foreign_root, 0o755)
    database, wal = foreign_root / "versioned.db", foreign_root / "versioned.db-wal"
    with closing(LocalStore(foreign_root)) as store:
        put(store, "k2", b"y")
        crashed = database.read_bytes(), wal.read_bytes()
    database.write_bytes(crashed[0])
    wal.write_bytes(crashed[1])
    set_mode(foreign_root, 0o555)

    def work():
        with pytest.raises(AccessDeniedError, match="after a crash"):
            LocalStore(foreign_root).list_objects("")

    in_a_process(work, unprivileged=True)


def test_a_directory_that_may_not_be_entered_is_denied(foreign_root):
    foreign_root.chmod(0)

    def work():
        with pytest.raises(AccessDeniedError):
            LocalStore(foreign_root).head("k")
        with pytest.raises(AccessDeniedError):
            LocalStore(foreign_root / "below").create()

    in_a_process(work, unprivileged=True)

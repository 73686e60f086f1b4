"""Real processes and threads at once, on every store."""

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from versioned import Repository, naming
from versioned.errors import (
    AliasConflictError,
    ArtifactNotFoundError,
    DeletionInProgressError,
    VersionInUseError,
)
from versioned.stores.local import LocalStore

WORKERS = 16


def at_once(count, call):
    """Run `call(i)` in threads that start together; results in order, errors raised."""
    barrier = threading.Barrier(count)

    def run(index):
        barrier.wait()
        return call(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_sixteen_publishers_each_get_their_own_number(repository):
    repository.put_artifact("app", b"same for all")
    published = at_once(WORKERS, lambda _: repository.publish_artifact_version("app").version)
    existing = {a.version for a in repository.list_artifact_versions("app")} - {"LATEST"}
    fresh = Counter(published)
    assert set(fresh) == existing
    assert repository.verify("app").ok


def test_publishers_of_changing_content_never_share_a_number(repository):
    """Each publishes what it finds as LATEST; a number holds what its publisher was told."""

    def work(index):
        told = []
        for turn in range(4):
            repository.put_artifact("app", b"content %d of %d" % (turn, index))
            published = repository.publish_artifact_version("app")
            told.append((published.version, published.sha256))
        return told

    told = [pair for pairs in at_once(WORKERS, work) for pair in pairs]
    assert len({version for version, _ in told}) == len(set(told)), "one number, two contents"
    stored = {a.version: a.sha256 for a in repository.list_artifact_versions("app")}
    assert all(stored[version] == sha256 for version, sha256 in told)
    assert repository.verify("app").ok
    assert [f for f in repository.doctor("app", older_than=0) if f.code != "stale-index"] == []


def test_concurrent_alias_writers_lose_nothing(repository):
    """Every write that was told to have won is in the history, and no other."""
    for number in (1, 2):
        repository.put_artifact("app", b"%d" % number)
        repository.publish_artifact_version("app")

    def work(index):
        won = 0
        while won < 3:
            try:
                repository.put_alias("app", "prod", 1 + index % 2, by=f"worker {index}")
                won += 1
            except AliasConflictError:
                continue
        return won

    at_once(8, work)
    entries = repository.history("app", "prod")
    assert Counter(e.by for e in entries) == {f"worker {i}": 3 for i in range(8)}
    positions = [e.position for e in entries[1:]]
    assert positions == list(range(len(positions), 0, -1))


def test_a_counter_moved_with_expectations_loses_no_step(repository):
    for number in range(1, 13):
        repository.put_artifact("app", b"%d" % number)
        repository.publish_artifact_version("app")
    repository.put_alias("app", "prod", 1)

    def work(_index):
        moved = 0
        while True:
            state = repository.get_alias("app", "prod")
            if int(state.version) == 12:
                return moved
            try:
                repository.put_alias("app", "prod", int(state.version) + 1, expect=state)
                moved += 1
            except AliasConflictError:
                continue

    assert sum(at_once(4, work)) == 11


def test_what_is_referenced_survives_purges_that_race_with_aliases(repository):
    for number in range(1, 9):
        repository.put_artifact("app", b"%d" % number)
        repository.publish_artifact_version("app")

    def work(index):
        if index % 2:
            try:
                repository.purge_artifact_versions("app", 1, 0)
            except DeletionInProgressError:
                return
        else:
            try:
                repository.put_alias("app", f"a{index}", 1 + index // 2)
            except (ArtifactNotFoundError, DeletionInProgressError):
                return

    at_once(8, work)
    for alias in repository.list_aliases("app"):
        assert repository.get_content("app", alias.version) == alias.version.encode()


def test_a_forced_and_an_ordinary_deletion_agree(repository):
    repository.put_artifact("app", b"1")
    repository.publish_artifact_version("app")
    repository.put_alias("app", "prod", 1)

    def work(index):
        try:
            repository.delete_artifact_version("app", 1, force=index == 0)
        except (VersionInUseError, DeletionInProgressError):
            return

    at_once(4, work)
    with pytest.raises(ArtifactNotFoundError):
        repository.get_artifact_version("app", 1)


def publish_in_process(root, index, results):
    repository = Repository(LocalStore(root))
    for turn in range(5):
        repository.put_artifact("app", b"%d from process %d" % (turn, index))
        published = repository.publish_artifact_version("app")
        results.put((published.version, published.sha256))
    repository.context.store.close()


def test_sixteen_processes_share_a_directory(tmp_path):
    store = LocalStore(tmp_path / "repository")
    store.create()
    spawn = multiprocessing.get_context("spawn")
    results = spawn.Queue()
    processes = [
        spawn.Process(target=publish_in_process, args=(tmp_path / "repository", index, results))
        for index in range(WORKERS)
    ]
    for process in processes:
        process.start()
    told = [results.get(timeout=120) for _ in range(5 * WORKERS)]
    for process in processes:
        process.join()
    assert [p.exitcode for p in processes] == [0] * WORKERS
    assert len({version for version, _ in told}) == len(set(told))
    repository = Repository(store)
    stored = {a.version: a.sha256 for a in repository.list_artifact_versions("app")}
    assert all(stored[version] == sha256 for version, sha256 in told)
    assert repository.verify().ok
    numbers = sorted(int(v) for v in stored if v != naming.LATEST_VERSION)
    assert numbers[0] == 1
    store.close()

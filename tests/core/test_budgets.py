"""What operations cost, counted: `(steps, requests)`, as docs/design/budgets.md states it.

Steps are sequential waits. Requests are counted at the store; that each is one on the wire is
counted in tests/stores.
"""

import pytest

from doubles import CephLikeStore, TappedStore
from versioned import Cache, Repository, publishing


@pytest.fixture
def counted(store):
    """Runs a call on a bootstrapped repository; returns its steps and requests."""

    class Counted:
        def __init__(self, kind=TappedStore, **options):
            self.store = kind(store)
            self.repository = Repository(self.store, **options)
            self.repository.context.monotonic = lambda: 0.0
            self.repository.context.sleep = lambda _seconds: None
            self.repository.context.capabilities()

        def __call__(self, call):
            self.store.reset()
            call()
            return self.store.steps, len(self.store.requests)

    return Counted


@pytest.fixture
def filled(counted):
    """Two versions of `app`, and its alias `prod`."""
    count = counted()
    for data in (b"one", b"three"):
        count.repository.put_artifact("app", data)
        count.repository.publish_artifact_version("app")
    count.repository.put_alias("app", "prod", 1)
    return count


def test_put(filled):
    repository = filled.repository
    assert filled(lambda: repository.put_artifact("app", b"three")) == (1, 1)
    assert filled(lambda: repository.put_artifact("app", b"four")) == (2, 2)
    assert filled(lambda: repository.put_artifact("new", b"four")) == (2, 2)


def test_publish_unchanged(filled):
    steps, requests = filled(lambda: filled.repository.publish_artifact_version("app"))
    assert (steps, requests) == (2, 4)


@pytest.mark.parametrize("content", [b"three!", b"other"], ids=["other size", "same size"])
def test_publish_small(filled, content):
    filled.repository.put_artifact("app", content)
    steps, requests = filled(lambda: filled.repository.publish_artifact_version("app"))
    assert steps == 3
    assert requests <= 6


def test_publish_the_first(counted):
    count = counted()
    count.repository.put_artifact("app", b"one")
    assert count(lambda: count.repository.publish_artifact_version("app")) == (3, 5)


def test_publish_large_with_a_conditional_copy(counted, monkeypatch):
    count = counted()
    if not count.repository.context.capabilities().conditional_copy:
        pytest.skip("this store was proved not to enforce conditional copies")
    monkeypatch.setattr(publishing, "SMALL", 1)
    for data in (b"large one", b"large two"):
        count.repository.put_artifact("app", data)
        steps, requests = count(lambda: count.repository.publish_artifact_version("app"))
        assert steps == 3
        assert requests <= 6


def test_publish_large_without(counted, monkeypatch):
    monkeypatch.setattr(publishing, "SMALL", 1)
    count = counted(CephLikeStore)
    for data in (b"large one", b"large two", b"three"):
        count.repository.put_artifact("app", data)
        steps, requests = count(lambda: count.repository.publish_artifact_version("app"))
        assert steps == 6
        assert requests <= 10


def test_get(filled):
    repository = filled.repository
    assert filled(lambda: repository.get_artifact_version("app", 1)) == (1, 1)
    assert filled(lambda: repository.get_alias("app", "prod")) == (1, 1)
    assert filled(lambda: repository.get_content("app", 1)) == (1, 1)


def test_put_alias(filled):
    repository = filled.repository
    steps, requests = filled(lambda: repository.put_alias("app", "new", 1))
    assert (steps, requests) == (2, 6)
    steps, requests = filled(lambda: repository.put_alias("app", "new", 1, 2, 10))
    assert (steps, requests) == (3, 8)


def test_list_aliases(filled):
    for alias in ("a", "b", "c"):
        filled.repository.put_alias("app", alias, 1)
    assert filled(lambda: filled.repository.list_aliases("app")) == (2, 5)


def test_list_versions_once_indexed(filled):
    filled.repository.list_artifact_versions("app")
    assert filled(lambda: filled.repository.list_artifact_versions("app")) == (1, 2)


def test_list_versions_asks_only_for_what_the_index_does_not_know(filled):
    filled.repository.list_artifact_versions("app")
    filled.repository.put_artifact("app", b"new")
    filled.repository.publish_artifact_version("app")
    filled(lambda: filled.repository.list_artifact_versions("app"))
    assert filled.store.operations == {"list": 1, "get": 1, "head": 2, "put": 1}


def test_purge_costs_the_same_for_three_versions_and_for_thirty(counted):
    """Twice, to plan and to delete, the rollouts are listed after the aliases: they keep versions
    too."""

    def purge(number):
        count = counted()
        name = f"app{number}"
        for n in range(number):
            count.repository.put_artifact(name, b"%d" % n)
            count.repository.publish_artifact_version(name)
        count.repository.put_alias(name, "prod", 1)
        count.repository.list_artifact_versions(name)
        cost = count(lambda: count.repository.purge_artifact_versions(name, 0, 0))
        assert count.store.operations["delete_many"] == 1
        return cost

    assert purge(3) == purge(30) == (13, 15)


def test_a_cached_download_by_alias_costs_one_request_and_no_bytes(filled, counted, tmp_path):
    count = counted(cache=Cache(tmp_path / "cache"))
    target = tmp_path / "app.bin"
    first = count.repository.download_reference("app@prod", to=target)
    assert not first.cached
    assert count(lambda: count.repository.download_reference("app@prod", to=target)) == (1, 1)
    assert count(lambda: count.repository.download_reference("app@2", to=target))[0] == 2
    assert count(lambda: count.repository.download_reference("app@2", to=target)) == (1, 1)
    assert target.read_bytes() == b"three"

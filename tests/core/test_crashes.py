"""The process dies before or after every single request of every writing operation.

After each crash the promises hold, and after `doctor` nothing is left to mend. `lazy` stores
enforce as little as Ceph.
"""

import pytest

from doubles import CephLikeStore, Crash, TappedStore
from versioned import Repository, publishing

CONTENTS = {b"content 1", b"content 2", b"content 3"}


def prepare(repository):
    for number in (1, 2, 3):
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")
    repository.put_alias("app", "prod", 1)
    repository.put_alias("app", "prod", 2)
    repository.put_alias("app", "old", 1)
    repository.put_artifact("app", b"new content")


OPERATIONS = {
    "put": lambda r: r.put_artifact("app", b"newer content"),
    "publish": lambda r: r.publish_artifact_version("app"),
    "put alias": lambda r: r.put_alias("app", "prod", 3, 1, 10),
    "put new alias": lambda r: r.put_alias("app", "fresh", 3),
    "rollback": lambda r: r.rollback("app", "prod"),
    "delete alias": lambda r: r.delete_alias("app", "prod"),
    "delete version": lambda r: r.delete_artifact_version("app", 3),
    "force deletion": lambda r: r.delete_artifact_version("app", 3, force=True),
    "purge versions": lambda r: r.purge_artifact_versions("app", 0, 0),
    "list versions": lambda r: r.list_artifact_versions("app"),
}


def crash_at(repository, point, when):
    def crash(number, _operation, _key):
        if number == point:
            raise Crash

    setattr(repository.context.store, when, crash)


def used_numbers(repository):
    store = repository.context.store
    claimed = {line.key.split("/")[2][7:13] for line in store.list_objects("app/numbers/")}
    existing = {line.key.split("/")[2][7:13] for line in store.list_objects("app/versions/0000")}
    return {int(n) for n in claimed | existing if n.isdigit()}


@pytest.mark.parametrize(
    "large",
    [pytest.param(False, id="small"), pytest.param(True, id="large", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore], ids=["strict", "lazy"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_crash_breaks_no_promise_and_doctor_mends_what_is_left(
    operation, when, kind, large, local_repository_factory, monkeypatch
):
    if large:
        monkeypatch.setattr(publishing, "SMALL", 1)
    crash_everywhere(local_repository_factory, kind, operation, when)


@pytest.mark.only_stores("ceph")
@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
@pytest.mark.parametrize(
    "operation", ["put", "publish", "put alias", "delete alias", "delete version", "purge versions"]
)
def test_the_same_on_a_real_server(operation, large, make_store, store_kind, monkeypatch):
    if large:
        monkeypatch.setattr(publishing, "SMALL", 1)
    capabilities = Repository(make_store(store_kind)).context.capabilities()

    def make():
        repository = Repository(make_store(store_kind))
        repository.context.reset_capabilities(capabilities)
        return repository

    crash_everywhere(make, TappedStore, operation, "after")


def crash_everywhere(make, kind, operation, when):
    point = 0
    crashed = True
    while crashed:
        healthy = make()
        prepare(healthy)
        used = used_numbers(healthy)
        states = [e.identity for e in healthy.history("app", "prod")]
        victim = Repository(kind(healthy.context.store))
        crash_at(victim, point, when)
        try:
            OPERATIONS[operation](victim)
            crashed = False
        except Crash:
            point += 1
        healthy = Repository(kind(healthy.context.store))
        check_promises(healthy, states)
        healthy.doctor("app", mend=True, older_than=0, uploads_older_than=0)
        assert healthy.doctor("app", older_than=0, uploads_older_than=0) == []
        check_promises(healthy, states)
        check_it_goes_on(healthy, used)
    assert point > 0


def check_promises(repository, states):
    assert repository.verify("app").ok
    existing = {a.version: a for a in repository.list_artifact_versions("app")}
    for number in (1, 2, 3):
        if str(number) in existing:
            assert repository.get_content("app", number) == b"content %d" % number
    for alias in repository.list_aliases("app"):
        assert alias.versions <= set(existing), f"{alias.alias} refers to what is gone"
    identities = [e.identity for e in repository.history("app", "prod")]
    assert identities[-len(states) :] == states, "the ledger forgot a state"


def check_it_goes_on(repository, used):
    repository.put_artifact("app", b"content after the crash")
    number = int(repository.publish_artifact_version("app").version)
    assert number not in used
    assert repository.get_content("app", number) == b"content after the crash"
    repository.put_alias("app", "prod", number)
    assert repository.get_alias("app", "prod").version == str(number)
    repository.delete_alias("app", "prod")
    repository.delete_artifact_version("app", number)


@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore], ids=["strict", "lazy"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_while_an_artifact_is_purged_leaves_no_alias_without_its_version(
    kind, when, local_repository_factory
):
    point = 0
    crashed = True
    while crashed:
        healthy = local_repository_factory()
        prepare(healthy)
        victim = Repository(kind(healthy.context.store))
        crash_at(victim, point, when)
        try:
            victim.purge_artifact("app")
            crashed = False
        except Crash:
            point += 1
        if "app" in healthy.list_artifact_names():
            for alias in healthy.list_aliases("app"):
                for version in alias.versions:
                    healthy.get_artifact_version("app", version)
        healthy.purge_artifact("app")
        assert healthy.context.store.list_objects("app/") == []

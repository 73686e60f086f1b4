"""What operations on packages cost, counted: `(steps, requests)`, as docs/design/budgets.md states it.

Steps are sequential waits. Requests are counted at the store.
"""

import time

import pytest
from package_making import PYABC, open_packages, publish, sdist, wheel
from package_promises import reopened

from doubles import TappedStore
from versioned.packages import Package
from versioned.packages.revision import PackageStatus
from versioned.packages.room import HEARD_WITHIN
from versioned.packages.tokens import Scope

SCRIPTS = Package.of("generic", "scripts", "team")


class Counted:
    """Runs a call in a process that knows its domain; returns its steps and requests."""

    def __init__(self, store):
        self.store = TappedStore(store)
        self.packages = reopened(self.store)
        self.packages.repository("AbcDev")
        self.packages.context.capabilities()

    def __call__(self, call):
        self.store.reset()
        call(self.packages)
        return self.store.steps, len(self.store.requests)


@pytest.fixture
def count(store):
    packages = open_packages(store)
    publish(packages, wheel(build="9"))
    return Counted(store)


def promote(packages, **options):
    return packages.copy_package_versions("AbcDev", "AbcStaging", PYABC, "1.0.0", **options)


def change(packages):
    return packages.change_version("AbcDev", PYABC, "1.0.0")


def test_publish(count):
    """Look; read the newest revision; store; commit; the page; its other forms."""
    assert count(lambda p: publish(p, wheel(build="24"))) == (6, 11)
    assert count(lambda p: publish(p, wheel(build="24"))) == (2, 5)
    assert count(lambda p: publish(p, wheel(version="2.0.0"))) == (5, 10)
    assert count(lambda p: publish(p, wheel(version="3.0.0"), sdist(version="3.0.0"))) == (6, 11)


def test_publish_the_first_of_a_package(count):
    """The list of packages takes three steps more."""
    assert count(lambda p: publish(p, wheel(name="Other"))) == (8, 16)


def test_publish_generic_assets(count):
    files = {"a": b"1", "b": b"2"}
    call = count.packages.publish_package_version
    assert count(lambda _: call("AbcDev", SCRIPTS, "1", files)) == (4, 4)
    assert count(lambda _: call("AbcDev", SCRIPTS, "1", files)) == (2, 2)


def test_the_first_call_of_a_process_asks_for_two_documents_more_in_the_same_step(count):
    cold = Counted(count.store.inner)
    cold.packages = reopened(cold.store)
    steps, requests = cold(lambda p: publish(p, wheel(build="24")))
    assert steps == 6
    assert requests in {11 + 1, 11 + 2}


def test_the_domain_is_asked_for_again_in_the_same_step_once_it_was_read_long_ago(count):
    now = [time.monotonic()]
    count.packages._room.clock = lambda: now[0]
    now[0] += HEARD_WITHIN + 1
    assert count(lambda p: publish(p, wheel(build="24"))) == (6, 11 + 1)
    assert count(lambda p: publish(p, wheel(build="25"))) == (6, 11)


@pytest.mark.parametrize("others", [3, 300])
def test_what_publishing_costs_does_not_grow_with_the_number_of_other_packages(make_store, others):
    store = make_store("local")
    packages = open_packages(store)
    publish(packages, wheel(build="9"))
    for number in range(others):
        publish(packages, wheel(name=f"Other{number}"))
    count = Counted(store)
    assert count(lambda p: publish(p, wheel(build="24"))) == (6, 11)
    assert count(lambda p: publish(p, wheel(name="Another"))) == (8, 16)


def test_promote(count):
    """Two steps of the source, then as publishing; small assets are read and written."""
    assert count(promote) == (11, 21)
    assert count(promote) == (4, 8)
    publish(count.packages, wheel(build="24"))
    assert count(lambda p: promote(p, allow_overwrite=True)) == (9, 16)


def test_promote_large(count, monkeypatch):
    """Seen, copied in the store, and read back."""
    promote(count.packages)
    publish(count.packages, wheel(build="24"))
    monkeypatch.setattr("versioned.packages.assets.SMALL", 1)
    assert count(lambda p: promote(p, allow_overwrite=True)) == (10, 17)


def test_promote_with_a_check(count):
    assert count(lambda p: p.record_verdict("AbcDev", PYABC, "1.0.0", "integration", "pass")) == (
        4,
        4,
    )
    assert count(lambda p: promote(p, require=["integration"])) == (13, 23)


def test_change_a_version(count):
    assert count(lambda p: change(p).yank(None, "bad")) == (5, 9)
    assert count(lambda p: change(p).set_status(PackageStatus.UNLISTED)) == (5, 9)
    assert count(lambda p: change(p).discard(PackageStatus.DELETED)) == (6, 10)


def test_look(count):
    name = wheel(build="9")[0]
    found = count.packages.describe_package_version("AbcDev", PYABC, "1.0.0")
    looks = {
        (1, 3): lambda p: p.list_packages("AbcDev"),
        (2, 2): lambda p: p.list_package_versions("AbcDev", PYABC),
        (1, 1): lambda p: p.describe_package_version(
            "AbcDev", PYABC, "1.0.0", revision=found.revision
        ),
        (3, 3): lambda p: b"".join(p.open_asset("AbcDev", PYABC, "1.0.0", name).chunks()),
    }
    assert {cost: count(call) for cost, call in looks.items()} == {cost: cost for cost in looks}
    assert count(lambda p: p.describe_package_version("AbcDev", PYABC, "1.0.0")) == (2, 2)


@pytest.mark.parametrize("versions", [1, 12])
def test_list_versions_and_make_pages_anew_in_the_same_steps_for_any_number(count, versions):
    for number in range(1, versions):
        publish(count.packages, wheel(version=f"2.{number}"))
    assert count(lambda p: p.list_package_versions("AbcDev", PYABC)) == (2, 1 + versions)
    assert count(lambda p: p.list_package_version_revisions("AbcDev", PYABC, "1.0.0")) == (2, 2)
    assert count(lambda p: p.reindex("AbcDev", PYABC)) == (3, 4 + versions)


def test_tokens(count):
    new = count.packages.create_token("ci", {"AbcDev": [Scope.READ]})
    assert count(lambda p: p.create_token("ci", {"AbcDev": [Scope.READ]})) == (1, 1)
    assert count(lambda p: p.find_token(new.secret)) == (1, 1)
    assert count(lambda p: p.find_token("no token")) == (0, 0)

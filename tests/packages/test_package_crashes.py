"""The process dies before every single request of every operation that writes.

Dying after a request is dying before the next one: in between nothing leaves the process. `lazy`
stores enforce as little as Ceph.
"""

import pytest
from package_making import PYABC, open_packages, publish, publish_builds, sdist, wheel
from package_promises import (
    Copies,
    check_no_leftovers,
    check_pages,
    check_promises,
    reopened,
    revisions_of,
    states,
)

from doubles import CephLikeStore, Crash, TappedStore
from versioned.packages import Package
from versioned.packages.revision import PackageStatus

SCRIPTS = Package.of("generic", "scripts", "team")
BUILD_9 = "PyABC-1.0.0-9-py3-none-any.whl"


def prepare(store):
    packages = open_packages(store)
    publish_builds(packages, "9", "24")
    publish(packages, wheel(version="2.0.0"), sdist(version="2.0.0"))
    packages.copy_package_versions("AbcDev", "AbcStaging", PYABC, "1.0.0", assets=[BUILD_9])
    packages.publish_package_version("AbcDev", SCRIPTS, "7", {"a.sh": b"one", "b.sh": b"two"})
    packages.publish_package_version(
        "AbcDev", SCRIPTS, "8", {"a.sh": b"1"}, unfinished=True, whole=False
    )


def version(packages, number="1.0.0", repository="AbcDev", package=PYABC):
    return packages.change_version(repository, package, number)


OPERATIONS = {
    "publish a new package": lambda p: publish(p, wheel(name="Other")),
    "publish a new version": lambda p: publish(p, wheel(version="3.0.0"), sdist(version="3.0.0")),
    "publish a build": lambda p: publish(p, wheel(build="25")),
    "publish the same again": lambda p: publish(p, wheel(build="24")),
    "publish a generic set": lambda p: p.publish_package_version(
        "AbcDev", SCRIPTS, "7", {"a.sh": b"three", "b.sh": b"two"}
    ),
    "begin a generic set": lambda p: p.publish_package_version(
        "AbcDev", SCRIPTS, "7", {"a.sh": b"three"}, whole=False, unfinished=True
    ),
    "finish a generic set": lambda p: p.publish_package_version(
        "AbcDev", SCRIPTS, "8", {"b.sh": b"2"}, whole=False
    ),
    "promote the first": lambda p: p.copy_package_versions("AbcDev", "AbcProd", PYABC, "1.0.0"),
    "promote another build": lambda p: p.copy_package_versions(
        "AbcDev", "AbcStaging", PYABC, "1.0.0", allow_overwrite=True
    ),
    "yank": lambda p: version(p).yank(None, "broken"),
    "activate": lambda p: version(p).activate("9"),
    "unlist": lambda p: version(p).set_status(PackageStatus.UNLISTED),
    "archive": lambda p: version(p).set_status(PackageStatus.ARCHIVED),
    "deprecate": lambda p: version(p).deprecate("use 2.0.0"),
    "remove": lambda p: version(p).remove_named([BUILD_9]),
    "dispose": lambda p: version(p).discard(PackageStatus.DISPOSED),
    "delete": lambda p: version(p).discard(PackageStatus.DELETED),
    "delete a generic version": lambda p: version(p, "7", package=SCRIPTS).discard(
        PackageStatus.DELETED
    ),
}


def crash_before(packages, point):
    def crash(number, _operation, _key):
        if number == point:
            raise Crash

    packages.context.store.before = crash


@pytest.fixture
def copies(tmp_path):
    return Copies(tmp_path, prepare)


def crash_everywhere(copies, kind, call):
    """A store for each point at which `call` can die; the last one is of a call that did not."""
    point, crashed = 0, True
    while crashed:
        store = copies.fresh()
        before = revisions_of(store)
        victim = reopened(kind(store), actor="ann")
        crash_before(victim, point)
        try:
            call(victim)
            crashed = False
        except Crash:
            point += 1
        check_promises(store)
        for folder, chain in revisions_of(store).items():
            known = before.get(folder, [])
            assert chain[: len(known)] == known, "a revision was lost or changed"
        yield store
        copies.done(store)
    assert point > 0


@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore], ids=["strict", "lazy"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_call_that_died_is_finished_by_repeating_it(operation, kind, copies, monkeypatch):
    call = OPERATIONS[operation]
    whole = copies.fresh()
    call(reopened(whole))
    meant = states(whole)
    copies.done(whole)
    for store in crash_everywhere(copies, kind, call):
        call(reopened(store))
        assert states(store) == meant
        check_promises(store)
        check_pages(store)
        check_no_leftovers(store, monkeypatch)

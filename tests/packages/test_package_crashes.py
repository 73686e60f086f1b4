"""The process dies before every single request of every operation that writes.

Dying after a request is dying before the next one: in between nothing leaves the process. `lazy`
stores enforce as little as Ceph.
"""

import contextlib

import pytest
from npm_making import WIDGET, publish_npm, tarball
from package_making import (
    PYABC,
    REPOSITORIES,
    open_packages,
    publish,
    publish_builds,
    sdist,
    wheel,
)
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
from versioned.packages.tokens import Scope

SCRIPTS = Package.of("generic", "scripts", "team")
BUILD_9 = "PyABC-1.0.0-9-py3-none-any.whl"


def prepare(store):
    packages = open_packages(store)
    publish_builds(packages, "9", "24")
    publish(packages, wheel(version="2.0.0"), sdist(version="2.0.0"))
    packages.copy_package_versions("AbcDev", "AbcStaging", PYABC, "1.0.0", assets=[BUILD_9])
    publish_npm(packages, tarball(version="1.0.0"), tags=["latest"])
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
    "publish a tarball": lambda p: publish_npm(p, tarball(version="2.0.0"), tags=["latest"]),
    "delete a tarball": lambda p: version(p, package=WIDGET).discard(PackageStatus.DELETED),
    "promote a tarball": lambda p: p.copy_package_versions("AbcDev", "AbcProd", WIDGET, "1.0.0"),
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


MUCH_LIKE_OTHERS = {
    "publish a new version",
    "begin a generic set",
    "finish a generic set",
    "promote the first",
    "activate",
    "unlist",
    "archive",
    "deprecate",
    "dispose",
    "delete a tarball",
    "delete a generic version",
}
CASES = [
    *(
        pytest.param(
            TappedStore,
            one,
            id=f"{one}-strict",
            marks=[pytest.mark.slow] if one in MUCH_LIKE_OTHERS else [],
        )
        for one in OPERATIONS
    ),
    *(
        pytest.param(CephLikeStore, one, id=f"{one}-lazy")
        for one in ("remove", "promote the first")
    ),
]


@pytest.mark.parametrize(("kind", "operation"), CASES)
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


@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore], ids=["strict", "lazy"])
def test_a_large_promotion_that_died_is_finished_by_repeating_it(kind, copies, monkeypatch):
    """It is copied inside the store, which `lazy` ones do without a condition, and read back."""
    monkeypatch.setattr("versioned.packages.assets.SMALL", 1)
    for store in crash_everywhere(copies, kind, OPERATIONS["promote the first"]):
        OPERATIONS["promote the first"](reopened(kind(store)))
        check_promises(store)
        check_pages(store)
        check_no_leftovers(store, monkeypatch)


@pytest.mark.parametrize(
    "operation",
    [
        "publish a new package",
        "remove",
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ("publish a build", "promote the first", "yank")
        ),
    ],
)
def test_the_next_change_by_somebody_else_repairs_the_pages(operation, copies):
    """Also where it changes another version; where none was written, nothing is to be repaired."""
    for store in crash_everywhere(copies, TappedStore, OPERATIONS[operation]):
        for repository in REPOSITORIES:
            for package in reopened(store).list_packages(repository, "pypi"):
                found = wheel(name=package.name, version="9")
                publish(reopened(store), found, repository=repository)
        check_promises(store)
        check_pages(store)


def test_pages_made_anew_are_whole_after_a_crash_at_any_request(copies):
    def lost(packages):
        store = packages.context.store.inner
        for line in store.list_objects("AbcDev/pypi/simple/"):
            store.delete(line.key)
        packages.reindex("AbcDev")

    for store in crash_everywhere(copies, TappedStore, lost):
        reopened(store).reindex("AbcDev")
        check_promises(store)
        check_pages(store)


@pytest.mark.slow
def test_a_removal_of_orphans_that_died_is_finished_by_repeating_it(copies, monkeypatch):
    def orphans(packages):
        store = packages.context.store
        crash, store.before = store.before, before_the_revision
        for file in (wheel(build="26"), wheel(name="Another")):
            with pytest.raises(Crash):
                publish(packages, file)
        store.before = crash
        store.reset()
        return packages.find_orphans("AbcDev", mend=True)

    def before_the_revision(_number, operation, key):
        if operation == "put" and "/revisions/" in key:
            raise Crash

    monkeypatch.setattr("versioned.packages.orphans.UPLOAD_LEASE", -60)
    for store in crash_everywhere(copies, TappedStore, orphans):
        reopened(store).find_orphans("AbcDev", mend=True)
        check_promises(store)
        check_pages(store)
        check_no_leftovers(store, monkeypatch)


def test_a_domain_and_its_repositories_are_made_or_not(make_store):
    point, crashed = 0, True
    while crashed:
        store = make_store("local")
        victim = reopened(TappedStore(store))
        crash_before(victim, point)
        try:
            victim.create_domain("abc")
            victim.create_repository("AbcDev", requires=["integration"])
            crashed = False
        except Crash:
            point += 1
        again = reopened(store)
        assert again.create_domain("abc").name == "abc"
        assert again.create_repository("AbcDev", requires=["integration"]).name == "AbcDev"
    assert point > 3


def test_a_token_is_made_and_revoked_or_not(copies):
    def make(packages):
        packages.create_token("ci", {"AbcDev": [Scope.PUBLISH]})

    for store in crash_everywhere(copies, TappedStore, make):
        assert len(reopened(store).list_tokens()) <= 1
    store = copies.fresh()
    new = reopened(store).create_token("ci", {"AbcDev": [Scope.PUBLISH]})
    for point in range(3):
        victim = reopened(TappedStore(store))
        crash_before(victim, point)
        with contextlib.suppress(Crash):
            victim.revoke_token(new.token.identity)
        ended = reopened(store).find_token(new.secret) is None
        assert ended == (point == 2)
    assert reopened(store).revoke_token(new.token.identity).revoked_at
    copies.done(store)

"""npm's writers that die before any of their requests, and many of them at once."""

import json
import threading

import pytest
from npm_making import WIDGET, integrity, publish_npm, tarball
from package_making import contents, open_packages
from package_promises import Copies, check_no_leftovers, check_pages, reopened, revisions_of

from doubles import CephLikeStore, Crash, TappedStore
from versioned.packages.revision import PackageStatus

PACKUMENT = "/npm/packuments/acme!widget.json"


def prepare(store):
    packages = open_packages(store)
    publish_npm(packages, tags=["latest"])
    publish_npm(packages, tarball(version="1.1.0"), tags=["next"])


def version(packages):
    return packages.change_version("AbcDev", WIDGET, "1.1.0")


OPERATIONS = {
    "publish": lambda p: publish_npm(p, tarball(version="1.2.0"), tags=["latest"]),
    "publish a set": lambda p: publish_npm(p, tarball(body="2"), asset_set="build-2"),
    "promote": lambda p: p.copy_package_versions("AbcDev", "AbcProd", WIDGET, "1.0.0"),
    "tag": lambda p: p.npm.change_dist_tags("AbcDev", WIDGET, {"latest": "1.1.0", "next": None}),
    "deprecate": lambda p: version(p).deprecate("use 2"),
    "delete": lambda p: version(p).discard(PackageStatus.DELETED),
}


def pages(store):
    return {key: json.loads(raw) for key, raw in contents(store).items() if key.endswith(PACKUMENT)}


def check(store):
    """Whatever a page lists can be had, and its tags name what it lists."""
    files = {integrity(raw) for key, raw in contents(store).items() if key.endswith(".tgz")}
    for page in pages(store).values():
        for one in page["versions"].values():
            assert one["dist"]["integrity"] in files
        assert set(page["dist-tags"].values()) <= set(page["versions"])
    revisions_of(store)


def told(store):
    """What npm is told, without times and numbers."""
    return {
        key: (page["dist-tags"], page["versions"]) for key, page in sorted(pages(store).items())
    }


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        pytest.param(
            operation,
            kind,
            id=f"{operation}-{name}",
            marks=() if (operation, name) == ("publish", "strict") else pytest.mark.slow,
        )
        for operation in OPERATIONS
        for name, kind in (("strict", TappedStore), ("lazy", CephLikeStore))
    ],
)
def test_a_writer_of_npm_that_died_is_finished_by_repeating_it(
    operation, kind, tmp_path, monkeypatch
):
    call, copies = OPERATIONS[operation], Copies(tmp_path, prepare)
    whole = copies.fresh()
    call(reopened(whole))
    meant = told(whole)
    copies.done(whole)
    point, crashed = 0, True
    while crashed:
        store = copies.fresh()
        victim = reopened(kind(store))

        def crash(number, _operation, _key, point=point):
            if number == point:
                raise Crash

        victim.context.store.before = crash
        try:
            call(victim)
            crashed = False
        except Crash:
            point += 1
        check(store)
        call(reopened(store))
        check(store)
        assert told(store) == meant
        check_pages(store)
        check_no_leftovers(store, monkeypatch)
        copies.done(store)
    assert point > 0


def test_many_who_publish_at_once_are_all_listed(packages, store):
    versions = [f"1.{minor}.0" for minor in range(6)]
    failed = []

    def publish(number):
        try:
            publish_npm(reopened(store), tarball(version=versions[number]), tags=["latest"])
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=publish, args=[number]) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    page = packages.npm.packument("AbcDev", WIDGET).data
    assert failed == []
    assert sorted(page["versions"]) == versions
    assert page["dist-tags"]["latest"] in versions
    check_pages(store)


def test_of_many_who_publish_one_version_at_once_one_wins(packages, store):
    outcomes = []

    def publish(number):
        try:
            outcomes.append(publish_npm(reopened(store), tarball(body=str(number))).changed)
        except Exception as error:  # noqa: BLE001 - told below
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=publish, args=[number]) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(map(str, outcomes)) == ["AssetExistsError"] * 3 + ["True"]
    check(store)
    check_pages(store)

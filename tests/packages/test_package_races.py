"""Two operations at once: one as a whole between any two requests of the other, and real threads.

Whatever comes in between, both end as if one had come after the other, every page leads to bytes
at every moment, and the pages are what `reindex` makes.
"""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from npm_making import publish_npm, tarball
from package_making import (
    PYABC,
    names,
    open_packages,
    publish,
    publish_builds,
    read,
    wheel,
)
from package_promises import (
    Copies,
    check_no_leftovers,
    check_pages,
    check_promises,
    reopened,
    states,
)

from doubles import Crash, TappedStore
from versioned.errors import VersionedError
from versioned.packages import Packages
from versioned.packages.errors import AssetNotFoundError, PackageVersionNotFoundError
from versioned.packages.retention import PackageRetention
from versioned.packages.revision import PackageStatus

BUILD_8 = "PyABC-1.0.0-8-py3-none-any.whl"
BUILD_9 = "PyABC-1.0.0-9-py3-none-any.whl"


def prepare(store):
    """With what those left who died before a build and a new package were to be seen."""
    packages = open_packages(store)
    publish_builds(packages, "8", "9", "24")
    dev(packages).remove_named([BUILD_8])
    packages.copy_package_versions("AbcDev", "AbcStaging", PYABC, "1.0.0", assets=[BUILD_9])
    for file in (wheel(build="25"), wheel(name="First")):
        with pytest.raises(Crash):
            publish(reopened(TappedStore(store, before=crash_before_the_revision)), file)


def crash_before_the_revision(_number, operation, key):
    if operation == "put" and "/revisions/" in key:
        raise Crash


def promote(packages, source="AbcDev", target="AbcStaging", **options):
    return packages.copy_package_versions(
        source, target, PYABC, "1.0.0", allow_overwrite=True, **options
    )


def dev(packages, number="1.0.0"):
    return packages.change_version("AbcDev", PYABC, number)


def staging(packages):
    return packages.change_version("AbcStaging", PYABC, "1.0.0")


OPERATIONS = {
    "publish a build": lambda p: publish(p, wheel(build="25")),
    "publish another version": lambda p: publish(p, wheel(version="2.0.0")),
    "publish what is there": lambda p: publish(p, wheel(build="9")),
    "promote": promote,
    "remove": lambda p: dev(p).remove_named([BUILD_9]),
    "yank": lambda p: dev(p).yank([BUILD_9], "bad"),
    "delete": lambda p: dev(p).discard(PackageStatus.DELETED),
    "reindex": lambda p: [p.reindex("AbcDev"), p.reindex("AbcStaging")],
}
OTHER_PAIRS = [
    ("remove what is gone", "publish what was removed"),
    ("publish what was removed", "remove what is gone"),
    ("new package", "other new package"),
    ("new package", "new package"),
    ("new package", "reindex"),
    ("new tarball", "other tarball"),
    ("other tarball", "new tarball"),
    ("new tarball", "reindex"),
    ("reindex", "new tarball"),
    ("promote old", "withdraw promoted"),
    ("withdraw promoted", "promote old"),
    ("delete", "mend orphans"),
    ("publish a build", "mend orphans"),
    ("mend orphans", "publish a build"),
    ("mend orphans", "new package"),
    ("new package", "mend orphans"),
    ("mend orphans", "mend orphans"),
    ("mend orphans", "promote"),
]
MORE = {
    "remove what is gone": lambda p: dev(p).remove_named([BUILD_8]),
    "publish what was removed": lambda p: publish(p, wheel(build="8")),
    "new tarball": lambda p: publish_npm(p, tarball(version="1.0.0"), tags=["latest"]),
    "other tarball": lambda p: publish_npm(p, tarball(version="2.0.0"), tags=["next"]),
    "new package": lambda p: publish(p, wheel(name="First")),
    "other new package": lambda p: publish(p, wheel(name="Second")),
    "promote old": lambda p: promote(p, assets=[BUILD_9]),
    "withdraw promoted": lambda p: staging(p).discard(PackageStatus.DELETED),
    "mend orphans": lambda p: [p.find_orphans(one, mend=True) for one in ("AbcDev", "AbcStaging")],
}


def outcome(call):
    """What a call said: nothing, that what it was asked for is gone, or the type of its error."""
    try:
        call()
    except (AssetNotFoundError, PackageVersionNotFoundError):
        return "gone"
    except VersionedError as error:
        return type(error).__name__
    return None


def in_turn(copies, *calls):
    """The outcomes of calls one after the other, and the states after them."""
    store = copies.fresh()
    said = [outcome(lambda c=call: c(reopened(store))) for call in calls]
    found = states(store)
    copies.done(store)
    return said, found


def interleave(copies, first, second):
    """`second` as a whole before each request of `first`."""
    one, other = in_turn(copies, first, second), in_turn(copies, second, first)
    allowed = [one, (other[0][::-1], other[1])]
    for point in itertools.count():
        store = copies.fresh()
        tapped = TappedStore(store)
        said = [None, "never"]

        def between(number, _operation, _key, store=store, said=said, point=point):
            if number == point:
                said[1] = outcome(lambda: second(reopened(store, actor="eve")))
            if number >= point:
                check_promises(store)

        tapped.before = between
        said[0] = outcome(lambda tapped=tapped: first(reopened(tapped, actor="ann")))
        if said[1] == "never":
            copies.done(store)
            break
        assert (said, states(store)) in allowed, f"before request {point}"
        check_promises(store)
        check_pages(store)
        copies.done(store)
    assert point > 2


MATTER_MOST = {
    ("publish a build", "publish a build"),
    ("publish a build", "remove"),
    ("publish what is there", "publish a build"),
    ("promote", "delete"),
    ("remove", "publish what is there"),
    ("delete", "publish what is there"),
    ("remove what is gone", "publish what was removed"),
    ("delete", "mend orphans"),
    ("publish a build", "mend orphans"),
    ("new package", "other new package"),
    ("new package", "mend orphans"),
}
PAIRS = [
    pytest.param(*one, id=" and ".join(one), marks=[] if one in MATTER_MOST else [pytest.mark.slow])
    for one in [*itertools.product(OPERATIONS, repeat=2), *OTHER_PAIRS]
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_what_comes_in_between_is_as_if_it_had_come_before_or_after(
    first, second, tmp_path, monkeypatch
):
    monkeypatch.setattr("versioned.packages.orphans.UPLOAD_LEASE", -60)
    operations = OPERATIONS | MORE
    interleave(Copies(tmp_path, prepare), operations[first], operations[second])


def test_a_list_of_packages_that_is_read_while_it_grows_never_shrinks(tmp_path):
    """The repair of one package reads the first form of the list before, the others after it."""

    def lose_the_page(store):
        publish(open_packages(store), wheel(name="First"))
        store.delete("AbcDev/pypi/simple/first/index.html")

    copies = Copies(tmp_path, lose_the_page)
    interleave(copies, lambda p: publish(p, wheel(name="First")), MORE["other new package"])


# ---- real threads


@pytest.fixture
def two(store):
    """Two processes, as good as: two `Packages` that share nothing but the store."""
    open_packages(store)
    return [Packages(store, actor="ann"), Packages(store, actor="bob")]


def at_once(*calls):
    """Run calls in threads that start together; their outcomes in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait()
        return outcome(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def check_all(store, monkeypatch):
    check_promises(store)
    check_pages(store)
    check_no_leftovers(store, monkeypatch)


@pytest.mark.only_stores("local", "ceph")  # sixteen who wait for each other take long on moto
def test_builds_of_one_version_that_come_at_once_are_all_there(two, store, monkeypatch):
    builds = [str(one) for one in range(1, 17)]
    said = at_once(
        *(lambda i=i, b=b: publish(two[i % 2], wheel(build=b)) for i, b in enumerate(builds))
    )
    assert said == [None] * 16
    found = two[0].describe_package_version("AbcDev", PYABC, "1.0.0")
    assert {one.asset_set for one in found.state.assets} == set(builds)
    assert found.state.active == "16"
    assert found.position == 16
    check_all(store, monkeypatch)


def test_versions_and_packages_that_come_at_once_are_all_listed(two, store, monkeypatch):
    versions = [f"1.{one}" for one in range(8)]
    others = [f"Other{one}" for one in range(8)]
    files = [wheel(version=one) for one in versions] + [wheel(name=one) for one in others]
    said = at_once(*(lambda i=i, f=f: publish(two[i % 2], f) for i, f in enumerate(files)))
    assert said == [None] * 16
    found = two[0].list_package_versions("AbcDev", PYABC)
    assert {one.version for one in found} == set(versions)
    assert len(two[0].list_packages("AbcDev")) == 9
    check_all(store, monkeypatch)


def test_the_same_file_that_comes_many_times_at_once_is_published_once(two, store, monkeypatch):
    said = at_once(*(lambda i=i: publish(two[i % 2], wheel(build="1")) for i in range(8)))
    assert said == [None] * 8
    assert two[0].describe_package_version("AbcDev", PYABC, "1.0.0").position == 1
    check_all(store, monkeypatch)


def test_other_bytes_under_one_name_that_come_at_once_have_one_winner(two, store, monkeypatch):
    bodies = [f"BODY = {one}" for one in range(8)]
    said = at_once(
        *(lambda i=i, b=b: publish(two[i % 2], wheel(body=b)) for i, b in enumerate(bodies))
    )
    assert sorted(said, key=str) == ["AssetExistsError"] * 7 + [None]
    check_promises(store)
    check_pages(store)


def test_promotions_both_ways_at_once_lose_nothing(two, store, monkeypatch):
    publish_builds(two[0], "1", "2")
    publish_builds(two[0], "3", "4", repository="AbcStaging")
    calls = [
        lambda i=i, s=s, t=t, b=b: promote(two[i % 2], s, t, asset_set=b)
        for i, (s, t, b) in enumerate(
            [
                ("AbcDev", "AbcStaging", "2"),
                ("AbcStaging", "AbcDev", "4"),
                ("AbcDev", "AbcProd", "1"),
            ]
            * 3
        )
    ]
    assert at_once(*calls) == [None] * 9
    for repository, builds in [("AbcDev", "124"), ("AbcStaging", "234"), ("AbcProd", "1")]:
        found = two[0].describe_package_version(repository, PYABC, "1.0.0")
        assert {one.asset_set for one in found.state.assets} == set(builds)
    check_all(store, monkeypatch)


def test_what_is_removed_and_published_again_at_once_is_there_or_not(two, store, monkeypatch):
    """A late removal never hits the bytes of who published after it."""
    publish_builds(two[0], "1", "2")
    build = wheel(build="1")
    for turn in range(4):
        calls = [lambda: two[0].change_version("AbcDev", PYABC, "1.0.0").remove_named([build[0]])]
        calls += [lambda i=i: publish(two[i % 2], build) for i in range(3)]
        assert at_once(*calls) == [None] * 4, turn
        found = two[1].describe_package_version("AbcDev", PYABC, "1.0.0")
        if build[0] in names(found):
            assert read(two[0], "AbcDev", build[0]) == build[1]
        check_promises(store)
    check_pages(store)


def test_a_status_and_uploads_at_once_both_hold(two, store, monkeypatch):
    publish_builds(two[0], "1")
    said = at_once(
        lambda: dev(two[0]).set_status(PackageStatus.UNLISTED),
        lambda: dev(two[1]).yank([wheel(build="1")[0]], "bad"),
        *(lambda i=i: publish(two[i % 2], wheel(build=str(i + 2))) for i in range(6)),
    )
    assert said == [None] * 8
    state = two[0].describe_package_version("AbcDev", PYABC, "1.0.0").state
    assert state.status is PackageStatus.UNLISTED
    assert [one.yanked for one in state.assets if one.asset_set == "1"] == ["bad"]
    assert len(state.assets) == 7
    check_all(store, monkeypatch)


def test_pages_made_anew_while_others_publish_lose_nothing(two, store, monkeypatch):
    publish_builds(two[0], "1")
    said = at_once(
        *(lambda i=i: two[i % 2].reindex("AbcDev") for i in range(3)),
        *(lambda i=i: publish(two[i % 2], wheel(version=f"2.{i}")) for i in range(5)),
    )
    assert said == [None] * 8
    check_all(store, monkeypatch)


def test_retention_spares_or_removes_what_is_promoted_meanwhile(two, store, monkeypatch):
    monkeypatch.setattr("versioned.packages.retention.GRACE", timedelta(0))
    publish_builds(two[0], "1", "2", "3")
    publish_builds(two[0], "4", repository="AbcProd")
    rules = PackageRetention(keep_sets=1, older_than_days=0)
    plan = two[0].plan_retention("AbcDev", rules)
    assert [one.asset_set for one in plan.removed] == ["2", "1"]
    at_once(
        lambda: two[0].apply_retention(plan),
        lambda: promote(two[1], "AbcDev", "AbcStaging", asset_set="1"),
        lambda: promote(two[1], "AbcProd", "AbcDev"),
        lambda: publish(two[0], wheel(build="5")),
    )
    state = two[0].describe_package_version("AbcDev", PYABC, "1.0.0").state
    assert {"3", "4", "5"} <= {one.asset_set for one in state.assets}
    check_promises(store)
    check_pages(store)

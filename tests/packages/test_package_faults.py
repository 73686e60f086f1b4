"""Stores that fail in the middle, lose answers, lie about bytes, and clocks that jump."""

import contextlib
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from package_making import (
    PYABC,
    contents,
    names,
    open_packages,
    publish,
    publish_builds,
    read,
    sha256,
    wheel,
)
from package_promises import check_pages, check_promises, reopened, revisions_of

from doubles import CephLikeStore, TappedStore
from faults import answer, answer_with, lose_answer, lose_request, time_out, truncate
from versioned.errors import (
    ContentMismatchError,
    OutcomeUnknownError,
    StoreError,
    StoreUnavailableError,
)
from versioned.packages import Package
from versioned.packages.assets import beside_key_of, key_of
from versioned.packages.tokens import Scope
from versioned.stores.base import Attributes

ECHO = b"<Error><Code>PreconditionFailed</Code><Message>it is there</Message></Error>"
BUILD = wheel(build="1")


def only(part, action):
    """An action for requests whose address has this part; others pass."""
    return lambda request, send: action(request, send) if part in request.url else send(request)


def once(part, action):
    """A plan in which this happens to the first request for such an address."""
    done = []

    def act(request, send):
        if done or part not in request.url:
            return send(request)
        done.append(request.url)
        return action(request, send)

    return [act] * 30


# ---- answers that are lost or wrong


@pytest.mark.only_stores("moto")
@pytest.mark.parametrize(
    ("part", "action"),
    [
        ("/files/", lose_answer),
        ("/revisions/", lose_answer),
        ("/revisions/", lose_request),
        ("/revisions/", answer(503, "SlowDown")),
        ("/revisions/", answer_with(412, ECHO)),
        ("index.json", lose_answer),
        ("index.json", answer_with(412, ECHO)),
        ("/simple/pyabc/", time_out),
    ],
)
def test_one_answer_that_is_lost_is_not_even_noticed(s3_store, wire, no_waiting, action, part):
    packages = open_packages(s3_store)
    publish(packages, BUILD)
    wire.plan("PutObject", *once(part, action))
    change = publish(packages, wheel(build="2"))
    assert (change.revision.position, change.revision.state.active) == (2, "2")
    check_promises(s3_store)
    check_pages(s3_store)


@pytest.mark.only_stores("moto")
@pytest.mark.parametrize(
    ("part", "action"),
    [
        ("/files/", answer(503, "SlowDown")),
        ("/revisions/", answer(500, "InternalError")),
        ("/simple/", time_out),
    ],
)
def test_a_store_that_goes_on_failing_ends_with_its_error_and_a_repeat_finishes(
    s3_store, wire, no_waiting, action, part
):
    packages = open_packages(s3_store)
    publish(packages, BUILD)
    wire.plan("PutObject", *[only(part, action)] * 30)
    wire.plan("HeadObject", *[lose_request] * 30)
    with pytest.raises((StoreUnavailableError, OutcomeUnknownError)):
        publish(packages, wheel(build="2"))
    wire._plans.clear()
    check_promises(s3_store)
    publish(packages, wheel(build="2"))
    found = packages.list_package_version_revisions("AbcDev", PYABC, "1.0.0")
    assert [one.position for one in found] == [2, 1]
    check_promises(s3_store)
    check_pages(s3_store)


@pytest.mark.only_stores("moto")
def test_a_revision_whose_outcome_is_unknown_is_found_by_repeating(s3_store, wire, no_waiting):
    packages = open_packages(s3_store)
    wire.plan("PutObject", *[only("/revisions/", time_out)] * 30)
    wire.plan("HeadObject", *[lose_request] * 30)
    with pytest.raises(OutcomeUnknownError):
        publish(packages, BUILD)
    wire._plans.clear()
    again = publish(packages, BUILD)
    assert not again.changed
    assert again.revision.position == 1
    check_promises(s3_store)
    check_pages(s3_store)


@pytest.mark.only_stores("moto")
def test_a_body_that_is_cut_off_is_asked_for_again(s3_store, wire, no_waiting):
    packages = open_packages(s3_store)
    publish(packages, BUILD)
    wire.plan("GetObject", *[only("/files/", truncate(100))] * 4)
    packages.copy_package_versions("AbcDev", "AbcProd", PYABC, "1.0.0")
    wire._plans.clear()
    assert read(packages, "AbcProd", BUILD[0]) == BUILD[1]
    check_promises(s3_store)


@pytest.mark.only_stores("moto")
def test_a_removal_whose_deletion_fails_is_finished_by_repeating_it(s3_store, wire, no_waiting):
    packages = open_packages(s3_store)
    publish_builds(packages, "1", "2")
    wire.plan("DeleteObjects", *[answer(503, "SlowDown")] * 30)
    with pytest.raises(StoreError):
        packages.change_version("AbcDev", PYABC, "1.0.0").remove_named([BUILD[0]])
    wire._plans.clear()
    check_promises(s3_store)
    assert any(BUILD[0] in key for key in contents(s3_store, "AbcDev/pypi/files/"))
    done = packages.change_version("AbcDev", PYABC, "1.0.0").remove_named([BUILD[0]])
    assert not done.changed
    assert not any(BUILD[0] in key for key in contents(s3_store, "AbcDev/pypi/files/"))


# ---- bytes that are not what they were


def swapped(store, key, data):
    """Somebody writes other bytes under a key, with the metadata of the right ones."""
    info = store.head(key)
    attributes = Attributes(metadata=info.metadata, content_type=info.content_type)
    Put(store)(key, data, attributes)


class Put:
    def __init__(self, store):
        self._context = reopened(getattr(store, "inner", store)).context

    def __call__(self, key, data, attributes):
        self._context.write(key, data, attributes=attributes)


def file_key(packages, repository="AbcDev", *, beside=False):
    found = packages.describe_package_version(repository, PYABC, "1.0.0")
    asset = found.state.assets[0]
    return (beside_key_of if beside else key_of)(found.place, asset)


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch):
    if request.param == "large":
        monkeypatch.setattr("versioned.packages.assets.SMALL", 1)
    return request.param


LIES = {
    "as long": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "shorter": lambda data: data[:-1],
    "longer": lambda data: data + b"x",
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore], ids=["strict", "lazy"])
def test_bytes_that_were_swapped_are_never_promoted(make_store, kind, size, lie):
    store = make_store("local")
    packages = open_packages(kind(store))
    publish(packages, BUILD)
    swapped(store, file_key(packages), LIES[lie](BUILD[1]))
    with pytest.raises(ContentMismatchError):
        packages.copy_package_versions("AbcDev", "AbcProd", PYABC, "1.0.0")
    assert packages.list_packages("AbcProd") == []
    assert not contents(store, "AbcProd/pypi/simple/")


@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore], ids=["strict", "lazy"])
def test_bytes_that_are_swapped_at_any_moment_are_never_seen_promoted(make_store, kind, size):
    """They are refused, or the right ones were read before: what is seen is always right."""
    refused = 0
    for point in itertools.count():
        store = make_store("local")
        publish(open_packages(store), BUILD)
        tapped = kind(store)
        packages, reached = reopened(tapped), []
        key = file_key(packages)

        def swap(number, _operation, _key, store=store, key=key, point=point, reached=reached):
            if number == point:
                reached.append(number)
                swapped(store, key, LIES["as long"](BUILD[1]))

        tapped.reset()
        tapped.before = swap
        try:
            packages.copy_package_versions("AbcDev", "AbcProd", PYABC, "1.0.0")
            assert read(reopened(store), "AbcProd", BUILD[0]) == BUILD[1]
        except ContentMismatchError:
            refused += 1
            assert reopened(store).list_packages("AbcProd") == []
            assert not contents(store, "AbcProd/pypi/simple/")
        if not reached:
            break
    assert refused > 2


def test_what_lies_beside_a_wheel_is_proved_when_it_is_promoted(packages, store):
    publish(packages, BUILD)
    swapped(store, file_key(packages, beside=True), b"Name: other\n")
    with pytest.raises(ContentMismatchError):
        packages.copy_package_versions("AbcDev", "AbcProd", PYABC, "1.0.0")
    assert packages.list_packages("AbcProd") == []


def test_bytes_that_were_swapped_are_never_read_to_the_end(packages, store):
    publish(packages, BUILD)
    swapped(store, file_key(packages), LIES["as long"](BUILD[1]))
    with pytest.raises(ContentMismatchError):
        read(packages, "AbcDev", BUILD[0])


def test_a_page_that_was_damaged_is_made_anew_by_the_next_writer(packages, store):
    publish(packages, BUILD)
    for name in ("index.json", "index.html", ""):
        packages.context.write(f"AbcDev/pypi/simple/pyabc/{name}", b"damaged")
    publish(packages, wheel(build="2"))
    check_promises(store)
    check_pages(store)


def test_assets_of_the_same_bytes_do_not_share_what_lies_beside_them(packages, store):
    """`a.json` of a generic package is an asset, not what lies beside `a`."""
    scripts = Package.of("generic", "scripts", "team")
    publish_set = packages.publish_package_version
    publish_set("AbcDev", scripts, "1", {"a": b"{}", "a.json": b"{}"})
    packages.change_version("AbcDev", scripts, "1").remove_named(["a"])
    assert read(packages, "AbcDev", "a.json", package=scripts, version="1") == b"{}"


def test_two_who_describe_the_same_tarball_otherwise_do_not_harm_each_other(store):
    """What lies beside it is named by its own sha256: who comes too late writes elsewhere."""
    first, late = (
        beside_key_of(found.place, found.state.assets[0])
        for found in (_npm_published(store, "AbcDev", "1"), _npm_published(store, "AbcProd", "2"))
    )
    assert first.rpartition("/")[2] != late.rpartition("/")[2]


def _npm_published(store, repository, commit):
    from npm_making import tarball  # noqa: PLC0415

    packages = open_packages(store)
    name, data = tarball()
    said = {"name": "@acme/widget", "version": "1.0.0", "gitHead": commit}
    return packages.npm.publish(repository, name, data, described=said).revision


# ---- orphans


def test_bytes_that_never_became_visible_are_found_and_removed(packages, store, monkeypatch):
    monkeypatch.setattr("versioned.packages.orphans.UPLOAD_LEASE", -60)
    publish(packages, BUILD)
    key = file_key(packages).replace(sha256(BUILD[1]), sha256(b"other"))
    lost = key.replace("/files/pyabc/", "/files/another/")
    for one in (key, lost):
        packages.context.write(one, b"other")
    assert packages.find_orphans("AbcDev") == sorted([lost, key])
    assert packages.find_orphans("AbcDev", mend=True) == sorted([lost, key])
    assert packages.find_orphans("AbcDev") == []
    assert read(packages, "AbcDev", BUILD[0]) == BUILD[1]


def test_young_bytes_that_no_version_has_are_left_alone(packages):
    publish(packages, BUILD)
    packages.context.write("AbcDev/pypi/files/pyabc/1.0.0/0-" + "a" * 64 + "/x.whl", b"other")
    assert packages.find_orphans("AbcDev", mend=True) == []


# ---- clocks


class Jumping(TappedStore):
    """A store whose clock is set to another time with every question."""

    hours = 0

    def now(self):
        self.hours = -self.hours + (1000 if self.hours <= 0 else -1000)
        return datetime.now(UTC) + timedelta(hours=self.hours)


def test_a_clock_that_jumps_harms_nothing(make_store, monkeypatch):
    store = make_store("local")
    open_packages(store)
    packages = reopened(Jumping(store))
    publish_builds(packages, "1", "2")
    packages.copy_package_versions("AbcDev", "AbcProd", PYABC, "1.0.0")
    changes = packages.change_version("AbcDev", PYABC, "1.0.0")
    changes.yank(None, "bad")
    changes.remove_named([BUILD[0]])
    publish(packages, BUILD)
    with contextlib.suppress(StoreError):
        packages.find_orphans("AbcDev", mend=True)
    found = packages.list_package_version_revisions("AbcDev", PYABC, "1.0.0")
    assert [one.position for one in found] == list(range(found[0].position, 0, -1))
    assert names(found[0]) == [wheel(build="2")[0], BUILD[0]]
    assert len(revisions_of(store)) == 2
    check_promises(store)
    check_pages(store)


def test_a_clock_that_stands_still_harms_nothing(make_store, monkeypatch):
    store = TappedStore(make_store("local"))
    moment = store.now()
    monkeypatch.setattr(store, "now", lambda: moment, raising=False)
    packages = open_packages(store)
    publish_builds(packages, "1", "2")
    changes = packages.change_version("AbcDev", PYABC, "1.0.0")
    for _ in range(3):
        changes.remove_named([BUILD[0]])
        assert names(publish(packages, BUILD).revision) == [wheel(build="2")[0], BUILD[0]]
    check_promises(store.inner)
    check_pages(store.inner)


def test_a_token_ends_by_the_clock_of_the_store(make_store):
    store = TappedStore(make_store("local"))
    packages = open_packages(store)
    new = packages.create_token("ci", {"AbcDev": [Scope.READ]}, seconds=60)
    assert packages.find_token(new.secret) == new.token
    later = datetime.now(UTC) + timedelta(seconds=61)
    store.now = lambda: later
    assert packages.find_token(new.secret) is None

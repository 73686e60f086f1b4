"""Crashes at every request, others at every request, and histories of every kind."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorders import HOUR, Recorder, with_versions

from doubles import Crash, TappedStore
from versioned import Repository
from versioned.context import Context
from versioned.events import Hook, deliver, pending
from versioned.history import history

pytestmark = pytest.mark.only_stores("local", "ceph")


@pytest.fixture
def busy(store):
    """Two aliases with a past, beside two versions; one alias is gone."""
    repository = with_versions(Repository(store, actor="tester"))
    for version in (1, 2):
        repository.put_alias("app", "prod", version)
        repository.put_alias("app", "beta", version)
    repository.delete_alias("app", "beta")
    return repository


EVERYTHING = {
    *("published app@1", "published app@2", "put app@prod 1", "put app@prod 2"),
    *("put app@beta 1", "put app@beta 2", "deleted app@beta 3"),
}


def orders(said):
    """The numbers of each subject in the order in which they were first told."""
    found = {}
    for line in dict.fromkeys(said):
        _, subject, *number = line.split()
        found.setdefault(subject, []).append(int(number[0]) if number else 0)
    return found


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_request_loses_no_change(busy, when):
    for point in itertools.count():
        hook = Hook(f"{when}{point}", Recorder())
        tapped = TappedStore(busy.context.store)

        def crash(number, _operation, _key, point=point):
            if number == point:
                raise Crash

        setattr(tapped, when, crash)
        try:
            deliver(Context(tapped), "app", [hook], reach=HOUR)
        except Crash:
            waits = {event.event.id for event in pending(busy.context, [hook], "app")}
            if waits or hook.sender.events:
                assert len(waits | set(hook.sender.ids)) == len(EVERYTHING)
            deliver(busy.context, "app", [hook], reach=HOUR)
        else:
            break
        assert set(hook.sender.said) == EVERYTHING
        assert len(hook.sender.said) <= len(EVERYTHING) + 1
        assert pending(busy.context, [hook], "app") == []
    assert point > 15


def test_somebody_else_who_delivers_at_any_request_loses_no_change(busy):
    for point in itertools.count():
        one, other = Recorder(), Recorder()
        tapped = TappedStore(busy.context.store)

        def meanwhile(number, _operation, _key, point=point, other=other):
            if number == point:
                deliver(busy.context, "app", [Hook(f"both{point}", other)], reach=HOUR)

        tapped.before = meanwhile
        deliver(Context(tapped), "app", [Hook(f"both{point}", one)], reach=HOUR)
        assert set(one.said) | set(other.said) == EVERYTHING
        assert pending(busy.context, [Hook(f"both{point}", one)], "app") == []
        assert len(one.said) == len(set(one.said))
        if len(tapped.requests) <= point:
            break


@pytest.mark.parametrize(
    "refuse", [lambda _event: False, lambda event: event.subject == "app@prod"], ids=["all", "some"]
)
def test_one_who_is_late_takes_nothing_back_and_says_nothing_twice(store, refuse):
    repository = with_versions(Repository(store, actor="tester"))
    deliver(repository.context, "app", [Hook("audit", Recorder())], reach=HOUR)
    repository.put_alias("app", "prod", 1)
    hook, late = Hook("audit", Recorder(refuse)), Hook("audit", Recorder())
    tapped = TappedStore(store)

    def meanwhile(_number, operation, key):
        if operation == "put" and "deliveries" in key:
            tapped.before = None
            repository.put_alias("app", "beta", 1)
            deliver(repository.context, "app", [hook], reach=HOUR)

    tapped.before = meanwhile
    deliver(Context(tapped), "app", [late], reach=HOUR)
    assert "put app@beta 1" in hook.sender.said
    assert late.sender.said == ["put app@prod 1"]
    assert pending(repository.context, [hook], "app") == []


def test_a_writer_at_any_request_is_told_of_then_or_next_time(store):
    repository = with_versions(Repository(store, actor="tester"))
    repository.put_alias("app", "prod", 1)
    for point in itertools.count():
        hook = Hook(f"hook{point}", Recorder())
        deliver(repository.context, "app", [hook], reach=HOUR)
        repository.put_alias("app", "prod", 2)
        tapped = TappedStore(store)

        def meanwhile(number, _operation, _key, point=point):
            if number == point:
                repository.put_alias("app", "prod", 1)
                repository.put_alias("app", "prod", 2)

        tapped.before = meanwhile
        deliver(Context(tapped), "app", [hook])
        deliver(repository.context, "app", [hook])
        length = len(history(repository.context, "app", "prod"))
        assert orders(hook.sender.said)["app@prod"] == list(range(1, length + 1))
        if len(tapped.requests) <= point:
            break


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "delete", "publish", "deliver", "lost", "refused"]),
        st.sampled_from(["prod", "beta"]),
        st.integers(1, 2),
    ),
    max_size=20,
)


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_each_change_is_told_and_in_its_order(local_repositories, steps):
    repository = with_versions(local_repositories())
    hook = Hook("audit", Recorder())
    for number, (what, alias, version) in enumerate(steps):
        act(repository, hook, what, alias, version, number)
    deliver(repository.context, "app", [hook], reach=HOUR)
    for alias in ("prod", "beta"):
        meant = [entry.identity for entry in reversed(history(repository.context, "app", alias))]
        told = [e.id for e in hook.sender.events if e.subject == f"app@{alias}"]
        assert list(dict.fromkeys(told)) == meant
    numbers = repository.get_latest_published_artifact_version_number("app")
    versions = [e.subject for e in hook.sender.events if e.type == "versioned.version.published"]
    assert list(dict.fromkeys(versions)) == [f"app@{n}" for n in range(1, numbers + 1)]


def act(repository, hook, what, alias, version, number):
    context, store = repository.context, repository.context.store
    if what == "put":
        repository.put_alias("app", alias, version)
    elif what == "delete":
        repository.delete_alias("app", alias)
    elif what == "publish":
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")
    elif what == "deliver":
        deliver(context, "app", [hook], reach=HOUR)
    elif what == "refused":
        refusing = Recorder(refuses=lambda event: event.subject.endswith(alias))
        deliver(context, "app", [Hook("audit", refusing)], reach=HOUR)
        hook.sender.events += refusing.events
    else:
        crash_somewhere(store, hook, version * 4)


def crash_somewhere(store, hook, point):
    tapped = TappedStore(store)

    def crash(number, _operation, _key):
        if number == point:
            raise Crash

    tapped.before = crash
    try:
        deliver(Context(tapped), "app", [hook], reach=HOUR)
    except Crash:
        return

"""A rollout whose process dies at every request, or that somebody else meets at every request.

Whatever happens: an alias is where its ledger says, every move of a rollout is made once and in
order, the next tick finishes what was begun, and what somebody else did to the alias stays.
"""

import contextlib
from itertools import count

import pytest
from rollout_rig import Releases, Scripted, prepared, start

from doubles import Crash
from versioned.checks.base import Outcome
from versioned.errors import (
    AliasConflictError,
    InvalidInputError,
    OutcomeUnknownError,
    RolloutConflictError,
    RolloutNotFoundError,
)

LOST = (AliasConflictError, RolloutConflictError, RolloutNotFoundError)


def tick(releases):
    releases.rollouts.tick("app", "prod", checks={"smoke": Scripted()})


def failing_tick(releases):
    releases.rollouts.tick("app", "prod", checks={"smoke": Scripted(Outcome.FAIL)})


def abort(releases):
    releases.rollouts.abort("app", "prod")


def promote(releases):
    releases.rollouts.promote("app", "prod")


def promote_fully(releases):
    releases.rollouts.promote("app", "prod", full=True)


def pause(releases):
    releases.rollouts.pause("app", "prod")


def rollback(releases):
    releases.repository.rollback("app", "prod")


def put(releases):
    releases.repository.put_alias("app", "prod", 3)


def everything_is_explained(releases):
    """Nothing but the rollout's own moves carries its name, each once, forward and then back."""
    moves, shares = {}, {}
    for entry in reversed(releases.repository.history("app", "prod")):
        if entry.cause and entry.cause.operation == "rollout":
            moves.setdefault(entry.cause.rollout, []).append(entry.cause.serial)
            state = entry.state
            share = {c.version: c.basis_points for c in state.canaries}.get("2", 0)
            share = 10000 if state.version == "2" else share
            shares.setdefault(entry.cause.rollout, []).append(share)
    for identity, serials in moves.items():
        assert serials == sorted(set(serials))
        forward = shares[identity][:-1] if shares[identity][-1] == 0 else shares[identity]
        assert forward == sorted(set(forward))
        assert 0 not in forward


def is_settled(releases):
    """After one more tick the alias is where the rollout means it to be, or left alone."""
    try:
        done = releases.rollouts.tick("app", "prod")
    except RolloutNotFoundError:
        assert releases.split == {"1": 10000}
        return
    assert done.action in {"held", "moved", "succeeded", "failed", "superseded", "ended"}
    found = releases.rollouts.status("app", "prod")
    rollout, place = found.rollout, found.place.value
    assert place == "applied" or (place == "elsewhere" and not rollout.active)
    newest = releases.repository.history("app", "prod")[0].cause
    assert newest is None or newest.rollout in {None, rollout.identity}
    everything_is_explained(releases)


OPERATIONS = [start, tick, failing_tick, abort, promote, promote_fully, pause]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_next_tick_finishes_what_a_crash_left(operation, copies):
    crash_everywhere(copies, operation)


@pytest.mark.only_stores("ceph")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_same_on_a_real_server(operation, make_store, store_kind):
    crash_everywhere(lambda started: prepared(make_store(store_kind), started), operation)


def crash_everywhere(make, operation):
    """After each request, which is before the next one: a tapped store makes them in turn."""
    for point in count():
        releases = make(operation is not start)
        reached = []

        def crash(number, _operation, _key, point=point, reached=reached):
            if number == point:
                reached.append(number)
                raise Crash

        releases.store.after = crash
        with contextlib.suppress(Crash):
            operation(releases)
        releases.store.after = None
        if not reached:
            break
        is_settled(releases)
        try:
            abort(releases)
        except RolloutConflictError:
            assert releases.split in ({"1": 10000}, {"2": 10000})
        except RolloutNotFoundError:
            assert releases.split == {"1": 10000}
        else:
            assert releases.split == {"1": 10000}
        everything_is_explained(releases)
    assert point > 2


MEETINGS = [
    (start, start),
    (start, tick),
    (start, put),
    (tick, tick),
    (tick, failing_tick),
    (failing_tick, tick),
    (tick, abort),
    (tick, pause),
    (tick, promote_fully),
    (tick, rollback),
    (tick, put),
    (failing_tick, put),
    (abort, tick),
    (abort, put),
    (promote, tick),
    (promote, rollback),
    (promote_fully, tick),
    (promote_fully, abort),
]


@pytest.mark.parametrize(
    ("first", "second"), MEETINGS, ids=[f"{a.__name__}-{b.__name__}" for a, b in MEETINGS]
)
def test_two_at_once_do_no_harm(first, second, copies):
    meet_everywhere(copies, first, second)


@pytest.mark.only_stores("ceph")
@pytest.mark.parametrize("second", [tick, abort, rollback])
def test_two_at_once_on_a_real_server(second, make_store, store_kind):
    meet_everywhere(lambda started: prepared(make_store(store_kind), started), tick, second)


def meet_everywhere(make, first, second):
    """The second runs as a whole before each request of the first."""
    for point in count():
        releases = make(first is not start)
        other = Releases.around(releases.store.inner, actor="other")
        moved = []

        def meet(number, _operation, _key, point=point, other=other, moved=moved):
            if number == point:
                moved.append(attempt(second, other))

        releases.store.before = meet
        done = attempt(first, releases)
        releases.store.before = None
        if not moved:
            break
        if first in {tick, failing_tick} or (first, second) == (abort, tick):
            assert done  # nobody who is faster makes these fail
        if second in {put, rollback} and moved == [True] and first is not start:
            assert stays(releases, second)
        if second is abort and moved == [True]:
            assert releases.split == {"1": 10000}
        if first is abort and done and second is not put:
            assert releases.split == {"1": 10000}
        is_settled(releases)
    assert point > 2


def test_an_alias_that_was_read_too_early_proves_nothing(copies):
    """Before each request of a tick somebody moves the alias, then starts a rollout."""
    for point in count():
        releases = copies(started=False)
        other = Releases.around(releases.store.inner)

        def meet(number, *_, point=point, other=other):
            if number == point:
                other.repository.put_alias("app", "prod", 1)
                start(other)

        releases.store.before = meet
        attempt(tick, releases)
        releases.store.before = None
        if len(releases.store.requests) <= point:
            break
        assert releases.status == "running"
    assert point >= 1


def test_promote_makes_the_step_that_a_crash_left_first(copies):
    releases = copies(started=True)
    crash_after_the_rollout_is_written(releases, tick)
    promote(releases)
    moves = [e.state.canaries for e in releases.repository.history("app", "prod", limit=3)]
    assert [c[0].basis_points if c else 10000 for c in moves] == [10000, 5000, 1000]


def test_abort_can_be_repeated_after_a_crash(copies):
    releases = copies(started=True)
    crash_after_the_rollout_is_written(releases, abort)
    assert releases.split == {"1": 9000, "2": 1000}
    abort(releases)
    assert releases.split == {"1": 10000}
    with pytest.raises(RolloutConflictError):
        abort(releases)


def crash_after_the_rollout_is_written(releases, operation):
    def crash(_number, request, key):
        if (request, key) == ("put", "app/rollouts/prod.json"):
            raise Crash

    releases.store.after = crash
    with pytest.raises(Crash):
        operation(releases)
    releases.store.after = None


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("operation", [start, tick, abort, pause])
def test_a_lost_answer_is_looked_up(operation, written, copies):
    releases = copies(operation is not start)

    def lose(_number, request, key):
        if (request, key) == ("put", "app/rollouts/prod.json"):
            setattr(releases.store, "after" if written else "before", None)
            raise OutcomeUnknownError("no answer")

    setattr(releases.store, "after" if written else "before", lose)
    if written:
        operation(releases)
    else:
        before = releases.split
        with pytest.raises(OutcomeUnknownError):
            operation(releases)
        assert releases.split == before
    is_settled(releases)


def attempt(operation, releases):
    """Whether it was done, and not lost to somebody else."""
    try:
        operation(releases)
    except (*LOST, InvalidInputError):
        return False
    return True


def stays(releases, second):
    """What somebody else did to the alias is still there."""
    newest = releases.repository.history("app", "prod")[0]
    return newest.by == "other" and (newest.cause is None) == (second is put)

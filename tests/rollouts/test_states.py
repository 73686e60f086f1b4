"""Where an alias stands in a rollout, what comes next, and how rollouts are written."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rollout_rig import Releases

from versioned import layout
from versioned.aliases import read_held
from versioned.checks.base import CheckRun, Outcome
from versioned.errors import ContaminatedError
from versioned.models import Cause
from versioned.rollout_codec import decode_rollout, encode_rollout
from versioned.rollout_records import read_rollout, rollout_references, running_rollout
from versioned.rollout_states import (
    MAX_LOG,
    STATUSES,
    Place,
    RampStep,
    Rollout,
    kept_by,
    place_of,
    with_log,
)
from versioned.rollouts.decisions import Next, decide
from versioned.routing import canary_of

KEY = layout.rollout_key("app", "prod")
ENDED = [status for status in STATUSES if status not in {"running", "paused", "frozen"}]


def rollout(**fields):
    """One from 1 to 2 that made its second step."""
    return replace(
        Rollout(
            name="app",
            alias="prod",
            identity="r" * 32,
            strategy="steps:10%:1m,50%:pause",
            stable_version="1",
            stable_sha256="a" * 64,
            new_version="2",
            new_sha256="b" * 64,
            steps=(RampStep(1000, 60), RampStep(5000, None), RampStep(10000, 0)),
            base="base",
            started="2026-01-01T00:00:00+00:00",
            write="w",
            step=1,
            serial=2,
        ),
        **fields,
    )


@pytest.fixture(scope="session")
def held_at(local_store_factory):
    """An alias as it lies in a store, split 50 to 50, with a cause that a test chooses."""
    releases = Releases.of(local_store_factory())
    releases.repository.put_alias("app", "prod", 1, 2, 50)
    held = read_held(releases.repository.context, "app", "prod")

    def at(serial=None, identity="r" * 32, **alias):
        cause = Cause("rollout", rollout=identity, serial=serial) if serial is not None else None
        return replace(
            held, event=replace(held.event, cause=cause), alias=replace(held.alias, **alias)
        )

    at.base = replace(held, event=replace(held.event, identity="base"))
    return at


class TestPlaces:
    def test_the_serial_in_the_alias_tells(self, held_at):
        assert place_of(rollout(), held_at(2)) is Place.APPLIED
        assert place_of(rollout(), held_at(1)) is Place.BEHIND
        assert place_of(rollout(), held_at(3)) is Place.AHEAD
        assert place_of(rollout(), held_at.base) is Place.BEHIND

    def test_anything_else_is_somebody_else(self, held_at):
        for held in (None, held_at(), held_at(2, identity="other"), held_at(1, version="3")):
            assert place_of(rollout(), held) is Place.ELSEWHERE
        kept_event = held_at(2, secondary_version_weight=20)
        assert place_of(rollout(), kept_event) is Place.ELSEWHERE

    def test_before_the_first_move_there_is_nothing_to_take_back(self, held_at):
        for status in ("failed", "aborted"):
            assert place_of(rollout(status=status, serial=3), held_at.base) is Place.APPLIED

    @pytest.mark.parametrize("status", ["succeeded", "superseded"])
    def test_one_that_ended_never_moves_the_alias_forward_again(self, held_at, status):
        """Also where a tool restores an old version of the object."""
        for held in (held_at(1), held_at.base):
            assert place_of(rollout(status=status), held) is Place.ELSEWHERE


class TestKeptVersions:
    def test_both_sides_while_it_is_under_way_wherever_the_alias_is(self, held_at):
        for held in (None, held_at(2), held_at()):
            for status in ("running", "paused", "frozen"):
                assert kept_by(rollout(status=status), held) == {"1", "2"}

    @pytest.mark.parametrize("status", ENDED)
    def test_after_it_only_what_the_alias_has_yet_to_go_back_to(self, held_at, status):
        going_back = status in {"failed", "aborted"}
        assert kept_by(rollout(status=status, serial=3), held_at(2)) == (
            {"1"} if going_back else set()
        )
        assert kept_by(rollout(status=status, serial=3), held_at()) == set()
        assert kept_by(rollout(status=status, serial=3), None) == set()


RUNS = st.lists(
    st.builds(CheckRun, st.just("c"), st.sampled_from(Outcome), st.just("why")), max_size=4
)
SHARES = st.lists(st.integers(1, 9999), unique=True, max_size=6).map(
    lambda found: [*sorted(found), 10000]
)
RAMPS = SHARES.flatmap(
    lambda shares: st.tuples(
        *(st.builds(RampStep, st.just(s), st.none() | st.integers(0, 1000)) for s in shares)
    )
)


@given(RAMPS, st.data())
def test_a_failure_outweighs_doubt_and_doubt_outweighs_time(steps, data):
    step = data.draw(st.integers(0, len(steps) - 1))
    found = rollout(steps=steps, step=step, released=data.draw(st.booleans()))
    runs, held_for = data.draw(RUNS), data.draw(st.floats(-1e6, 1e6))
    outcomes = {run.outcome for run in runs}
    decision = decide(found, runs, held_for)
    assert decision.reason
    assert (decision.next is Next.FAIL) == (Outcome.FAIL in outcomes)
    if decision.next in {Next.MOVE, Next.END}:
        assert outcomes <= {Outcome.PASS}
        hold = steps[step].hold
        assert found.released or (hold is not None and held_for >= hold) or hold == 0
        assert (decision.next is Next.END) == found.at_last


@pytest.mark.parametrize(
    ("held_for", "words"),
    [(0, "1h"), (0.5, "1h"), (61, "59m"), (3599 - 120, "3m"), (3480, "2m"), (3590.5, "10s")],
)
def test_the_time_that_is_left_is_rounded_up(held_for, words):
    found = rollout(steps=(RampStep(1000, 3600), RampStep(10000, 0)), step=0)
    assert decide(found, (), held_for).reason == f"{words} to go of 1h"


@given(RAMPS, st.lists(st.text(max_size=20), min_size=5, max_size=5))
def test_a_ramp_never_moves_a_key_back(steps, keys):
    for key in keys:
        got = []
        for step in range(len(steps)):
            target = rollout(steps=steps, step=step).target
            got.append(canary_of("app", "prod", key, target.shares) or target.version)
        assert got == sorted(got)
        assert got[-1] == "2"


@given(RAMPS, st.sampled_from(STATUSES), st.text(max_size=20), st.integers(1, 10**6), st.data())
def test_what_is_written_is_read_again(steps, status, text, serial, data):
    step = data.draw(st.integers(0, len(steps) - 1))
    log = with_log(
        rollout(), "2026-01-01T00:00:00+00:00", data.draw(st.none() | st.just(text)), text
    )
    found = rollout(
        steps=steps,
        step=step,
        status=status,
        serial=serial,
        message=text,
        checks=("a", "b.c"),
        overrides=(text,),
        on_failure="freeze",
        released=True,
        log=log,
    )
    assert decode_rollout("app", "prod", KEY, encode_rollout(found)) == found


def test_the_log_keeps_its_first_line_and_the_newest():
    found = rollout()
    for number in range(MAX_LOG + 50):
        found = replace(found, log=with_log(found, "2026-01-01", None, str(number)))
    assert len(found.log) == MAX_LOG
    assert (found.log[0].what, found.log[1].what) == ("0", "51")
    assert found.log[-1].what == str(MAX_LOG + 49)


GOOD = json.loads(
    encode_rollout(rollout(log=with_log(rollout(), "2026-01-01T00:00:00Z", None, "x")))
)
BAD = [
    *({field: value} for field in GOOD for value in (5.5, [], {}, "\x00", -1, None)),
    {"artifact": "other"},
    {"alias": "other"},
    {"new": {"version": "1", "sha256": "a" * 64}},
    {"new": {"version": "LATEST", "sha256": "a" * 64}},
    {"new": {"version": "2", "sha256": "../x"}},
    {"steps": []},
    {"steps": [[5000, 0]]},
    {"steps": [[5000, 0], [4000, 0], [10000, 0]]},
    {"steps": [[0, 0], [10000, 0]]},
    {"steps": [[True, 0], [10000, 0]]},
    {"steps": [[5000, -1], [10000, 0]]},
    {"steps": [[5000, 10**12], [10000, 0]]},
    {"steps": [[n, 0] for n in range(1, 2000)] + [[10000, 0]]},
    {"step": 3},
    {"step": True},
    {"serial": 0},
    {"status": "done"},
    {"started": "yesterday"},
    {"checks": ["../x"]},
    {"identity": "../x"},
    {"log": [["yesterday", None, "x", ""]]},
    {"log": [["2026-01-01T00:00:00Z", None, "x"]]},
]
OPTIONAL = [{"by": None}, {"message": None}, {"by": "\x00"}, {"message": "\x00"}]
OPTIONAL += [{f: "\x00"} for f in ("strategy", "base", "write")]
OPTIONAL += [{f: []} for f in ("checks", "overrides", "log")]


@pytest.mark.parametrize("change", BAD, ids=lambda change: str(change)[:40])
def test_a_foreign_or_damaged_document_is_told_apart(change):
    raw = json.dumps({**GOOD, **change}).encode()
    if change in OPTIONAL:
        assert decode_rollout("app", "prod", KEY, raw)
        return
    with pytest.raises(ContaminatedError, match=KEY):
        decode_rollout("app", "prod", KEY, raw)


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b"{}", b"[" * 100_000])
def test_so_is_what_is_no_document(raw):
    with pytest.raises(ContaminatedError, match=KEY):
        decode_rollout("app", "prod", KEY, raw)


def test_a_rollout_is_running_until_it_ends_or_somebody_else_moves_the_alias(releases):
    context = releases.repository.context
    assert running_rollout(context, "app", "prod") is None
    started = releases.start()
    assert running_rollout(context, "app", "prod") == read_rollout(context, "app", "prod").rollout
    assert running_rollout(context, "app", "prod").identity == started.identity
    releases.repository.rollback("app", "prod")
    assert running_rollout(context, "app", "prod") is None
    releases.tick()
    assert running_rollout(context, "app", "prod") is None


@pytest.mark.parametrize("name", ["x-y.json", "readme.txt", ".json"])
def test_a_foreign_file_among_rollouts_is_told_of(releases, name):
    releases.repository.context.write(f"app/rollouts/{name}", b"{}")
    with pytest.raises(ContaminatedError):
        rollout_references(releases.repository.context, "app", [])

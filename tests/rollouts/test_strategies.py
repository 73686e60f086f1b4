"""What people may write as a strategy, and what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioned.errors import InvalidStrategyError
from versioned.rollout_states import RampStep
from versioned.rollouts.strategies import duration_words, parse_duration, parse_strategy

MINUTE, HOUR, DAY = 60, 3600, 86400


def steps(text):
    return [(step.basis_points, step.hold) for step in parse_strategy(text)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("canary:10%:5m", [(1000, 300), (10000, 0)]),
        ("canary:0.01%:pause", [(1, None), (10000, 0)]),
        ("linear:25%:1m", [(2500, 60), (5000, 60), (7500, 60), (10000, 0)]),
        ("linear:40%:1h30m", [(4000, 5400), (8000, 5400), (10000, 0)]),
        ("all-at-once", [(10000, 0)]),
        (
            "steps:5%:10m,25%:1h,50%:pause,100%:30m",
            [(500, 10 * MINUTE), (2500, HOUR), (5000, None), (10000, 30 * MINUTE)],
        ),
        ("steps: 5%:90s, 33.33%:2d", [(500, 90), (3333, 2 * DAY), (10000, 0)]),
        ("steps:100%:pause", [(10000, None)]),
    ],
)
def test_a_strategy_gives_its_steps(text, meant):
    assert steps(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "canary",
        "canary:10%",
        "canary:10:5m",
        "canary:10%:5m:6m",
        "canary:10%:5m,20%:5m",
        "canary:0%:5m",
        "canary:0.001%:5m",
        "canary:101%:5m",
        "canary:-5%:5m",
        "canary:nan%:5m",
        "canary:1e1%:5m",
        "canary:100%:5m",
        "canary:10%:",
        "canary:10%:5",
        "canary:10%:5x",
        "canary:10%:-5m",
        "canary:10%:1m5h",
        "canary:10%:9999d",
        "canary:\u0661%:5m",
        "linear:100%:1m",
        "linear:0.01%:1m",
        "steps:",
        "steps:10%:1m,",
        "steps:10%:1m,10%:1m",
        "steps:20%:1m,10%:1m",
        "steps:100%:1m,100%:1m",
        "all-at-once:5m",
        "blue-green",
        "x" * 10_000,
    ],
)
def test_what_can_t_be_meant_is_one_clear_error(text):
    with pytest.raises(InvalidStrategyError) as caught:
        parse_strategy(text)
    assert caught.value.hint
    assert len(caught.value.message) < 300


def test_a_strategy_is_a_string():
    with pytest.raises(InvalidStrategyError):
        parse_strategy(None)


@given(st.text(alphabet="canrylites:%,.0123456789mhdspu-", max_size=40))
def test_whatever_is_written_gives_growing_steps_or_that_error(text):
    for kind in ("", "canary:", "linear:", "steps:"):
        try:
            found = parse_strategy(kind + text)
        except InvalidStrategyError:
            continue
        shares = [step.basis_points for step in found]
        assert shares == sorted(set(shares))
        assert shares[0] >= 1
        assert shares[-1] == 10000


@given(
    st.lists(
        st.tuples(st.integers(1, 10000), st.none() | st.integers(0, 3650 * DAY)),
        min_size=1,
        max_size=20,
        unique_by=lambda step: step[0],
    )
)
def test_every_list_of_growing_steps_can_be_written(wanted):
    wanted = sorted(wanted, key=lambda step: step[0])
    text = "steps:" + ",".join(
        f"{points / 100:.2f}%:{'pause' if hold is None else f'{hold}s'}" for points, hold in wanted
    )
    found = parse_strategy(text)
    meant = [RampStep(points, hold) for points, hold in wanted]
    assert list(found) == meant + ([] if wanted[-1][0] == 10000 else [RampStep(10000, 0)])


@given(st.integers(0, 99), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_durations_add_up(days, hours, minutes, seconds):
    text = f"{days}d{hours}h{minutes}m{seconds}s"
    assert parse_duration(text) == days * DAY + hours * HOUR + minutes * MINUTE + seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (0.4, "0s"), (59.9, "59s"), (90, "1m30s"), (7200, "2h"), (90061, "1d1h")],
)
def test_durations_in_words(seconds, words):
    assert duration_words(seconds) == words
    assert parse_duration(words) is not None

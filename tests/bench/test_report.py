"""Counting steps, summing samples up, and the report of it."""

import pytest
from bench.operations import operations
from bench.report import (
    Cost,
    Figure,
    Row,
    Sample,
    as_json,
    figures_table,
    operations_table,
    over_budget,
)
from bench.wire import count_steps

OURS = Cost(requests=4, steps=2, ms=80.0, waited_ms=0.0)
PEER = Cost(requests=3, steps=3, ms=120.0, waited_ms=0.0)
WAITING = Cost(requests=10, steps=9, ms=2350.0, waited_ms=2000.0)


@pytest.mark.parametrize(
    ("sent", "steps"),
    [
        ([], 0),
        ([(0, 3)], 1),
        ([(0, 3), (3, 6), (7, 9)], 3),
        ([(0, 3), (0.1, 3.2), (0.2, 2.9)], 1),
        ([(0, 3), (0.1, 3.2), (3.3, 6), (3.4, 6.5)], 2),
        ([(0, 9), (0, 3), (3, 6), (6, 9)], 3),
        ([(3.3, 6), (0, 3)], 2),
    ],
    ids=["none", "one", "in turn", "at once", "two at once, twice", "a long one", "any order"],
)
def test_steps_are_the_longest_chain_that_does_not_overlap(sent, steps):
    assert count_steps(sent) == steps


def test_disturbed_rounds_count_no_further_than_the_median():
    samples = [Sample(4, 2, 0.08), Sample(5, 4, 0.90), Sample(4, 2, 0.081, waited=0.01)]
    assert Cost.of(samples) == Cost(requests=4, steps=2, ms=81.0, waited_ms=0.0)


def test_a_ratio_above_one_means_that_ours_is_better():
    assert Row("publish", OURS, PEER).ratio == 1.5
    assert Figure("put", "MiB/s", ours=30, peer=20).ratio == 1.5
    assert Figure("memory", "MiB", ours=20, peer=30, more_is_better=False).ratio == 1.5


@pytest.mark.parametrize("other", [None, "KeyError: 'sha256'"])
def test_where_one_side_is_missing_there_is_no_ratio(other):
    assert Row("publish", OURS, other).ratio is None
    assert Row("publish", other, PEER).ratio is None


def test_only_what_is_over_its_budget_or_fails_is_complained_of():
    rows = [
        Row("get", OURS, PEER, budget=2),
        Row("history", OURS, None),
        Row("list", OURS, PEER, budget=1),
        Row("purge", "found 0, not 20", PEER),
        Row("put", OURS, "KeyError", budget=2),
    ]
    assert over_budget(rows) == ["list: 2 steps, the budget is 1", "purge: found 0, not 20"]


def test_the_table_of_operations():
    rows = [
        Row("publish", OURS, PEER, budget=2),
        Row("delete a version", WAITING, Cost(1, 1, 38.4, 0.0)),
        Row("history", OURS, None),
        Row("get", OURS, "KeyError: 'sha256'", budget=1),
    ]
    assert operations_table(rows, peer="1.0.1").splitlines() == [
        "                          ----- versioned ------  -------- 1.0.1 --------",
        "operation         budget  requests  steps     ms  requests  steps      ms  ratio",
        "publish                2         4      2    80          3      3    120    1.50",
        "delete a version       -        10      9  2350*         1      1     38    0.02",
        "history                -         4      2    80          -      -      -       -",
        "get                    1         4      2    80          -      -  fails       -",
        "* 2000 ms of it is the wait between announcing a deletion and doing it",
        "1.0.1 fails: KeyError: 'sha256'",
    ]


def test_the_table_of_figures():
    figures = [Figure("put 64 MiB", "MiB/s", 61.25, 122.5), Figure("ls", "ms", 103, None)]
    assert figures_table(figures, peer="1.0.1").splitlines() == [
        "             unit  versioned  1.0.1  ratio",
        "put 64 MiB  MiB/s       61.2    122   0.50",
        "ls             ms        103      -      -",
    ]


def test_json_tells_what_the_tables_tell():
    rows = [Row("get", OURS, "KeyError", budget=1)]
    report = as_json(rows, [Figure("ls", "ms", 103, None)], {"cpus": 2})
    assert report == {
        "format": 1,
        "environment": {"cpus": 2},
        "operations": [
            {
                "operation": "get",
                "budget_steps": 1,
                "ours": {"requests": 4, "steps": 2, "ms": 80.0, "waited_ms": 0.0},
                "peer": {"error": "KeyError"},
                "ratio": None,
            }
        ],
        "figures": [
            {
                "what": "ls",
                "unit": "ms",
                "ours": 103,
                "peer": None,
                "more_is_better": True,
                "ratio": None,
            }
        ],
        "over_budget": ["get: 2 steps, the budget is 1"],
    }


def test_every_round_has_the_same_operations_on_artifacts_of_its_own():
    first, second = (operations(n, versions=100, conditional_copy=False) for n in (0, 1))
    assert [operation.label for operation in first] == [operation.label for operation in second]
    names = [{operation.call.arguments["name"] for operation in plan} for plan in (first, second)]
    assert not names[0] & names[1]


@pytest.mark.parametrize(("versions", "steps"), [(100, 1), (999, 1), (1000, 2), (2500, 3)])
def test_a_listing_may_take_a_step_for_each_thousand_objects(versions, steps):
    plan = operations(0, versions=versions, conditional_copy=False)
    budgets = {operation.label: operation.budget for operation in plan}
    assert budgets[f"list {versions} versions, again"] == steps

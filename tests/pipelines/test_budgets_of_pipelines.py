"""What the operations of a pipeline cost, counted: `(steps, requests)`."""

import pytest
from filling import fill

from versioned.pipelines.gate import Gate


@pytest.fixture
def cost(shifted, repository):
    """The steps and requests of a call, on a store whose capabilities are known."""
    repository.context.monotonic = lambda: 0.0

    def count(call):
        shifted.reset()
        call()
        return shifted.steps, len(shifted.requests)

    return count


def test_promote(pipeline, cost):
    """The policy; the ranks; the version; then what putting an alias costs."""
    assert cost(lambda: pipeline.promote("app", "qa", version=1)) == (5, 11)
    assert cost(lambda: pipeline.promote("app", "staging")) == (5, 11)
    assert cost(lambda: pipeline.promote("app", "staging")) == (2, 4)
    pipeline.promote("app", "qa")
    assert cost(lambda: pipeline.promote("app", "staging")) == (6, 12)


def test_promote_through_gates(pipeline, cost):
    """Two steps more, and a LIST and a GET for each check, and for the approvals."""
    pipeline.set_gate("staging", Gate(("unit", "load"), 0, 1))
    pipeline.promote("app", "qa")
    for check in ("unit", "load"):
        pipeline.record_verdict("app@2", check, "pass")
    pipeline.approve("app@2", "staging")
    steps, requests = cost(lambda: pipeline.promote("app", "staging"))
    assert (steps, requests) == (6, 17)


def test_demote(pipeline, cost):
    for version in (1, 2):
        pipeline.promote("app", "qa", version=version)
    assert cost(lambda: pipeline.demote("app", "qa")) == (7, 12)


def test_the_board_of_many_artifacts_takes_as_many_steps_as_that_of_one(pipeline, repository, cost):
    pipeline.set_gate("staging", Gate(("unit",), 3600, 1))
    pipeline.promote("app", "qa")
    one, _ = cost(pipeline.board)
    for name in ("b", "c", "d", "e"):
        fill(repository, 1, name)
        pipeline.promote(name, "qa")
    many, requests = cost(pipeline.board)
    assert one <= 5
    assert many <= 5
    assert requests <= 2 + 5 * 13


def test_diff(pipeline, cost):
    pipeline.promote("app", "qa", version=1)
    pipeline.promote("app", "staging")
    pipeline.promote("app", "qa", version=2)
    assert cost(lambda: pipeline.diff("app", "qa", "staging")) == (2, 6)


def test_verdict_and_approval(pipeline, cost):
    assert cost(lambda: pipeline.record_verdict("app@2", "unit", "pass")) == (3, 3)
    assert cost(lambda: pipeline.record_verdict("app@2", "unit", "pass")) == (4, 4)
    assert cost(lambda: pipeline.approve("app@2", "qa")) == (4, 4)


def test_declare(pipeline, cost):
    assert cost(lambda: pipeline.declare(["qa", "staging", "production"])) == (1, 1)
    assert cost(lambda: pipeline.declare(["qa", "beta", "staging", "production"])) == (5, 6)
    assert cost(lambda: pipeline.declare(["qa", "production"])) == (5, 6)

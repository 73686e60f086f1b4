"""Whether a rollout may bring a version into a rank is decided as for a promotion."""

import pytest

from versioned.errors import (
    ArtifactNotFoundError,
    GateRefusedError,
    InvalidInputError,
    InvalidVersionError,
)
from versioned.pipelines.admission import admit
from versioned.pipelines.gate import Gate


@pytest.fixture
def ask(pipeline, repository):
    def ask(alias, version, *, force=False, message=None):
        return admit(repository.context, "app", alias, version, force=force, message=message)

    return ask


def test_what_is_no_rank_admits_anything(ask):
    assert ask("prod", 7) == ()


def test_without_a_pipeline_there_are_no_gates(repository):
    assert admit(repository.context, "app", "qa", 1, force=False, message=None) == ()


def test_what_the_rank_before_holds_is_admitted(ask, pipeline):
    pipeline.promote("app", "qa", version=1)
    assert ask("staging", 1) == ()
    with pytest.raises(GateRefusedError) as refused:
        ask("staging", "2")
    assert list(refused.value.unmet) == ["order"]


def test_any_number_is_admitted_to_the_first_rank(ask):
    assert ask("qa", 1) == ask("qa", 2) == ()


def test_gates_are_asked_and_can_be_overridden_with_a_reason(ask, pipeline):
    pipeline.promote("app", "qa", version=1)
    pipeline.set_gate("staging", Gate(("unit",), 60))
    with pytest.raises(GateRefusedError) as refused:
        ask("staging", 1)
    assert list(refused.value.unmet) == ["verdict:unit", "soak"]
    assert ask("staging", 2, force=True, message="now") == ("order", "verdict:unit", "soak")


def test_force_takes_a_reason_and_a_version_that_is_there(ask):
    with pytest.raises(InvalidInputError):
        ask("prod", 1, force=True)
    with pytest.raises(ArtifactNotFoundError):
        ask("qa", 7, force=True, message="now")
    with pytest.raises(InvalidVersionError):
        ask("qa", "LATEST", force=True, message="now")

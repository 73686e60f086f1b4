"""Ways around the gates and the bytes meant, and documents that nobody should trust."""

import json

import pytest
from filling import fill

from doubles import reuse_number
from versioned import Pipeline, Rollouts, layout
from versioned.alias_writing import put_alias
from versioned.errors import (
    ContaminatedError,
    ContentMismatchError,
    InvalidInputError,
    InvalidNameError,
    RankInUseError,
    RankProtectedError,
)
from versioned.pipelines.gate import Gate
from versioned.targets import Target

OVERFLOWING = "0001-01-01T00:00:00+14:00"


class TestRollingARankBack:
    def test_it_can_not_bring_back_latest_which_may_change(self, repository):
        repository.put_artifact("app", b"build 1")
        repository.publish_artifact_version("app")
        repository.put_alias("app", "qa", "LATEST")
        repository.put_alias("app", "qa", 1)
        Pipeline(repository).declare(["qa"])
        with pytest.raises(RankProtectedError):
            repository.rollback("app", "qa", to="LATEST")
        assert repository.get_alias("app", "qa").version == "1"

    @pytest.mark.parametrize("to", [None, 1], ids=["to the state before", "to a number"])
    def test_a_number_that_was_used_again_does_not_come_back(
        self, pipeline, repository, shifted, to
    ):
        pipeline.promote("app", "qa", version=1)
        pipeline.promote("app", "qa", version=2)
        reuse_number(shifted, 1, b"never tested")
        with pytest.raises(ContentMismatchError):
            repository.rollback("app", "qa", to=to)
        assert repository.get_alias("app", "qa").version == "2"

    @pytest.mark.usefixtures("pipeline")
    def test_the_same_for_a_plain_alias(self, repository, shifted):
        repository.put_alias("app", "edge", 1)
        repository.put_alias("app", "edge", 2)
        reuse_number(shifted, 1, b"something else")
        with pytest.raises(ContentMismatchError):
            repository.rollback("app", "edge")
        assert repository.put_alias("app", "edge", 1).version == "1"

    def test_a_plain_alias_may_still_be_sent_to_latest(self, repository):
        repository.put_artifact("app", b"build 1")
        repository.publish_artifact_version("app")
        repository.put_alias("app", "edge", "LATEST")
        repository.put_alias("app", "edge", 1)
        assert repository.rollback("app", "edge", to="LATEST").version == "LATEST"


def test_the_board_of_an_empty_name_is_not_that_of_all(pipeline):
    with pytest.raises(InvalidNameError):
        pipeline.board("")


def test_a_soak_time_that_no_float_can_hold_is_refused():
    with pytest.raises(InvalidInputError):
        Gate(soak=10**400)


class TestDamagedDocuments:
    def damage(self, repository, key, **fields):
        document = json.loads(repository.context.read(key)[1])
        repository.context.write(key, json.dumps(document | fields).encode())

    def test_a_time_that_can_not_be_told_in_utc_is_no_time_of_a_policy(self, pipeline, repository):
        self.damage(repository, layout.PIPELINE_KEY, at=OVERFLOWING)
        with pytest.raises(ContaminatedError):
            pipeline.policy()

    def test_nor_of_a_verdict(self, pipeline, repository):
        found = pipeline.record_verdict("app@1", "smoke", "fail")
        folder = layout.verdict_folder("app", found.sha256, "smoke")
        self.damage(repository, layout.entry_key(folder, 1), at=OVERFLOWING)
        with pytest.raises(ContaminatedError):
            pipeline.verdicts("app@1")

    def test_the_gate_of_such_a_verdict_is_not_met(self, pipeline, repository):
        pipeline.set_gate("qa", Gate(("smoke",)))
        found = pipeline.record_verdict("app@2", "smoke", "fail")
        folder = layout.verdict_folder("app", found.sha256, "smoke")
        self.damage(repository, layout.entry_key(folder, 1), at=OVERFLOWING)
        (row, *_) = pipeline.board("app")
        assert "can't be read" in row.waiting.unmet["verdict:smoke"]


class TestWhatBecomesARank:
    @pytest.mark.parametrize(
        "weights", [{"LATEST": 100}, {1: 90, "LATEST": 10}, {"LATEST": 90, 1: 10}]
    )
    def test_must_not_point_at_latest(self, repository, weights):
        fill(repository)
        put_alias(repository.context, "app", "prod", Target.of_weights(weights))
        with pytest.raises(RankInUseError, match="app@prod") as refused:
            Pipeline(repository).declare(["qa", "prod"])
        assert refused.value.hint == "versioned alias put app@prod NUMBER first"
        assert Pipeline(repository).policy().ranks == ()
        repository.put_alias("app", "prod", 1)
        assert Pipeline(repository).declare(["qa", "prod"]).ranks == ("qa", "prod")

    def test_up_to_five_that_do_are_named(self, repository):
        for number in range(7):
            fill(repository, 1, f"app{number}")
            repository.put_alias(f"app{number}", "prod")
        with pytest.raises(RankInUseError) as refused:
            Pipeline(repository).declare(["prod"])
        assert "app4@prod and 2 more" in refused.value.message
        assert "app5" not in refused.value.message

    def test_must_not_be_moved_by_a_rollout(self, repository):
        fill(repository)
        repository.put_alias("app", "prod", 1)
        rollouts = Rollouts(repository)
        rollouts.start("app", "prod", 2, strategy="canary:10%:5m")
        with pytest.raises(RankInUseError) as refused:
            Pipeline(repository).declare(["prod"])
        assert "versioned rollout status app prod" in refused.value.hint
        rollouts.abort("app", "prod")
        assert Pipeline(repository).declare(["prod"]).ranks == ("prod",)

    @pytest.mark.parametrize("key", ["app/aliases/prod.json", "app/rollouts/prod.json"])
    def test_must_be_readable(self, repository, key):
        fill(repository)
        repository.context.write(key, b"{}")
        with pytest.raises(ContaminatedError):
            Pipeline(repository).declare(["prod"])

    def test_a_rank_that_stays_is_not_looked_at(self, pipeline, repository):
        repository.context.write("app/aliases/qa.json", b"{}")
        assert pipeline.declare(["staging", "qa", "production", "edge"]).ranks[1] == "qa"

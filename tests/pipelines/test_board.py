"""The board shows what sits where and what waits; a diff what lies between two ranks."""

import pytest
from filling import fill

from versioned import Pipeline, Rollouts, layout
from versioned.alias_writing import put_alias
from versioned.errors import AliasNotFoundError, ArtifactNotFoundError, InvalidNameError
from versioned.models import Cause
from versioned.pipelines.comparison import numbers_between
from versioned.pipelines.gate import Gate
from versioned.targets import Target


def cells(rows):
    return [
        (
            row.name,
            row.rank,
            row.alias and row.alias.version,
            row.waiting and (row.waiting.version, list(row.waiting.unmet)),
        )
        for row in rows
    ]


class TestBoard:
    def test_without_a_pipeline_it_is_empty(self, repository):
        fill(repository)
        assert Pipeline(repository).board() == []

    def test_the_newest_number_waits_for_the_first_rank(self, pipeline):
        assert cells(pipeline.board("app")) == [
            ("app", "qa", None, ("2", [])),
            ("app", "staging", None, None),
            ("app", "production", None, None),
        ]

    def test_what_a_rank_holds_waits_for_the_next_with_the_gates_it_does_not_meet(self, pipeline):
        pipeline.set_gate("staging", Gate(("unit",), 3600, 1))
        pipeline.promote("app", "qa")
        assert cells(pipeline.board("app"))[:2] == [
            ("app", "qa", "2", None),
            ("app", "staging", None, ("2", ["verdict:unit", "soak", "approvals"])),
        ]
        pipeline.record_verdict("app@2", "unit", "pass")
        pipeline.approve("app@2", "staging")
        (row,) = (row for row in pipeline.board() if row.rank == "staging")
        assert list(row.waiting.unmet) == ["soak"]

    def test_it_says_what_a_promotion_would_do(self, pipeline):
        pipeline.set_gate("qa", Gate(("lint",)))
        pipeline.promote("app", "qa", version=1, force=True, message="first")
        pipeline.promote("app", "staging")
        pipeline.record_verdict("app@2", "lint", "pass")
        (waits,) = (row for row in pipeline.board("app") if row.rank == "qa")
        assert (waits.waiting.version, waits.waiting.unmet) == ("2", {})
        assert pipeline.promote("app", "qa", expect=waits.waiting.sha256).moved

    def test_all_artifacts_are_shown(self, pipeline, repository):
        fill(repository, 1, "web")
        pipeline.promote("web", "qa")
        assert [(row.name, row.rank) for row in pipeline.board()] == [
            (name, rank) for name in ("app", "web") for rank in ("qa", "staging", "production")
        ]

    def test_from_a_split_rank_nothing_waits(self, pipeline, repository):
        split = Target.of_weights({"1": 90, "2": 10})
        put_alias(repository.context, "app", "qa", split, cause=Cause("rollout"))
        rows = pipeline.board("app")
        assert cells(rows)[0] == ("app", "qa", "1", ("2", []))
        assert cells(rows)[1] == ("app", "staging", None, None)

    def test_a_version_that_is_gone_is_told(self, pipeline, repository):
        pipeline.promote("app", "qa", version=1)
        repository.delete_artifact_version("app", 1, force=True)
        assert cells(pipeline.board("app"))[1] == ("app", "staging", None, ("1", ["bytes"]))

    def test_folders_that_other_tools_made_are_left_out(self, pipeline, repository):
        repository.context.write("..\\odd/aliases/qa.json", b"{}")
        assert {row.name for row in pipeline.board()} == {"app"}

    def test_a_name_without_anything_is_an_error(self, pipeline):
        with pytest.raises(ArtifactNotFoundError):
            pipeline.board("nothing")
        with pytest.raises(InvalidNameError):
            pipeline.board("../app")

    @pytest.mark.parametrize("name", [None, "app"])
    def test_a_rollout_is_shown_in_place_of_what_waits(self, pipeline, repository, name):
        pipeline.promote("app", "qa", version=1)
        pipeline.promote("app", "staging")
        pipeline.promote("app", "qa", version=2)
        assert pipeline.board(name)[1].waiting.unmet == {}
        rollouts = Rollouts(repository)
        rollouts.start("app", "staging", 2, strategy="canary:10%:5m")
        row = pipeline.board(name)[1]
        assert (row.rollout, row.waiting, row.alias.is_split) == ("2", None, True)
        assert row.to_dict()["rollout"] == "2"
        rollouts.abort("app", "staging")
        row = pipeline.board(name)[1]
        assert (row.rollout, row.waiting.version) == (None, "2")

    def test_a_rollout_that_somebody_else_ended_is_not_shown(self, pipeline, repository):
        pipeline.promote("app", "qa", version=1)
        Rollouts(repository).start("app", "qa", 2, strategy="canary:10%:5m")
        repository.rollback("app", "qa")
        (row, *_) = pipeline.board()
        assert (row.rollout, row.waiting.version) == (None, "2")


class TestDamage:
    """What can't be read is told in its row, and hides nothing else."""

    @pytest.fixture
    def spread(self, pipeline, repository):
        fill(repository, 1, "web")
        for name in ("app", "web"):
            pipeline.promote(name, "qa", version=1)
        return pipeline

    def faults(self, pipeline, name=None):
        return {(row.name, row.rank): row.fault for row in pipeline.board(name) if row.fault}

    @pytest.mark.parametrize("name", [None, "app"])
    def test_of_an_alias(self, spread, repository, name):
        repository.context.write("app/aliases/qa.json", b"{}")
        assert "app/aliases/qa.json" in self.faults(spread, name)["app", "qa"]
        rows = spread.board()
        assert cells(rows)[:2] == [("app", "qa", None, None), ("app", "staging", None, None)]
        assert cells(rows)[3:5] == [("web", "qa", "1", None), ("web", "staging", None, ("1", []))]

    def test_of_a_rollout(self, spread, repository):
        repository.context.write("app/rollouts/qa.json", b"{}")
        assert list(self.faults(spread)) == [("app", "qa")]
        assert cells(spread.board())[0] == ("app", "qa", "1", None)

    def test_of_the_numbers(self, spread, repository):
        repository.context.write("app/versions/000000_foreign", b"x")
        assert list(self.faults(spread)) == [("app", "qa")]
        assert cells(spread.board())[1] == ("app", "staging", None, ("1", []))

    def test_of_a_version(self, spread, repository):
        repository.context.write(layout.version_key("app", 1, ""), b"without a sha256")
        assert list(self.faults(spread)) == [("app", "staging")]
        assert cells(spread.board())[4] == ("web", "staging", None, ("1", []))

    def test_of_all_that_there_is(self, pipeline, repository):
        repository.context.write("odd/aliases/qa.json", b"{}")
        assert [row.rank for row in pipeline.board("odd") if row.fault] == ["qa"]


class TestDiff:
    @pytest.fixture
    def spread(self, pipeline, repository):
        """4 in qa, 1 in production; each number says its commit."""
        for number in (3, 4):
            metadata = {"commit": f"c{number}", "branch": "main"}
            repository.put_artifact("app", b"number %d" % number, metadata=metadata)
            repository.publish_artifact_version("app")
        pipeline.promote("app", "qa", version=1)
        pipeline.promote("app", "production", version=1, force=True, message="start")
        pipeline.promote("app", "qa", by="bob")
        return pipeline

    def test_it_has_both_sides_and_the_numbers_in_between(self, spread, repository):
        found = spread.diff("app", "production", "qa")
        assert (found.one.alias.version, found.other.alias.version) == ("1", "4")
        assert (found.one.alias.by, found.other.alias.by) == ("ann", "bob")
        assert found.other.published.artifact == repository.get_artifact_version("app", 4)
        assert [one.artifact.version for one in found.between] == ["4", "3", "2"]
        assert found.between[1].metadata == {"commit": "c3", "branch": "main"}
        assert not found.same_bytes

    def test_it_says_how_the_metadata_differ(self, spread):
        assert spread.diff("app", "production", "qa").metadata_changes == {
            "branch": (None, "main"),
            "commit": (None, "c4"),
        }

    def test_the_same_on_both_sides_has_nothing_in_between(self, spread):
        spread.promote("app", "staging")
        found = spread.diff("app", "qa", "staging")
        assert (found.same_bytes, found.between, found.metadata_changes) == (True, (), {})

    def test_any_two_aliases_will_do(self, spread, repository):
        repository.put_alias("app", "tip")
        found = spread.diff("app", "tip", "production")
        assert [one.artifact.version for one in found.between] == ["4", "3", "2"]

    def test_what_is_not_there_is_an_error(self, spread, repository):
        with pytest.raises(AliasNotFoundError):
            spread.diff("app", "qa", "staging")
        repository.context.store.delete(layout.version_key("app", 1, ""))
        with pytest.raises(ArtifactNotFoundError):
            spread.diff("app", "qa", "production")

    def test_which_numbers_lie_in_between(self):
        numbers = ["LATEST", "5", "4", "2", "1"]
        assert numbers_between(numbers, "1", "4") == ["4", "2"]
        assert numbers_between(numbers, "4", "1") == ["4", "2"]
        assert numbers_between(numbers, "LATEST", "2") == ["5", "4"]
        assert numbers_between(numbers, "LATEST", "LATEST") == []

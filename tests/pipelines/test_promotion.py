"""Promotion moves exactly what the rank before holds, or nothing."""

import pytest

from doubles import TappedStore, reuse_number
from versioned import Pipeline, Repository, layout
from versioned.alias_writing import put_alias
from versioned.errors import (
    AliasConflictError,
    ArtifactNotFoundError,
    ContentMismatchError,
    DeletionInProgressError,
    GateRefusedError,
    InputTypeError,
    InvalidInputError,
    InvalidNameError,
    InvalidRankError,
    InvalidVersionError,
    RankEmptyError,
    RolloutConflictError,
)
from versioned.models import Cause
from versioned.pipelines.gate import Gate
from versioned.targets import Target

ROLLOUT = Cause("rollout")


def states(repository, name="app"):
    return {a.alias: a.version for a in repository.list_aliases(name)}


def split(repository, alias="qa"):
    put_alias(
        repository.context, "app", alias, Target.of_weights({"1": 90, "2": 10}), cause=ROLLOUT
    )


class TestWhatMoves:
    def test_the_newest_number_goes_into_the_first_rank(self, pipeline, repository):
        done = pipeline.promote("app", "qa")
        assert (done.alias.version, done.moved, done.was, done.came_from) == ("2", True, None, None)
        assert done.alias.sha256 == repository.get_artifact_version("app", 2).sha256
        assert states(repository) == {"qa": "2"}

    def test_a_number_that_is_named_goes_into_the_first_rank(self, pipeline, repository):
        pipeline.promote("app", "qa", version=1)
        assert states(repository) == {"qa": "1"}

    def test_what_the_rank_before_holds_goes_into_the_next(self, pipeline, repository):
        pipeline.promote("app", "qa", version=1)
        done = pipeline.promote("app", "staging", message="tested")
        assert (done.alias.version, done.came_from) == ("1", "qa")
        assert states(repository) == {"qa": "1", "staging": "1"}

    def test_the_ledger_says_that_it_was_a_promotion(self, pipeline, repository):
        pipeline.promote("app", "qa", message="first", by="bob")
        (entry,) = repository.history("app", "qa")
        assert (entry.cause, entry.message, entry.by) == (Cause("promote"), "first", "bob")

    def test_again_it_writes_nothing_and_says_so(self, pipeline, repository):
        first = pipeline.promote("app", "qa")
        again = pipeline.promote("app", "qa")
        assert (again.moved, again.alias) == (False, first.alias)
        assert len(repository.history("app", "qa")) == 1

    def test_a_number_in_order_may_be_named(self, pipeline):
        pipeline.promote("app", "qa", version=1)
        assert pipeline.promote("app", "staging", version=1).moved

    def test_a_split_target_gets_one_version_again(self, pipeline, repository):
        split(repository)
        assert pipeline.promote("app", "qa").alias.is_split is False


class TestWhatIsRefused:
    def test_what_is_no_rank(self, pipeline):
        with pytest.raises(InvalidRankError, match="qa, staging, production"):
            pipeline.promote("app", "prod")

    def test_without_a_pipeline_there_is_no_rank(self, repository):
        with pytest.raises(InvalidRankError, match="there are none"):
            Pipeline(repository).promote("app", "qa")

    @pytest.mark.only_stores("local")
    @pytest.mark.parametrize("name", ["", "..", "a/b", "a\nb"])
    def test_a_name_that_would_escape(self, pipeline, name):
        with pytest.raises(InvalidNameError):
            pipeline.promote(name, "qa")

    def test_an_empty_rank_before(self, pipeline, repository):
        with pytest.raises(RankEmptyError):
            pipeline.promote("app", "staging")
        assert states(repository) == {}

    def test_an_artifact_without_versions(self, pipeline):
        with pytest.raises(ArtifactNotFoundError):
            pipeline.promote("nothing", "qa")

    def test_a_number_that_is_not_there(self, pipeline, repository):
        with pytest.raises(ArtifactNotFoundError):
            pipeline.promote("app", "qa", version=7)
        with pytest.raises(ArtifactNotFoundError):
            pipeline.promote("app", "staging", version=7, force=True, message="now")
        assert states(repository) == {}

    def test_latest(self, pipeline, repository):
        with pytest.raises(InvalidVersionError):
            pipeline.promote("app", "qa", version="LATEST")
        put_alias(repository.context, "app", "qa", Target("LATEST"), cause=ROLLOUT)
        with pytest.raises(InvalidVersionError):
            pipeline.promote("app", "staging")
        assert states(repository) == {"qa": "LATEST"}

    def test_a_rank_before_that_is_split(self, pipeline, repository):
        split(repository)
        with pytest.raises(AliasConflictError, match=r"1 \(90%\) \+ 2 \(10%\)"):
            pipeline.promote("app", "staging")
        with pytest.raises(GateRefusedError) as refused:
            pipeline.promote("app", "staging", version=1)
        assert list(refused.value.unmet) == ["order"]
        assert states(repository) == {"qa": "1"}

    def test_skipping_a_rank(self, pipeline, repository):
        pipeline.promote("app", "qa", version=1)
        with pytest.raises(GateRefusedError) as refused:
            pipeline.promote("app", "staging", version=2)
        assert "qa holds 1" in refused.value.unmet["order"]
        with pytest.raises(GateRefusedError):
            pipeline.promote("app", "production", version=1)
        assert states(repository) == {"qa": "1"}

    def test_a_rank_with_a_rollout_under_way(self, pipeline, repository):
        from versioned import Rollouts  # noqa: PLC0415 - the other half of the story

        pipeline.promote("app", "qa", version=1)
        Rollouts(repository).start("app", "qa", 2, strategy="canary:10%:5m")
        with pytest.raises(RolloutConflictError):
            pipeline.promote("app", "qa")

    @pytest.mark.only_stores("local")
    def test_force_without_a_reason(self, pipeline, repository):
        for message in (None, "", "  "):
            with pytest.raises(InvalidInputError):
                pipeline.promote("app", "qa", force=True, message=message)
        assert states(repository) == {}


class TestForce:
    def test_what_was_overridden_is_in_the_ledger(self, pipeline, repository):
        pipeline.promote("app", "qa", version=1)
        pipeline.set_gate("staging", Gate(("unit",), 60, 1))
        done = pipeline.promote("app", "staging", version=2, force=True, message="hotfix")
        names = ("order", "verdict:unit", "soak", "approvals")
        assert done.overrides == names
        (entry,) = repository.history("app", "staging")
        assert (entry.cause, entry.message) == (Cause("promote", overrides=names), "hotfix")

    def test_where_all_is_met_nothing_is_overridden(self, pipeline, repository):
        assert pipeline.promote("app", "qa", force=True, message="now").overrides == ()
        assert repository.history("app", "qa")[0].cause == Cause("promote")


class TestExpectations:
    def test_a_number_or_the_start_of_a_sha256_may_be_expected(self, pipeline, repository):
        sha256 = repository.get_artifact_version("app", 2).sha256
        for rank, expect in (("qa", 2), ("staging", sha256[:8]), ("production", sha256.upper())):
            assert pipeline.promote("app", rank, expect=expect).moved
        assert not pipeline.promote("app", "production", expect="2").moved

    @pytest.mark.parametrize("expect", [1, "00000000", "0" * 64])
    def test_where_something_else_was_tested_nothing_moves(self, pipeline, repository, expect):
        pipeline.promote("app", "qa")
        for rank in ("qa", "staging"):
            with pytest.raises(AliasConflictError, match="expected"):
                pipeline.promote("app", rank, expect=expect, force=True, message="now")
        assert states(repository) == {"qa": "2"}

    @pytest.mark.only_stores("local")
    @pytest.mark.parametrize("expect", ["", "abc", "0", 0, True, "LATEST", "qa", "z" * 64, -1])
    def test_what_can_not_be_expected_is_refused(self, pipeline, expect):
        with pytest.raises(InvalidVersionError):
            pipeline.promote("app", "qa", expect=expect)


class TestTheBytes:
    def test_a_number_that_was_used_again_is_not_promoted(self, pipeline, repository, store):
        pipeline.promote("app", "qa")
        reuse_number(store, 2, b"not what was tested")
        for options in ({}, {"force": True, "message": "now"}):
            with pytest.raises(ContentMismatchError):
                pipeline.promote("app", "staging", **options)
        assert states(repository) == {"qa": "2"}

    @pytest.mark.parametrize("before", [None, 1], ids=["first", "update"])
    def test_nor_where_that_happens_at_the_last_moment(self, pipeline, repository, store, before):
        if before:
            pipeline.promote("app", "qa", version=before)
            pipeline.promote("app", "staging")
        pipeline.promote("app", "qa", version=2)
        tap = TappedStore(store)
        heads = []

        def reuse(_number, operation, key):
            if operation == "head" and key == layout.version_key("app", 2, ""):
                heads.append(key)
                if len(heads) == 1:
                    reuse_number(store, 2, b"other bytes")

        tap.after = reuse
        with pytest.raises(ContentMismatchError):
            Pipeline(Repository(tap)).promote("app", "staging")
        assert states(repository).get("staging") == (str(before) if before else None)
        assert len(repository.history("app", "staging")) == (1 if before else 0)

    def test_a_number_that_is_being_deleted_is_not_promoted(self, pipeline, repository, store):
        pipeline.promote("app", "qa")
        tap = TappedStore(store)
        started = []

        def delete(_number, operation, key):
            if operation == "get" and key == layout.alias_key("app", "qa") and not started:
                started.append(key)
                repository.delete_artifact_version("app", 2, force=True)

        tap.after = delete
        with pytest.raises((ArtifactNotFoundError, DeletionInProgressError)):
            Pipeline(Repository(tap)).promote("app", "staging")
        assert states(repository) == {"qa": "2"}

    def test_an_alias_of_another_tool_is_pinned_by_the_bytes_that_are_there(
        self, pipeline, repository
    ):
        pipeline.promote("app", "qa")
        key = layout.alias_key("app", "qa")
        repository.context.write(key, repository.context.read(key)[1])  # without the event
        assert repository.get_alias("app", "qa").sha256 is None
        done = pipeline.promote("app", "staging")
        assert done.alias.sha256 == repository.get_artifact_version("app", 2).sha256


class TestRaces:
    """Somebody else acts at every single request of a promotion of 1 to staging."""

    def actions(self, repository):
        pipeline = Pipeline(repository)

        def rollback():
            repository.rollback("app", "staging")

        return {
            "another promotion into it": lambda: pipeline.promote(
                "app", "staging", version=2, force=True, message="hotfix"
            ),
            "a promotion into the rank before": lambda: pipeline.promote("app", "qa", version=2),
            "a rollback of it": rollback,
            "a demotion of it": lambda: pipeline.demote("app", "staging"),
            "a demotion of the rank before": lambda: pipeline.demote("app", "qa"),
            "a new gate": lambda: pipeline.set_gate("staging", Gate(approvals=1)),
        }

    @pytest.mark.parametrize(
        "action",
        [
            "another promotion into it",
            "a promotion into the rank before",
            "a rollback of it",
            "a demotion of it",
            "a demotion of the rank before",
            "a new gate",
        ],
    )
    def test_it_moves_what_it_looked_at_or_nothing(self, copies_of, action):
        point, done = 0, False
        while not done:
            store = copies_of(prepare)
            repository = Repository(store, actor="other")
            pipeline = Pipeline(repository)
            act = self.actions(repository)[action]
            tap = TappedStore(store)

            def barge_in(number, _operation, _key, act=act, point=point):
                if number == point:
                    act()

            tap.before = barge_in
            self.race(Pipeline(Repository(tap, actor="late")), repository)
            done = len(tap.requests) <= point
            self.check(repository, pipeline)
            store.close()
            point += 1
        assert point > 8

    def race(self, late, repository):
        try:
            moved = late.promote("app", "staging")
        except (AliasConflictError, GateRefusedError, RankEmptyError):
            assert all(entry.by != "late" for entry in repository.history("app", "staging"))
        else:
            assert not moved.moved or moved.alias.by == "late"

    def check(self, repository, pipeline):
        """Each state of staging is explained: who, how, and which bytes."""
        for entry in repository.history("app", "staging"):
            if entry.state is not None:
                version = repository.get_artifact_version("app", entry.state.version)
                assert entry.state.sha256 == version.sha256
                assert entry.cause is not None
        late = [e for e in repository.history("app", "staging") if e.by == "late"]
        assert len(late) <= 1
        assert all(e.state.version in {"1", "2"} and not e.cause.overrides for e in late)
        pipeline.board("app")


def prepare(repository):
    """3 was in staging, then 4; qa has 1."""
    pipeline = Pipeline(repository)
    pipeline.declare(["qa", "staging"])
    for number in range(1, 5):
        repository.put_artifact("app", b"build %d" % number)
        repository.publish_artifact_version("app")
    for number in (3, 4):
        pipeline.promote("app", "qa", version=number)
        pipeline.promote("app", "staging")
    pipeline.promote("app", "qa", version=1)


def test_of_two_who_promote_at_once_one_wins(pipeline, repository, store):
    pipeline.promote("app", "qa")
    tap, other = TappedStore(store), Pipeline(Repository(store, actor="other"))

    def barge_in(_number, operation, key):
        if operation == "put" and key == layout.alias_key("app", "staging"):
            other.promote("app", "staging")

    tap.before = barge_in
    with pytest.raises(AliasConflictError):
        Pipeline(Repository(tap, actor="late")).promote("app", "staging")
    assert repository.get_alias("app", "staging").by == "other"


@pytest.mark.only_stores("local")
def test_a_message_must_be_text(pipeline):
    with pytest.raises(InputTypeError):
        pipeline.promote("app", "qa", message=7)

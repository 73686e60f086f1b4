"""Declaring ranks and gates: one document under compare-and-set, and none is ever forgotten."""

import json

import pytest

from doubles import TappedStore
from versioned import Pipeline, Repository, layout
from versioned.context import new_identity
from versioned.errors import (
    ConflictError,
    ContaminatedError,
    InputTypeError,
    InvalidInputError,
    InvalidNameError,
    InvalidRankError,
    LedgerBrokenError,
    RankInUseError,
    RankProtectedError,
)
from versioned.pipelines.gate import Gate


def written(repository, key=layout.PIPELINE_KEY):
    return json.loads(repository.context.read(key)[1])


def overwrite(repository, **fields):
    document = written(repository) | fields
    repository.context.write(layout.PIPELINE_KEY, json.dumps(document).encode())


class TestDeclaring:
    def test_a_repository_without_a_pipeline_has_no_ranks(self, repository):
        assert Pipeline(repository).policy().ranks == ()
        assert Pipeline(repository).policy_history() == []

    def test_the_ranks_are_kept_in_their_order(self, pipeline):
        policy = pipeline.declare(["staging", "qa", "production"], message="why", by="bob")
        assert policy == pipeline.policy()
        assert policy.ranks == ("staging", "qa", "production")
        assert (policy.position, policy.by, policy.message) == (2, "bob", "why")

    def test_the_same_again_writes_nothing(self, pipeline):
        before = pipeline.policy()
        assert pipeline.declare(before.ranks) == before
        assert pipeline.set_gate("qa", Gate()) == before

    def test_a_rank_that_stays_keeps_its_gate_and_one_that_goes_does_not(self, pipeline):
        pipeline.set_gate("staging", Gate(approvals=1))
        pipeline.set_gate("production", Gate(approvals=2))
        pipeline.declare(["qa", "canary", "production"])
        assert dict(pipeline.policy().gates) == {"production": Gate(approvals=2)}

    @pytest.mark.only_stores("local")
    @pytest.mark.parametrize(
        "ranks",
        [[], [""], ["qa", "qa"], ["LATEST"], ["archive"], ["qa-1"], ["a/b"], ["1st"], ["../x"]],
        ids=str,
    )
    def test_what_can_be_no_rank_is_refused(self, pipeline, ranks):
        with pytest.raises(InvalidRankError):
            pipeline.declare(ranks)
        assert pipeline.policy().position == 1

    @pytest.mark.only_stores("local")
    @pytest.mark.parametrize("ranks", ["qa", ["qa", 1], [None]], ids=str)
    def test_what_is_no_list_of_names_is_refused(self, pipeline, ranks):
        with pytest.raises(InputTypeError):
            pipeline.declare(ranks)

    def test_a_rank_that_holds_something_does_not_go(self, pipeline, repository):
        pipeline.promote("app", "qa")
        with pytest.raises(RankInUseError, match="app@qa"):
            pipeline.declare(["staging", "production"])
        assert pipeline.policy().ranks == ("qa", "staging", "production")
        pipeline.demote("app", "qa", empty=True)
        assert pipeline.declare(["staging", "production"]).ranks == ("staging", "production")
        repository.put_alias("app", "qa", 1)

    @pytest.mark.usefixtures("pipeline")
    def test_a_plain_write_to_a_rank_is_refused(self, repository):
        with pytest.raises(RankProtectedError):
            repository.put_alias("app", "qa", 1)
        assert repository.list_aliases("app") == []

    @pytest.mark.only_stores("local")
    def test_a_message_that_is_too_long_is_refused(self, pipeline):
        with pytest.raises(InvalidInputError):
            pipeline.declare(["qa"], message="x" * 2001)


class TestGates:
    def test_a_gate_is_read_as_it_was_declared(self, pipeline):
        gate = Gate(("integration", "load"), 3600.5, 1, ("ann", "bob@example.org"))
        pipeline.set_gate("production", gate)
        assert pipeline.policy().gate("production") == gate
        assert pipeline.policy().gate("qa") == Gate()

    def test_a_gate_that_asks_nothing_is_taken_away(self, pipeline):
        pipeline.set_gate("qa", Gate(approvals=1))
        pipeline.set_gate("qa", Gate())
        assert dict(pipeline.policy().gates) == {}

    def test_a_gate_of_what_is_no_rank_is_refused(self, pipeline):
        with pytest.raises(InvalidRankError, match="qa, staging, production"):
            pipeline.set_gate("prod", Gate(approvals=1))

    @pytest.mark.only_stores("local")
    def test_there_is_nothing_to_soak_in_before_the_first_rank(self, pipeline):
        with pytest.raises(InvalidInputError):
            pipeline.set_gate("qa", Gate(soak=1))
        pipeline.set_gate("staging", Gate(soak=1))
        with pytest.raises(InvalidInputError):
            pipeline.declare(["staging", "qa", "production"])
        assert pipeline.policy().ranks == ("qa", "staging", "production")

    @pytest.mark.parametrize(
        "fields",
        [
            {"soak": -1},
            {"soak": float("nan")},
            {"soak": float("inf")},
            {"soak": True},
            {"soak": "1h"},
            {"approvals": -1},
            {"approvals": 1.0},
            {"approvals": True},
            {"approvals": 3, "approvers": ("ann", "bob")},
            {"approvers": ("ann",)},
            {"approvals": 1, "approvers": ("ann", "ann")},
            {"approvals": 1, "approvers": "ann"},
            {"approvals": 1, "approvers": ("../ann",)},
            {"approvals": 1, "approvers": ("*",)},
            {"verdicts": ("a/b",)},
            {"verdicts": ("unit", "unit")},
            {"verdicts": (7,)},
        ],
        ids=str,
    )
    def test_a_gate_that_can_not_be_meant_is_refused(self, fields):
        with pytest.raises((InvalidInputError, InvalidNameError)):
            Gate(**fields)


class TestHistory:
    def test_every_policy_stays_known(self, pipeline):
        pipeline.set_gate("qa", Gate(approvals=1), message="two eyes")
        pipeline.declare(["qa", "production"], by="bob")
        found = pipeline.policy_history()
        assert [(p.position, p.by, p.message, len(p.ranks)) for p in found] == [
            (3, "bob", None, 2),
            (2, "ann", "two eyes", 3),
            (1, "ann", None, 3),
        ]

    def test_a_policy_that_was_changed_afterwards_is_found(self, pipeline, repository):
        pipeline.declare(["qa", "production"])
        key = layout.superseded_pipeline_key(1)
        body = repository.context.read(key)[1]
        repository.context.write(key, body.replace(b"staging", b"nothing"))
        with pytest.raises(LedgerBrokenError):
            pipeline.policy_history()
        repository.context.store.delete(key)
        with pytest.raises(LedgerBrokenError):
            pipeline.policy_history()


@pytest.mark.only_stores("local")
class TestBrokenDocuments:
    @pytest.mark.parametrize(
        "fields",
        [
            {"format": 2},
            {"ranks": []},
            {"ranks": "qa"},
            {"ranks": ["qa", "qa"]},
            {"ranks": ["../x"]},
            {"gates": []},
            {"gates": {"nowhere": Gate().to_dict()}},
            {"gates": {"qa": {}}},
            {"gates": {"qa": Gate(approvals=1).to_dict() | {"quorum": 3}}},
            {"gates": {"staging": Gate().to_dict() | {"soak": -1}}},
            {"gates": {"staging": Gate().to_dict() | {"soak": "1h"}}},
            {"gates": {"qa": Gate().to_dict() | {"soak": 5}}},
            {"moon": "full"},
            {"position": 0},
            {"position": "1"},
            {"previous": "../../x"},
            {"at": "yesterday"},
        ],
        ids=str,
    )
    def test_one_is_an_error_of_its_own_and_nothing_moves(self, pipeline, repository, fields):
        overwrite(repository, **fields)
        for call in (
            pipeline.policy,
            pipeline.board,
            pipeline.policy_history,
            lambda: pipeline.promote("app", "qa", force=True, message="now"),
            lambda: pipeline.declare(["qa"]),
        ):
            with pytest.raises(ContaminatedError, match="versioned-pipeline"):
                call()
        assert repository.list_aliases("app") == []


class TestRaces:
    @pytest.mark.parametrize("point", range(5))
    def test_of_two_who_declare_at_once_one_wins_and_one_learns_it(self, pipeline, store, point):
        other = Pipeline(Repository(store, actor="bob"))
        tap = TappedStore(store)

        def barge_in(number, _operation, _key):
            if number == point:
                other.declare(["qa", "bobs", "production"])

        tap.before = barge_in
        late = Pipeline(Repository(tap, actor="late"))
        try:
            late.declare(["qa", "lates", "production"])
        except ConflictError:
            assert pipeline.policy().ranks == ("qa", "bobs", "production")
        else:
            assert pipeline.policy().ranks == ("qa", "lates", "production")
        entries = pipeline.policy_history()
        assert [entry.position for entry in entries] == list(range(len(entries), 0, -1))

    def test_a_crash_between_the_two_writes_loses_nothing(self, pipeline, repository):
        body = repository.context.read(layout.PIPELINE_KEY)[1]
        repository.context.create_once(layout.superseded_pipeline_key(1), body)
        pipeline.declare(["qa", "production"])
        assert [p.position for p in pipeline.policy_history()] == [2, 1]

    def test_what_somebody_else_keeps_there_is_not_overwritten(self, pipeline, repository):
        repository.context.create_once(layout.superseded_pipeline_key(1), new_identity().encode())
        with pytest.raises(ConflictError):
            pipeline.declare(["qa"])
        assert pipeline.policy().ranks == ("qa", "staging", "production")

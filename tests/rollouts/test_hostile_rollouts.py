"""What goes wrong around rollouts: a way back to what failed, documents that nobody should trust."""

import json

import pytest
from rollout_rig import Releases, Scripted

from doubles import TappedStore
from versioned import Pipeline, layout
from versioned.checks.base import Outcome
from versioned.checks.definitions import Surroundings, define_checks
from versioned.errors import ContaminatedError, InvalidCheckError


class TestTheWayBackAfterARolloutWentBack:
    """1 was there before 2, and 3 had all of the traffic when it failed."""

    @pytest.fixture
    def failed(self, releases):
        releases.repository.put_alias("app", "prod", 2)
        releases.start("steps:100%:1h", version=3, checks=["smoke"])
        assert releases.tick(checks={"smoke": Scripted(Outcome.FAIL)}).action == "failed"
        assert releases.split == {"2": 10000}
        return releases

    def test_a_rollback_does_not_bring_back_what_failed(self, failed):
        assert failed.repository.rollback("app", "prod").version == "1"

    def test_nor_does_a_demotion(self, failed):
        pipeline = Pipeline(failed.repository)
        pipeline.declare(["prod"])
        assert pipeline.demote("app", "prod").alias.version == "1"

    def test_the_ledger_says_what_was_restored(self, failed):
        back, _new, before, _first = failed.repository.history("app", "prod")
        assert back.restores == before.identity

    def test_nor_is_it_brought_back_after_an_abort(self, releases):
        releases.repository.put_alias("app", "prod", 2)
        releases.start("steps:100%:1h", version=3)
        releases.rollouts.abort("app", "prod")
        assert releases.repository.rollback("app", "prod").version == "1"


def test_many_artifacts_are_looked_at_at_once(store):
    releases = Releases.of(store, TappedStore)
    for number in range(5):
        releases.repository.put_artifact(f"other{number}", b"1")
    releases.start()
    counted = []
    for look in (releases.rollouts.list_rollouts, lambda: list(releases.rollouts.tick_all())):
        releases.store.reset()
        assert len(look()) == 1
        counted.append(releases.store.steps)
    assert counted == [4, 4]  # names, rollouts, and two for the one that there is


def test_a_time_that_can_not_be_told_in_utc_is_none(releases):
    releases.start()
    key = layout.rollout_key("app", "prod")
    document = json.loads(releases.repository.context.read(key)[1])
    document["log"][0][0] = "0001-01-01T00:00:00+14:00"
    releases.repository.context.write(key, json.dumps(document).encode())
    with pytest.raises(ContaminatedError):
        releases.rollouts.status("app", "prod")


def test_a_timeout_that_no_float_can_hold_is_refused(tmp_path):
    table = {"smoke": {"run": "command:true", "timeout": 10**400}}
    with pytest.raises(InvalidCheckError):
        define_checks(table, Surroundings(None, tmp_path, {}))

"""What a rollout does, on every store."""

import pytest
from rollout_rig import Scripted

from doubles import reuse_number
from versioned import Repository, Rollouts
from versioned.checks.base import Outcome
from versioned.errors import (
    AliasNotFoundError,
    ArtifactNotFoundError,
    InputTypeError,
    InvalidInputError,
    InvalidNameError,
    RolloutConflictError,
    RolloutNotFoundError,
)

FAIL, INCONCLUSIVE = Outcome.FAIL, Outcome.INCONCLUSIVE

without_moto = pytest.mark.only_stores("local", "ceph")
"""For what hangs on no store: the embedded one is fast, the real server is run seldom."""


class TestOnEveryStore:
    def test_it_makes_the_first_step_and_says_why(self, releases):
        found = releases.start(message="release 2", by="ann")
        assert (found.status, found.stable_version, found.new_version) == ("running", "1", "2")
        assert releases.split == {"1": 9000, "2": 1000}
        entry = releases.repository.history("app", "prod")[0]
        assert (entry.by, entry.message) == ("ann", "rollout, step 1 of 2: release 2")
        assert entry.cause.operation == "rollout"
        assert (entry.cause.rollout, entry.cause.serial) == (found.identity, 1)

    def test_the_one_before_is_kept(self, releases):
        first = releases.start("all-at-once")
        releases.start("all-at-once", version=3)
        key = f"app/rollouts/prod/{first.identity}.json"
        assert releases.repository.context.read(key)

    def test_time_moves_it_on_one_step_at_a_tick(self, releases):
        releases.start("steps:5%:10m,25.5%:1h,100%:30m")
        held = releases.tick()
        assert (held.action, held.reason) == ("held", "10m to go of 10m")
        assert releases.tick(580).action == "held"
        assert releases.tick(30).action == "moved"
        assert releases.split == {"1": 7450, "2": 2550}
        assert releases.tick(3580).action == "held"
        assert releases.tick(30).action == "moved"
        assert releases.split == {"2": 10000}
        assert releases.tick(1770).reason.endswith("s to go of 30m")
        assert releases.tick(30).action == "succeeded"
        assert releases.tick().action == "ended"

    def test_a_clock_that_jumped_back_holds(self, releases):
        releases.start("canary:10%:5m")
        held = releases.tick(-3600)
        assert (held.action, held.reason) == ("held", "the store's clock is behind the last move")
        assert releases.tick(3600 + 310).action == "succeeded"

    def test_a_failed_check_sends_all_traffic_back(self, releases):
        releases.start(checks=["smoke", "alarm"])
        checks = {"smoke": Scripted(INCONCLUSIVE), "alarm": Scripted(FAIL)}
        done = releases.tick(checks=checks)
        assert (done.action, done.reason) == ("failed", "alarm: said fail")
        assert [run.outcome for run in done.checks] == [INCONCLUSIVE, FAIL]
        assert releases.split == {"1": 10000}
        assert releases.repository.history("app", "prod")[0].message == (
            "rollout failed: alarm: said fail"
        )


@without_moto
class TestStarting:
    def test_all_at_once_without_checks_is_over_at_once(self, releases):
        assert releases.start("all-at-once").status == "succeeded"
        assert releases.split == {"2": 10000}

    def test_all_at_once_with_a_check_is_over_when_it_passed(self, releases):
        assert releases.start("all-at-once", checks=["smoke"]).status == "running"
        assert releases.tick(checks={"smoke": Scripted()}).action == "succeeded"

    def test_one_at_a_time(self, releases):
        releases.start()
        with pytest.raises(RolloutConflictError) as caught:
            releases.start(version=3)
        assert "rollout of app@prod to 2 is running" in caught.value.message
        assert releases.split == {"1": 9000, "2": 1000}

    @pytest.mark.parametrize(
        ("version", "options", "error"),
        [
            ("LATEST", {}, InvalidInputError),
            (1, {}, InvalidInputError),
            (9, {}, ArtifactNotFoundError),
            (2, {"checks": ["a/b"]}, InvalidNameError),
            (2, {"checks": ["a", "a"]}, InvalidInputError),
            (2, {"checks": "smoke"}, InputTypeError),
            (2, {"on_failure": "panic"}, InvalidInputError),
            (2, {"message": "x" * 3000}, InvalidInputError),
            (2, {"message": 5}, InputTypeError),
        ],
    )
    def test_what_can_t_be_meant_changes_nothing(self, releases, version, options, error):
        with pytest.raises(error):
            releases.start(version=version, **options)
        with pytest.raises(RolloutNotFoundError):
            assert releases.status
        assert len(releases.repository.history("app", "prod")) == 1

    def test_there_must_be_a_place_to_go_back_to(self, releases):
        with pytest.raises(AliasNotFoundError):
            releases.rollouts.start("app", "nope", 2, strategy="all-at-once")
        releases.repository.put_alias("app", "prod", 1, 2, 10)
        with pytest.raises(RolloutConflictError, match="no place to go back to"):
            releases.start(version=3)
        releases.repository.put_alias("app", "prod", "LATEST")
        with pytest.raises(RolloutConflictError, match="no place to go back to"):
            releases.start(version=3)

    def test_a_long_message_is_cut_in_the_history_and_whole_in_the_rollout(self, releases):
        message = "\u2603 " * 500
        assert releases.start(message=message).message == message
        assert releases.repository.history("app", "prod")[0].message.endswith("...")


@without_moto
class TestTicking:
    def test_a_late_tick_moves_one_step_only(self, releases):
        releases.start("linear:25%:1m")
        releases.tick(10 * 86400)
        assert releases.split == {"1": 5000, "2": 5000}
        assert releases.tick().action == "held"

    def test_a_pause_waits_for_resume(self, releases):
        releases.start("steps:50%:pause,100%:1m")
        assert releases.tick(86400).reason == "waits for resume"
        releases.rollouts.resume("app", "prod")
        assert releases.tick().action == "moved"
        assert releases.split == {"2": 10000}

    def test_checks_are_run_at_every_tick_also_during_a_pause(self, releases):
        releases.start("steps:50%:pause", checks=["smoke"])
        smoke = Scripted()
        assert releases.tick(checks={"smoke": smoke}).action == "held"
        smoke.outcome = FAIL
        assert releases.tick(checks={"smoke": smoke}).action == "failed"
        assert len(smoke.asked) == 2
        assert releases.split == {"1": 10000}

    def test_a_check_learns_what_it_is_about(self, releases):
        found = releases.start("canary:0.25%:5m", checks=["smoke"])
        smoke = Scripted()
        releases.tick(checks={"smoke": smoke})
        (subject,) = smoke.asked
        assert (subject.artifact, subject.alias, subject.version) == ("app", "prod", "2")
        assert (subject.sha256, subject.weight) == (found.new_sha256, "0.25")

    def test_a_failed_check_freezes_where_that_was_asked_for(self, releases):
        releases.start(checks=["smoke"], on_failure="freeze")
        assert releases.tick(checks={"smoke": Scripted(FAIL)}).action == "frozen"
        assert releases.tick(9999, checks={"smoke": Scripted()}).action == "held"
        assert releases.split == {"1": 9000, "2": 1000}
        releases.rollouts.resume("app", "prod")
        assert releases.tick(checks={"smoke": Scripted()}).action == "moved"

    def test_an_inconclusive_check_holds_whatever_the_time(self, releases):
        releases.start(checks=["smoke"])
        held = releases.tick(9999, checks={"smoke": Scripted(INCONCLUSIVE)})
        assert (held.action, held.reason) == ("held", "smoke: said inconclusive")

    def test_a_check_that_nobody_defined_holds(self, releases):
        releases.start(checks=["smoke"])
        held = releases.tick(9999)
        assert (held.action, held.reason) == ("held", "smoke: not defined on this machine")

    def test_a_check_that_is_not_required_is_not_run(self, releases):
        releases.start()
        other = Scripted(FAIL)
        assert releases.tick(checks={"other": other}).action == "held"
        assert other.asked == []

    def test_checks_count_after_the_last_step_too(self, releases):
        releases.start("steps:100%:30m", checks=["smoke"])
        assert releases.split == {"2": 10000}
        assert releases.tick(60, checks={"smoke": Scripted(FAIL)}).action == "failed"
        assert releases.split == {"1": 10000}

    def test_a_version_that_is_gone_fails_the_rollout(self, releases):
        releases.start()
        releases.repository.delete_artifact_version("app", 2, force=True)
        assert releases.tick(310).action == "failed"
        assert releases.split == {"1": 10000}

    def test_without_its_stable_version_it_says_what_to_do(self, releases):
        releases.start(checks=["smoke"])
        releases.repository.delete_artifact_version("app", 1, force=True)
        with pytest.raises(ArtifactNotFoundError, match=r"can't go back.*versioned alias put"):
            releases.tick(checks={"smoke": Scripted(FAIL)})
        releases.repository.put_alias("app", "prod", 2)
        assert releases.tick().action == "ended"

    def test_a_number_that_was_used_again_for_other_bytes_fails_the_rollout(self, releases):
        releases.start()
        reuse_number(releases.repository.context.store, 2, b"not what was tested")
        assert releases.tick(310).action == "failed"
        assert releases.split == {"1": 10000}

    def test_without_a_rollout_there_is_nothing_to_tick(self, releases):
        with pytest.raises(RolloutNotFoundError):
            releases.tick()


@without_moto
class TestSomebodyElse:
    """Whoever moves the alias ends the rollout: it never moves the alias again."""

    @pytest.mark.parametrize(
        "move",
        [
            lambda r: r.rollback("app", "prod"),
            lambda r: r.put_alias("app", "prod", 3),
            lambda r: r.put_alias("app", "prod", 1, 2, 10),
            lambda r: r.delete_alias("app", "prod"),
        ],
        ids=["rollback", "put", "the same put", "delete"],
    )
    @pytest.mark.parametrize("operation", ["tick", "abort", "promote", "pause", "resume"])
    def test_the_alias_is_left_alone(self, releases, move, operation):
        releases.start("steps:10%:pause")
        move(releases.repository)
        before = releases.repository.history("app", "prod")
        try:
            assert getattr(releases.rollouts, operation)("app", "prod").action == "superseded"
        except RolloutConflictError:
            assert operation != "tick"
        assert releases.status == "superseded"
        assert releases.tick(9999).action == "ended"
        assert releases.repository.history("app", "prod") == before

    def test_the_next_one_starts_without_a_tick(self, releases):
        first = releases.start()
        releases.repository.rollback("app", "prod")
        assert releases.start(version=3).status == "running"
        assert releases.split == {"1": 9000, "3": 1000}
        _, kept = releases.repository.context.read(f"app/rollouts/prod/{first.identity}.json")
        assert b'"status":"superseded"' in kept


@without_moto
class TestSteering:
    def test_a_paused_one_stays_and_runs_no_checks(self, releases):
        releases.start(checks=["smoke"])
        releases.rollouts.pause("app", "prod", message="lunch", by="ann")
        smoke = Scripted(FAIL)
        held = releases.tick(9999, checks={"smoke": smoke})
        assert (held.action, held.reason, smoke.asked) == ("held", "paused by ann: lunch", [])
        releases.rollouts.resume("app", "prod")
        assert releases.tick(checks={"smoke": Scripted()}).action == "moved"

    @pytest.mark.parametrize("status", ["running", "paused", "frozen"])
    def test_going_back_is_always_allowed(self, releases, status):
        releases.start(checks=["smoke"], on_failure="freeze")
        if status == "paused":
            releases.rollouts.pause("app", "prod")
        if status == "frozen":
            releases.tick(checks={"smoke": Scripted(FAIL)})
        assert releases.status == status
        done = releases.rollouts.abort("app", "prod", message="errors", by="ann")
        assert done.status == "aborted"
        assert releases.split == {"1": 10000}
        entry = releases.repository.history("app", "prod")[0]
        assert (entry.by, entry.message) == ("ann", "rollout aborted: errors")

    def test_promote_makes_one_step_whatever_its_time(self, releases):
        releases.start("steps:10%:1h,50%:1h,100%:1h", checks=["smoke"])
        assert releases.rollouts.promote("app", "prod").step == 1
        assert releases.split == {"1": 5000, "2": 5000}
        assert releases.rollouts.promote("app", "prod").status == "running"
        assert releases.split == {"2": 10000}
        assert releases.rollouts.promote("app", "prod").status == "succeeded"

    def test_promote_full_ends_it(self, releases):
        releases.start("steps:10%:1h,50%:pause,100%:1h", checks=["smoke"])
        releases.rollouts.pause("app", "prod")
        done = releases.rollouts.promote("app", "prod", full=True, message="it is fine")
        assert done.status == "succeeded"
        assert releases.split == {"2": 10000}
        assert [line.what for line in done.log] == ["started", "paused", "promoted", "succeeded"]

    @pytest.mark.parametrize("operation", ["pause", "resume", "abort", "promote"])
    def test_what_has_ended_can_t_be_steered(self, releases, operation):
        with pytest.raises(RolloutNotFoundError):
            getattr(releases.rollouts, operation)("app", "prod")
        releases.start("all-at-once")
        with pytest.raises(RolloutConflictError, match="ended: succeeded"):
            getattr(releases.rollouts, operation)("app", "prod")
        assert releases.split == {"2": 10000}

    def test_pause_and_resume_in_states_where_they_make_no_sense(self, releases):
        releases.start()
        with pytest.raises(RolloutConflictError, match="waits for nobody"):
            releases.rollouts.resume("app", "prod")
        releases.rollouts.pause("app", "prod")
        with pytest.raises(RolloutConflictError, match="is paused"):
            releases.rollouts.pause("app", "prod")


@without_moto
class TestAllOfThem:
    def test_one_that_fails_stops_no_other(self, releases):
        repository = releases.repository
        for name in ("bad", "good"):
            repository.put_artifact(name, b"x")
            repository.publish_artifact_version(name)
            repository.put_artifact(name, b"y")
            repository.publish_artifact_version(name)
            repository.put_alias(name, "prod", 1)
            releases.rollouts.start(name, "prod", 2, strategy="canary:10%:0s")
        repository.context.write("bad/rollouts/prod.json", b"{}")
        found = list(releases.rollouts.tick_all())
        assert [(t.name, t.action) for t in found] == [("bad", "error"), ("good", "succeeded")]
        assert found[0].error.code == "contaminated"
        assert [t.action for t in releases.rollouts.tick_all("good")] == []

    def test_an_artifact_without_rollouts_is_an_error_by_name_only(self, releases):
        assert list(releases.rollouts.tick_all()) == []
        with pytest.raises(RolloutNotFoundError):
            releases.rollouts.tick_all("app")

    def test_listing_tells_what_each_waits_for(self, releases):
        releases.start("canary:10%:5m")
        (found,) = releases.rollouts.list_rollouts()
        assert (found.place.value, found.waiting) == ("applied", "5m to go of 5m")
        releases.repository.rollback("app", "prod")
        (found,) = releases.rollouts.list_rollouts("app")
        assert found.waiting == "somebody else moved the alias; a tick ends the rollout"

    @pytest.mark.parametrize("key", ["app/rollouts/bad.json", "app/rollouts/~.json"])
    def test_one_that_is_damaged_hides_no_other_artifact(self, releases, key):
        repository = releases.repository
        for number in (1, 2):
            repository.put_artifact("web", b"web %d" % number)
            repository.publish_artifact_version("web")
        repository.put_alias("web", "prod", 1)
        releases.rollouts.start("web", "prod", 2, strategy="canary:10%:5m")
        repository.context.write(key, b"{}")
        bad, good = releases.rollouts.list_rollouts()
        assert key in bad.fault
        assert (bad.name, bad.rollout, bad.place) == ("app", None, None)
        assert (good.name, good.fault, good.rollout.active) == ("web", None, True)
        assert [row.fault for row in releases.rollouts.list_rollouts("app")] == [bad.fault]

    def test_nor_the_others_of_its_artifact(self, releases):
        releases.start("canary:10%:5m")
        releases.repository.context.write("app/rollouts/bad.json", b"{}")
        assert [row.alias for row in releases.rollouts.list_rollouts("app")] == ["bad", "prod"]

    def test_an_alias_that_is_damaged_is_the_fault_of_its_rollout(self, releases):
        releases.start("canary:10%:5m")
        releases.repository.context.write("app/aliases/prod.json", b"{}")
        (row,) = releases.rollouts.list_rollouts()
        assert "app/aliases/prod.json" in row.fault
        assert row.to_dict()["fault"] == row.fault


def test_a_rollout_goes_through_many_hands(releases):
    releases.start("linear:25%:0s")
    for number in range(5):
        machine = Repository(releases.store, actor=f"machine {number}")
        Rollouts(machine).tick("app", "prod")
    assert releases.status == "succeeded"
    by = [entry.by for entry in releases.repository.history("app", "prod", limit=3)]
    assert by == ["machine 2", "machine 1", "machine 0"]

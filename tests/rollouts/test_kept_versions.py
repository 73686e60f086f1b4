"""What a rollout needs is not deleted, whoever asks for it and whenever."""

from contextlib import suppress
from itertools import count

import pytest
from rollout_rig import Releases

from doubles import TappedStore
from versioned.errors import (
    ArtifactNotFoundError,
    DeletionInProgressError,
    VersionInUseError,
)


def purged(releases):
    _, deleted = releases.repository.purge_artifact_versions("app", 0, 0)
    return sorted(artifact.version for artifact in deleted)


def test_both_sides_stay_while_it_is_under_way_also_in_the_final_bake(releases):
    releases.start("steps:10%:1m,100%:1h")
    assert purged(releases) == ["3"]
    releases.tick(70)
    assert releases.split == {"2": 10000}
    plan = releases.repository.plan_retention("app", 0, 0)
    reasons = {d.artifact.version: d.reason for d in plan.decisions}
    assert reasons["1"] == "referenced by rollout of prod"
    assert reasons["2"] == "referenced by prod, rollout of prod"
    assert purged(releases) == []
    with pytest.raises(VersionInUseError, match="is used by rollout of prod"):
        releases.repository.delete_artifact_version("app", 1)
    releases.tick(3610)
    assert releases.status == "succeeded"
    assert purged(releases) == ["1"]


def test_after_a_crash_on_the_way_back_the_stable_version_stays(local_store_factory):
    """The rollout says that it goes back, and the alias has yet to."""

    class Crash(BaseException):
        pass

    releases = Releases.of(local_store_factory(), TappedStore)
    releases.start("steps:100%:1h")

    def crash(_number, operation, key):
        if (operation, key) == ("put", "app/rollouts/prod.json"):
            raise Crash

    releases.store.after = crash
    with pytest.raises(Crash):
        releases.rollouts.abort("app", "prod")
    releases.store.after = None
    assert (releases.status, releases.split) == ("aborted", {"2": 10000})
    assert purged(releases) == ["3"]
    releases.tick()
    assert releases.split == {"1": 10000}
    assert purged(releases) == ["2"]


@pytest.mark.parametrize("doomed", ["1", "2"])
@pytest.mark.parametrize("strategy", ["canary:10%:5m", "steps:100%:1h"])
@pytest.mark.parametrize("begins", ["start", "deletion"])
def test_a_start_and_a_deletion_at_once_lose_nothing(doomed, strategy, begins, copies):
    """One runs as a whole before each request of the other."""

    def start(releases):
        with suppress(ArtifactNotFoundError, DeletionInProgressError):
            releases.start(strategy)

    def delete(releases):
        with suppress(VersionInUseError):
            releases.repository.delete_artifact_version("app", doomed)

    first, second = (start, delete) if begins == "start" else (delete, start)
    for point in count():
        releases = copies(started=False)
        if not met(releases, point, first, second):
            break
        left = {a.version for a in releases.repository.list_artifact_versions("app")}
        assert set(releases.split) <= left
        for found in releases.rollouts.list_rollouts():
            assert {"1", "2"} <= left or not found.rollout.active
    assert point > 3


def test_a_deletion_that_was_planned_before_sees_a_rollout_that_starts_meanwhile(copies):
    """The alias leaves the stable version between the requests of a deletion."""
    for point in count():
        releases = copies(started=False)
        releases.repository.put_alias("app", "prod", 3)
        plan = releases.repository.plan_retention("app", 0, 0)
        assert "1" in {artifact.version for artifact in plan.removed}
        releases.repository.put_alias("app", "prod", 1)
        releases.store.reset()

        def start(other):
            with suppress(ArtifactNotFoundError, DeletionInProgressError):
                other.start("steps:100%:1h", version=3)

        def apply(releases, plan=plan):
            releases.repository.apply_retention(plan)

        if not met(releases, point, apply, start):
            break
        left = {a.version for a in releases.repository.list_artifact_versions("app")}
        assert "1" in left
    assert point > 5


def met(releases, point, first, second):
    """Whether the first made so many requests that the second could run before this one."""
    reached = []

    def meet(number, *_):
        if number == point:
            reached.append(number)
            second(Releases.around(releases.store.inner))

    releases.store.before = meet
    first(releases)
    releases.store.before = None
    return reached

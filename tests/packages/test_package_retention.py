"""Which asset sets and versions may go, and that nothing else goes."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_making import (
    PYABC,
    keys,
    publish,
    publish_builds,
    read,
    sdist,
    unchanged,
    wheel,
)

from versioned.errors import InvalidInputError
from versioned.packages import PackageStatus
from versioned.packages.build_tag import build_key
from versioned.packages.retention import GRACE, PackageRetention, plan_retention
from versioned.packages.revision import Asset, AssetSet, Revision, State

NOW = datetime.fromisoformat("2026-06-01T00:00:00+00:00")
AT_ONCE = PackageRetention(keep_sets=0, older_than_days=0)


def moment(days):
    return (NOW - timedelta(days=days)).isoformat(timespec="microseconds")


@st.composite
def versions(draw, package=PYABC):
    """Versions of one package with builds of any age, one active, perhaps one being filled."""
    found = []
    for version in draw(st.lists(st.sampled_from(["1.0", "1.9", "1.10", "2.0rc1"]), unique=True)):
        builds = draw(st.lists(st.integers(1, 30).map(str), min_size=1, max_size=5, unique=True))
        unfinished = draw(st.sampled_from([None, *builds])) if len(builds) > 1 else None
        ages = [draw(st.floats(0, 100)) for _ in builds]
        finished = [one for one in builds if one != unfinished]
        assets = [
            Asset(f"a-{version}-{build}", build, 10, "ab" * 32, moment(age))
            for build, age in zip(builds, ages, strict=True)
        ]
        if draw(st.booleans()):
            assets.append(Asset(f"a-{version}.tar.gz", None, 10, "cd" * 32, moment(50)))
        state = State(
            PackageStatus.PUBLISHED,
            active=draw(st.sampled_from(finished)),
            sets=tuple(AssetSet(one, one != unfinished, moment(0)) for one in builds),
            assets=tuple(assets),
        )
        found.append(
            Revision(
                "AbcDev", package, version, 1, "ab" * 32, state, "publish", moment(0),
                None, None, "x", "",
            )
        )  # fmt: skip
    return found


RULES = st.builds(
    PackageRetention,
    keep_sets=st.integers(0, 4),
    keep_versions=st.none() | st.integers(1, 3),
    older_than_days=st.floats(0, 99),
)


def planned(revisions, rules):
    return plan_retention("AbcDev", revisions, rules, now=NOW)


def state_of(revisions, version):
    return next(one.state for one in revisions if one.version == version)


class TestPlans:
    @given(versions(), RULES)
    def test_of_a_version_that_stays_the_active_set_stays(self, revisions, rules):
        plan = planned(revisions, replace(rules, keep_versions=None))
        for one in plan.removed:
            assert one.asset_set != state_of(revisions, one.version).active

    @given(versions(), RULES)
    def test_of_a_version_that_stays_what_belongs_to_every_set_stays(self, revisions, rules):
        plan = planned(revisions, replace(rules, keep_versions=None))
        assert None not in {one.asset_set for one in plan.sets}

    @given(versions(), RULES)
    def test_what_is_being_filled_stays_with_its_version(self, revisions, rules):
        for one in planned(revisions, replace(rules, keep_versions=None)).removed:
            assert state_of(revisions, one.version).find_set(one.asset_set).finished

    @given(versions(), RULES)
    def test_the_newest_sets_stay(self, revisions, rules):
        plan = planned(revisions, replace(rules, keep_versions=None))
        for revision in revisions:
            builds = sorted((one.name for one in revision.state.sets), key=build_key)
            newest = builds[len(builds) - rules.keep_sets :] if rules.keep_sets else []
            gone = {one.asset_set for one in plan.removed if one.version == revision.version}
            assert not gone & set(newest)

    @given(versions(), RULES)
    def test_nothing_young_goes(self, revisions, rules):
        border = NOW - max(timedelta(days=rules.older_than_days), GRACE)
        for one in planned(revisions, rules).removed:
            assert all(datetime.fromisoformat(asset.uploaded_at) <= border for asset in one.assets)

    @given(versions(), RULES)
    def test_the_newest_versions_are_never_removed_whole(self, revisions, rules):
        plan = planned(revisions, rules)
        order = [v for v in ("1.0", "1.9", "1.10", "2.0rc1") if v in {r.version for r in revisions}]
        newest = order if rules.keep_versions is None else order[-rules.keep_versions :]
        for version in newest:
            active = state_of(revisions, version).active
            assert not any(
                one.version == version and one.asset_set == active for one in plan.removed
            )

    @given(versions(), RULES)
    def test_each_set_has_one_decision_and_a_reason(self, revisions, rules):
        plan = planned(revisions, rules)
        said = [(one.version, one.asset_set) for one in plan.sets]
        assert len(said) == len(set(said))
        assert all(one.reason for one in plan.sets)
        assert {
            (revision.version, one.name) for revision in revisions for one in revision.state.sets
        } <= set(said)

    @given(versions(), RULES)
    def test_what_older_rules_keep_younger_ones_keep_too(self, revisions, rules):
        more = planned(revisions, rules).removed
        fewer = planned(revisions, replace(rules, older_than_days=99.5)).removed
        assert {(one.version, one.asset_set) for one in fewer} <= {
            (one.version, one.asset_set) for one in more
        }

    @pytest.mark.parametrize(
        "rules",
        [
            {"keep_sets": -1},
            {"keep_versions": 0},
            {"older_than_days": -1},
            {"older_than_days": float("nan")},
            {"older_than_days": float("inf")},
            {"older_than_days": 800_000},
        ],
    )
    def test_rules_that_can_not_be_meant_are_refused(self, rules):
        with pytest.raises(InvalidInputError):
            PackageRetention(**rules)

    def test_the_longest_time_can_be_told(self):
        assert planned([], PackageRetention(older_than_days=99_999)).sets == ()


class TestApplying:
    """What was uploaded a moment ago is spared for an hour, so the plans here are made later."""

    def plan(self, packages, rules=AT_ONCE):
        found = packages.list_package_versions("AbcDev", PYABC)
        later = packages.context.store.now() + timedelta(hours=2)
        return plan_retention("AbcDev", found, rules, now=later)

    def test_what_was_uploaded_within_the_hour_stays(self, local_packages, local_store):
        publish_builds(local_packages, "23", "24")
        plan = local_packages.plan_retention("AbcDev", AT_ONCE)
        assert plan.removed == ()
        with unchanged(local_store):
            local_packages.apply_retention(plan)

    def test_what_a_plan_removes_goes_and_the_rest_stays(self, packages, store):
        publish_builds(packages, "22", "23", "24")
        publish(packages, sdist())
        done = packages.apply_retention(self.plan(packages, replace(AT_ONCE, keep_sets=2)))
        assert [one.asset_set for one in done.removed] == ["22"]
        assert done.freed == len(wheel(build="22")[1])
        found = packages.describe_package_version("AbcDev", PYABC, "1.0.0")
        assert [one.asset_set for one in found.state.assets] == ["23", "24", None]
        assert not [one for one in keys(store, "AbcDev/pypi/files/") if "-22-" in one]
        assert read(packages, "AbcDev", wheel(build="23")[0]) == wheel(build="23")[1]

    def test_whole_versions_go(self, local_packages):
        for version in ("1.0.0", "1.9.0", "1.10.0"):
            publish_builds(local_packages, "1", version=version)
        done = local_packages.apply_retention(
            self.plan(local_packages, replace(AT_ONCE, keep_versions=2))
        )
        assert [one.version for one in done.removed] == ["1.0.0"]
        left = local_packages.list_package_versions("AbcDev", PYABC)
        assert [one.version for one in left] == ["1.10.0", "1.9.0"]

    @pytest.mark.parametrize(
        "between",
        [
            pytest.param(
                lambda p: p.change_version("AbcDev", PYABC, "1.0.0").activate("22"), id="activated"
            ),
            pytest.param(lambda p: publish_builds(p, "25"), id="published"),
            pytest.param(
                lambda p: p.change_version("AbcDev", PYABC, "1.0.0").discard(PackageStatus.DELETED),
                id="deleted",
            ),
        ],
    )
    def test_a_version_that_changed_in_between_is_spared_whole(
        self, local_packages, local_store, between
    ):
        publish_builds(local_packages, "22", "23", "24")
        plan = self.plan(local_packages)
        between(local_packages)
        with unchanged(local_store):
            done = local_packages.apply_retention(plan)
        assert done.removed == ()
        assert [one.asset_set for one in done.spared] == ["23", "22"]

    def test_a_plan_is_applied_once(self, local_packages, local_store):
        publish_builds(local_packages, "22", "23", "24")
        plan = self.plan(local_packages)
        local_packages.apply_retention(plan)
        with unchanged(local_store):
            assert local_packages.apply_retention(plan).removed == ()

    def test_a_plan_changes_nothing(self, local_packages, local_store):
        publish_builds(local_packages, "22", "23", "24")
        with unchanged(local_store):
            assert local_packages.plan_retention("AbcDev", AT_ONCE, package=PYABC).sets
            self.plan(local_packages)

"""What to keep: pure decisions, held to their promise by properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioned.errors import InvalidInputError
from versioned.models import Alias, Artifact
from versioned.retention import RetentionPolicy, plan_retention, references

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def artifact(version, age=0.0):
    at = (NOW - timedelta(seconds=age)).isoformat()
    return Artifact("app", str(version), at, f"u{version}", "0" * 64, 1, f"e{version}")


def removed(plan):
    return [int(a.version) for a in plan.removed]


def test_the_newest_versions_are_kept_whatever_their_age():
    plan = plan_retention(
        "app", [artifact(n, 1e9) for n in (3, 2, 1)], {}, RetentionPolicy(2, 0), now=NOW
    )
    assert removed(plan) == [1]


def test_young_versions_are_kept_whatever_their_number():
    versions = [artifact(3, 10), artifact(2, 20), artifact(1, 30)]
    plan = plan_retention("app", versions, {}, RetentionPolicy(0, 20), now=NOW)
    assert removed(plan) == [1]


def test_latest_is_kept():
    plan = plan_retention("app", [artifact("LATEST", 1e9)], {}, RetentionPolicy(0, 0), now=NOW)
    assert [d.keep for d in plan.decisions] == [True]


def test_a_referenced_version_is_kept_and_the_reason_names_who_refers_to_it():
    versions = [artifact(n, 1e9) for n in (2, 1)]
    plan = plan_retention("app", versions, {"1": ["prod"]}, RetentionPolicy(0, 0), now=NOW)
    assert removed(plan) == [2]
    assert plan.decisions[-1].reason == "referenced by prod"


def test_both_sides_of_a_split_count_as_references():
    alias = Alias("app", "prod", NOW.isoformat(), "1", "2", 0, "u1", "u2")
    assert references([alias]) == {"1": ["prod"], "2": ["prod"]}


@pytest.mark.parametrize("policy", [(-1, 0), (0, -1), (0, float("nan"))])
def test_a_policy_below_zero_is_refused(policy):
    with pytest.raises(InvalidInputError):
        RetentionPolicy(*policy)


AGES = st.lists(st.floats(0, 1e6), max_size=30)


@given(AGES, st.integers(0, 20), st.floats(0, 1e6), st.sets(st.integers(1, 30)))
def test_every_version_gets_one_decision_and_only_what_may_go_goes(ages, keep, older, used):
    versions = [artifact(n, age) for n, age in enumerate(ages, start=1)]
    users = {str(n): ["prod"] for n in used}
    plan = plan_retention("app", versions, users, RetentionPolicy(keep, older), now=NOW)
    assert sorted(int(d.artifact.version) for d in plan.decisions) == list(range(1, len(ages) + 1))
    newest = set(range(len(ages) - keep + 1, len(ages) + 1))
    for number in removed(plan):
        assert number not in newest | used
        assert not older or NOW - versions[number - 1].update_datetime > timedelta(seconds=older)
    assert all(d.reason for d in plan.decisions)

"""Demotion goes back to what a rank held before, whatever the gates say."""

import pytest
from filling import fill

from versioned import layout
from versioned.alias_writing import put_alias
from versioned.errors import (
    AliasConflictError,
    ArtifactNotFoundError,
    ContentMismatchError,
    InvalidInputError,
    InvalidRankError,
    InvalidVersionError,
    RankEmptyError,
    RankProtectedError,
)
from versioned.models import Cause
from versioned.pipelines.gate import Gate
from versioned.stores.base import Attributes
from versioned.targets import Target


@pytest.fixture
def through(pipeline, repository):
    """1, 2, 3 went through qa, in this order."""
    fill(repository, 3)
    for version in (1, 2, 3):
        pipeline.promote("app", "qa", version=version)
    return pipeline


def test_it_goes_back_one_by_one_to_the_first(through, repository):
    found = [through.demote("app", "qa") for _ in range(2)]
    assert [(d.was.version, d.alias.version) for d in found] == [("3", "2"), ("2", "1")]
    with pytest.raises(InvalidInputError, match="--empty"):
        through.demote("app", "qa")
    assert repository.get_alias("app", "qa").version == "1"


def test_it_empties_a_rank_only_when_that_is_said(through, repository):
    assert through.demote("app", "qa", empty=True).alias is None
    assert repository.list_aliases("app") == []
    with pytest.raises(RankEmptyError):
        through.demote("app", "qa")


def test_to_empty_a_rank_and_to_fill_it_exclude_each_other(through, repository):
    with pytest.raises(InvalidInputError, match="one of them"):
        through.demote("app", "qa", to=1, empty=True)
    assert repository.get_alias("app", "qa").version == "3"


def test_a_plain_deletion_of_a_rank_is_refused(through, repository):
    with pytest.raises(RankProtectedError, match="--empty"):
        repository.delete_alias("app", "qa")
    assert repository.get_alias("app", "qa").version == "3"


def test_the_ledger_says_that_it_was_a_demotion(through, repository):
    through.demote("app", "qa", message="errors since 12:40", by="bob")
    entry = repository.history("app", "qa")[0]
    assert (entry.cause, entry.message, entry.by) == (
        Cause("demote"),
        "errors since 12:40",
        "bob",
    )
    through.demote("app", "qa", empty=True)
    entry = repository.history("app", "qa")[0]
    assert (entry.action, entry.cause, entry.message) == (
        "delete",
        Cause("demote"),
        "demoted from 2",
    )


def test_no_gate_is_asked(through):
    through.set_gate("qa", Gate(("unit",), 0, 2))
    assert through.demote("app", "qa").alias.version == "2"


def test_a_version_that_it_had_before_may_be_named(through):
    done = through.demote("app", "qa", to=1)
    assert (done.alias.version, done.moved) == ("1", True)
    again = through.demote("app", "qa", to=1)
    assert (again.alias, again.moved) == (done.alias, False)


def test_what_was_left_behind_on_the_way_is_not_come_back_to(through):
    through.demote("app", "qa", to=2)
    assert through.demote("app", "qa").alias.version == "1"


def test_a_version_that_it_never_had_is_refused(through, repository):
    fill(repository, 4)
    with pytest.raises(InvalidInputError, match="never"):
        through.demote("app", "qa", to=4)
    with pytest.raises(InvalidVersionError):
        through.demote("app", "qa", to="LATEST")
    assert repository.get_alias("app", "qa").version == "3"


def test_during_a_canary_it_goes_back_to_the_stable_version(through, repository):
    split = Target.of_weights({"3": 90, "1": 10})
    put_alias(repository.context, "app", "qa", split, cause=Cause("rollout"))
    assert through.demote("app", "qa").alias.version == "3"


def test_what_was_emptied_by_a_demotion_is_not_filled_again_by_one(pipeline, repository):
    pipeline.promote("app", "qa", version=1)
    pipeline.demote("app", "qa", empty=True)
    pipeline.promote("app", "qa", version=2)
    with pytest.raises(InvalidInputError, match="no version before"):
        pipeline.demote("app", "qa")
    pipeline.demote("app", "qa", empty=True)
    pipeline.promote("app", "qa", version=2)
    assert repository.rollback("app", "qa").version == "1"


def test_a_version_that_is_gone_can_not_come_back(through, repository):
    repository.delete_artifact_version("app", 2, force=True)
    with pytest.raises(ArtifactNotFoundError):
        through.demote("app", "qa")
    assert through.demote("app", "qa", to=1).alias.version == "1"


def test_a_number_that_was_used_again_does_not_come_back(through, repository):
    other = repository.put_artifact("other", b"other bytes")
    attributes = Attributes(metadata={"artifact_name": "app", "artifact_sha256": other.sha256})
    key = layout.version_key("app", 2, "")
    repository.context.write(key, b"other bytes", attributes=attributes)
    with pytest.raises(ContentMismatchError):
        through.demote("app", "qa")
    assert repository.get_alias("app", "qa").version == "3"


def test_somebody_who_moves_it_meanwhile_wins(through, repository, shifted):
    def barge_in(_number, operation, key):
        if operation == "put" and key == layout.alias_key("app", "qa"):
            shifted.before = None
            through.promote("app", "qa", version=1)

    shifted.before = barge_in
    with pytest.raises(AliasConflictError):
        through.demote("app", "qa")
    assert repository.get_alias("app", "qa").version == "1"


def test_what_is_no_rank_is_refused(pipeline, repository):
    repository.put_alias("app", "prod", 1)
    with pytest.raises(InvalidRankError):
        pipeline.demote("app", "prod")

"""Deleting versions: nothing that is referenced goes, on every store."""

import pytest

from doubles import CephLikeStore, TappedStore
from versioned import Repository
from versioned.errors import (
    AliasConflictError,
    ArtifactNotFoundError,
    DeletionInProgressError,
    InvalidInputError,
    LatestVersionError,
    VersionInUseError,
)


@pytest.fixture
def app(repository):
    """An artifact with five published versions and no aliases."""
    for number in range(1, 6):
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")
    return repository


def numbers(repository):
    return [a.version for a in repository.list_artifact_versions("app")]


def test_a_version_can_be_deleted_and_again(app):
    for _ in range(2):
        app.delete_artifact_version("app", 2)
    assert numbers(app) == ["LATEST", "5", "4", "3", "1"]
    with pytest.raises(ArtifactNotFoundError):
        app.get_content("app", 2)


def test_deleting_what_never_was_is_no_error(app):
    app.delete_artifact_version("app", 77)
    app.delete_alias("app", "nobody")
    app.purge_artifact("nothing")
    assert app.publish_artifact_version("app").version == "5"


def test_latest_cannot_be_deleted(app):
    with pytest.raises(LatestVersionError):
        app.delete_artifact_version("app", "LATEST")


@pytest.mark.parametrize("split", [False, True])
def test_a_referenced_version_is_refused_unless_forced(app, split):
    if split:
        app.put_alias("app", "prod", 1, 2, 0)
    else:
        app.put_alias("app", "prod", 2)
    with pytest.raises(VersionInUseError, match="used by prod"):
        app.delete_artifact_version("app", 2)
    assert "2" in numbers(app)
    app.delete_artifact_version("app", 2, force=True)
    assert "2" not in numbers(app)


def test_a_dry_run_deletes_nothing_and_returns_what_would_go(app):
    _, would = app.purge_artifact_versions("app", 2, 0, dry_run=True)
    assert [a.version for a in would] == ["3", "2", "1"]
    assert len(numbers(app)) == 6
    _, deleted = app.purge_artifact_versions("app", 2, 0)
    assert [a.version for a in deleted] == ["3", "2", "1"]
    assert numbers(app) == ["LATEST", "5", "4"]


def test_a_purge_keeps_what_aliases_refer_to(app):
    app.put_alias("app", "prod", 1, 2, 10)
    _, deleted = app.purge_artifact_versions("app", 1, 0)
    assert [a.version for a in deleted] == ["4", "3"]


def test_a_young_version_is_kept(app):
    assert app.purge_artifact_versions("app", 0, 3600)[1] == []


def test_a_plan_spares_what_was_referenced_since(app):
    plan = app.plan_retention("app", 1, 0)
    app.put_alias("app", "prod", 3)
    result = app.apply_retention(plan)
    assert [a.version for a in result.deleted] == ["4", "2", "1"]
    assert [(s.artifact.version, s.reason) for s in result.spared] == [("3", "referenced by prod")]


def test_a_plan_for_an_artifact_that_was_made_anew_removes_nothing(app):
    plan = app.plan_retention("app", 1, 0)
    app.purge_artifact("app")
    for number in range(1, 6):
        app.put_artifact("app", b"other %d" % number)
        app.publish_artifact_version("app")
    result = app.apply_retention(plan)
    assert result.deleted == ()
    assert len(numbers(app)) == 6


def test_a_negative_policy_is_refused(app):
    with pytest.raises(InvalidInputError):
        app.purge_artifact_versions("app", -1)


def test_purging_an_artifact_leaves_nothing_of_it_and_all_of_others(app):
    app.put_artifact("app2", b"x")
    app.put_alias("app", "prod", 1)
    app.purge_artifact("app")
    assert app.context.store.list_objects("app/") == []
    assert app.list_artifact_names() == ["app2"]


def test_purging_all_leaves_an_empty_repository_that_works(app):
    app.put_artifact("app2", b"x")
    app.purge_all()
    assert app.list_artifact_names() == []
    app.put_artifact("app", b"x")
    assert app.publish_artifact_version("app").version == "1"


def test_a_number_that_the_other_package_uses_again_can_be_pointed_at(app):
    """It knows nothing of claims: after a deletion of the newest it gives the number anew."""
    app.delete_artifact_version("app", 5)
    store = app.context.store
    store.copy(store.head("app/versions/000000_LATEST"), "app/versions/999995_000005")
    assert app.put_alias("app", "prod", 5).version == "5"


def test_purging_all_takes_artifacts_whose_names_only_another_tool_allows(app):
    app.context.write("a\\b/versions/000000_LATEST", b"x")
    app.purge_all()
    assert app.list_artifact_names() == []


@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore])
def test_whoever_refers_to_a_version_at_any_point_of_its_deletion_one_side_gives_way(
    kind, app, store
):
    """At every request of a deletion another writer points an alias at the version: either the
    alias is refused, or the version is still there."""
    rivals = Repository(kind(store))
    for point in range(20):
        alias = f"a{point}"
        rival = Repository(kind(store))
        outcome = []

        def point_at_it(number, _operation, _key, point=point, alias=alias, outcome=outcome):
            if number == point:
                try:
                    app.put_alias("app", alias, 1)
                    outcome.append("put")
                except (DeletionInProgressError, ArtifactNotFoundError) as error:
                    outcome.append(error.code)

        rival.context.store.before = point_at_it
        try:
            rival.delete_artifact_version("app", 1)
            deleted = True
        except VersionInUseError:
            deleted = False
        if not outcome:
            break
        assert (outcome[0] == "put") != deleted, (point, outcome)
        assert ("1" in numbers(app)) != deleted
        if deleted:
            break
        app.delete_alias("app", alias)
    assert rivals.doctor("app", older_than=0) == []


def test_a_slow_writer_looks_again_and_takes_its_alias_back(app, store):
    """The deletion starts after the writer looked and ends before it writes."""
    app.put_alias("app", "prod", 5)
    slow = Repository(TappedStore(store))
    done = []

    def delete_meanwhile(_number, operation, key):
        if operation == "put" and key == "app/aliases/prod.json" and not done:
            done.append(True)
            app.delete_artifact_version("app", 1)

    slow.context.store.before = delete_meanwhile
    with pytest.raises(ArtifactNotFoundError):
        slow.put_alias("app", "prod", 1)
    assert app.get_alias("app", "prod").version == "5"
    with pytest.raises(ArtifactNotFoundError):
        slow.put_alias("app", "fresh", 1)
    assert [a.alias for a in app.list_aliases("app")] == ["prod"]


def test_two_deletions_at_once_do_not_mix(app, store):
    rival = Repository(TappedStore(store))
    caught = []

    def delete_too(_number, operation, _key):
        if operation == "delete_many" and not caught:
            with pytest.raises(DeletionInProgressError) as error:
                app.delete_artifact_version("app", 2)
            caught.append(error.value)

    rival.context.store.before = delete_too
    rival.delete_artifact_version("app", 1)
    assert caught
    assert numbers(app) == ["LATEST", "5", "4", "3", "2"]


def test_an_alias_of_the_newest_version_conflicts_with_nothing(app):
    app.put_alias("app", "prod", 5)
    app.delete_artifact_version("app", 1)
    app.put_alias("app", "prod", 4, expect=5)
    with pytest.raises(AliasConflictError):
        app.put_alias("app", "prod", 3, expect=5)

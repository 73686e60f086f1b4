"""What doctor finds, beyond what the crash campaign leaves behind."""

import pytest

from versioned.errors import ArtifactNotFoundError


@pytest.fixture
def app(repository):
    for number in (1, 2):
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")
    repository.put_alias("app", "prod", 1)
    return repository


def codes(findings):
    return [finding.code for finding in findings]


def examine(repository, **options):
    return repository.doctor("app", older_than=0, uploads_older_than=0, **options)


def test_a_healthy_repository_has_no_findings(app):
    assert examine(app) == []
    assert app.doctor() == []


def test_an_artifact_that_is_not_there_is_named(app):
    with pytest.raises(ArtifactNotFoundError, match="'nothing'"):
        app.doctor("nothing")


def test_what_is_young_may_be_somebodys_work(app):
    app.context.write("app/private/abc", b"half way")
    assert app.doctor("app") == []
    assert codes(examine(app)) == ["leftover-copy"]


def test_looking_changes_nothing(app):
    app.context.write("app/private/abc", b"half way")
    before = app.context.store.list_objects("")
    examine(app)
    assert app.context.store.list_objects("") == before


def test_a_foreign_object_is_reported_and_left_alone(app):
    app.context.write("app/versions/notes.txt", b"hello")
    (finding,) = examine(app, mend=True)
    assert (finding.code, finding.mendable, finding.mended) == ("foreign-object", False, False)
    assert app.context.read("app/versions/notes.txt")[1] == b"hello"


def test_a_broken_alias_is_reported(app):
    app.context.write("app/aliases/prod.json", b"{")
    assert "broken-alias" in codes(examine(app))


def test_an_alias_of_a_missing_version_is_reported(app):
    app.context.store.delete("app/versions/999999_000001")
    (finding,) = [f for f in examine(app) if f.code == "dangling-alias"]
    assert "prod refers to version 1" in finding.message


def test_a_missing_ledger_entry_in_the_middle_is_reported(app):
    for version in (2, 1, 2):
        app.put_alias("app", "prod", version)
    app.context.store.delete("app/ledger/prod/99999998_00000002.json")
    assert codes(examine(app)) == ["ledger-gap"]


def test_an_index_that_lies_is_mended(app):
    app.list_artifact_versions("app")
    app.context.write("app/index.json", b"not json")
    assert codes(examine(app, mend=True)) == ["stale-index"]
    assert examine(app) == []


@pytest.mark.parametrize("index", [b"", b"[]", b'{"sha256": {"x": 1}}', b'{"sha256": 7}', b"\xff"])
def test_a_broken_index_costs_time_and_is_never_wrong(app, index):
    before = app.list_artifact_versions("app")
    app.context.write("app/index.json", index)
    assert app.list_artifact_versions("app") == before

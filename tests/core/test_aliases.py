"""Aliases, their ledger and the way back, on every store."""

import json

import pytest

from doubles import CephLikeStore, TappedStore
from versioned import ABSENT, Repository
from versioned.errors import (
    AliasConflictError,
    AliasNotFoundError,
    ArtifactNotFoundError,
    ContaminatedError,
    InputTypeError,
    InvalidInputError,
    InvalidNameError,
    InvalidVersionError,
)


@pytest.fixture
def app(repository):
    """An artifact with three published versions."""
    for number in (1, 2, 3):
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")
    return repository


def test_an_alias_points_at_a_version(app):
    put = app.put_alias("app", "prod", 2)
    assert (put.version, put.secondary_version) == ("2", None)
    assert app.get_alias("app", "prod") == put


def test_an_alias_without_a_version_points_at_latest(app):
    assert app.put_alias("app", "dev").version == "LATEST"


def test_an_alias_knows_the_bytes_it_means(app):
    app.put_alias("app", "prod", 1, 2, 10)
    alias = app.get_alias("app", "prod")
    assert alias.sha256 == app.get_artifact_version("app", 1).sha256
    assert alias.secondary_sha256 == app.get_artifact_version("app", 2).sha256


def test_the_file_holds_exactly_the_eight_public_fields(app):
    app.put_alias("app", "prod", 1, 2, 10)
    written = json.loads(app.context.read("app/aliases/prod.json")[1])
    assert written.pop("update_at")
    assert written.pop("version_s3uri").endswith("999999_000001")
    assert written.pop("secondary_version_s3uri").endswith("999998_000002")
    assert written == {
        "name": "app",
        "alias": "prod",
        "version": "1",
        "secondary_version": "2",
        "secondary_version_weight": 10,
    }


def test_a_missing_version_cannot_be_pointed_at(app):
    with pytest.raises(ArtifactNotFoundError, match="version 9"):
        app.put_alias("app", "prod", 9)
    with pytest.raises(ArtifactNotFoundError, match="version 9"):
        app.put_alias("app", "prod", 1, 9, 10)
    assert app.list_aliases("app") == []


@pytest.mark.parametrize("weight", [100, -1])
def test_a_weight_out_of_range_is_refused(app, weight):
    with pytest.raises(InvalidInputError, match="0 to 99"):
        app.put_alias("app", "prod", 1, 2, weight)


@pytest.mark.parametrize("weight", [0.5, True, None, "10"])
def test_a_weight_that_is_no_int_is_a_type_error(app, weight):
    with pytest.raises(InputTypeError) as error:
        app.put_alias("app", "prod", 1, 2, weight)
    assert isinstance(error.value, TypeError)


def test_a_split_needs_two_versions_and_a_weight_needs_a_split(app):
    with pytest.raises(InvalidInputError, match="both 1"):
        app.put_alias("app", "prod", 1, "000001", 10)
    with pytest.raises(InvalidInputError, match="without a secondary"):
        app.put_alias("app", "prod", 1, None, 10)


def test_a_bad_alias_reaches_no_store(app):
    class Asked(TappedStore):
        @property
        def capabilities(self):
            raise AssertionError("this may cost a probe")

    tapped = Asked(app.context.store)
    repository = Repository(tapped)
    for alias in ("LATEST", "prod-eu", "1x", "", "a/b"):
        for call in (repository.put_alias, repository.get_alias, repository.delete_alias):
            with pytest.raises(InvalidNameError):
                call("app", alias)
    assert tapped.requests == []


def test_bad_aliases_and_versions_write_nothing(app):
    before = app.context.store.list_objects("app/")
    for version in (0, -1, 1_000_000, "abc", 1.5, True):
        with pytest.raises(InvalidVersionError):
            app.put_alias("app", "prod", version)
    assert app.context.store.list_objects("app/") == before


def test_aliases_are_listed_by_name(app):
    for alias in ("staging", "prod", "dev"):
        app.put_alias("app", alias, 1)
    assert [a.alias for a in app.list_aliases("app")] == ["dev", "prod", "staging"]


def test_an_alias_that_another_tool_put_into_a_folder_is_told_apart(app):
    app.put_alias("app", "b", 1)
    app.context.write("app/aliases/a/b.json", app.context.read("app/aliases/b.json")[1])
    assert [a.alias for a in app.list_aliases("app")] == ["a/b", "b"]


def test_an_alias_that_is_not_there_is_named(app):
    with pytest.raises(AliasNotFoundError, match="'prod'"):
        app.get_alias("app", "prod")


class TestExpectations:
    def test_what_is_expected_by_version_must_hold(self, app):
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 2, expect=1)
        with pytest.raises(AliasConflictError) as error:
            app.put_alias("app", "prod", 3, expect=1)
        assert error.value.found.version == "2"
        assert app.get_alias("app", "prod").version == "2"

    def test_what_is_expected_to_be_absent_must_be(self, app):
        app.put_alias("app", "prod", 1, expect=ABSENT)
        with pytest.raises(AliasConflictError, match="expected to be absent"):
            app.put_alias("app", "prod", 2, expect=ABSENT)

    def test_a_state_that_was_read_must_be_the_very_same_write(self, app):
        state = app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 2)
        app.put_alias("app", "prod", 1)
        with pytest.raises(AliasConflictError):
            app.put_alias("app", "prod", 3, expect=state)

    def test_a_deletion_can_expect_too(self, app):
        app.put_alias("app", "prod", 1)
        with pytest.raises(AliasConflictError):
            app.delete_alias("app", "prod", expect=2)
        app.delete_alias("app", "prod", expect=1)
        app.delete_alias("app", "prod", expect=ABSENT)


@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore])
class TestConflicts:
    @pytest.fixture
    def racer(self, kind, app):
        """A repository whose every write is beaten by another writer at the last moment."""
        app.put_alias("app", "prod", 1)
        tapped = TappedStore(app.context.store) if kind is TappedStore else kind(app.context.store)
        return Repository(tapped)

    def beat(self, racer, action, operation="put"):
        done = []

        def before(_number, found, key):
            if found == operation and key == "app/aliases/prod.json" and not done:
                done.append(True)
                action()

        racer.context.store.before = before

    def test_the_loser_learns_both_states_and_the_winner_stays(self, racer, app):
        self.beat(racer, lambda: app.put_alias("app", "prod", 2))
        with pytest.raises(AliasConflictError) as error:
            racer.put_alias("app", "prod", 3)
        assert error.value.expected.version == "1"
        assert error.value.found.version == "2"
        assert app.get_alias("app", "prod").version == "2"

    def test_two_creators_do_not_overwrite_each_other(self, racer, app):
        app.delete_alias("app", "prod")
        self.beat(racer, lambda: app.put_alias("app", "prod", 2))
        with pytest.raises(AliasConflictError):
            racer.put_alias("app", "prod", 3)
        assert app.get_alias("app", "prod").version == "2"

    def test_a_deletion_does_not_take_a_newer_state_with_it(self, racer, app, kind):
        if kind is TappedStore and not racer.context.capabilities().conditional_delete:
            pytest.skip("this store has no conditional delete: see CephLikeStore")
        operation = "delete" if kind is TappedStore else "put"
        self.beat(racer, lambda: app.put_alias("app", "prod", 2), operation)
        with pytest.raises(AliasConflictError):
            racer.delete_alias("app", "prod")
        assert app.get_alias("app", "prod").version == "2"

    def test_nobody_moves_an_alias_while_its_deletion_is_under_way(self, racer, app, kind):
        if kind is TappedStore:
            pytest.skip("a conditional delete needs no mark")
        caught = []

        def put():
            with pytest.raises(AliasConflictError) as error:
                app.put_alias("app", "prod", 2)
            caught.append(error.value)

        self.beat(racer, put, "delete")
        racer.delete_alias("app", "prod")
        assert "is being deleted" in str(caught[0])
        assert app.list_aliases("app") == []
        assert app.put_alias("app", "prod", 2).version == "2"


def test_two_writes_of_the_same_state_differ(app):
    first = app.put_alias("app", "prod", 1)
    second = app.put_alias("app", "prod", 1)
    assert first.revision != second.revision
    assert first.update_at < second.update_at


class TestHistory:
    def test_every_state_is_recorded_with_who_and_why(self, app):
        app.put_alias("app", "prod", 1, message="first", by="ann")
        app.put_alias("app", "prod", 1, 2, 10, message="canary, with ünicode and  two spaces")
        app.put_alias("app", "prod", 2)
        entries = app.history("app", "prod")
        assert [(e.state.version, e.state.secondary_version) for e in entries] == [
            ("2", None),
            ("1", "2"),
            ("1", None),
        ]
        assert [e.by for e in entries] == ["tester", "tester", "ann"]
        assert [e.message for e in entries][1:] == ["canary, with ünicode and  two spaces", "first"]
        assert [e.position for e in entries] == [None, 2, 1]

    def test_it_outlives_the_alias(self, app):
        app.put_alias("app", "prod", 1)
        app.delete_alias("app", "prod", message="gone", by="bob")
        app.put_alias("app", "prod", 2)
        entries = app.history("app", "prod")
        assert [e.action for e in entries] == ["put", "delete", "put"]
        assert (entries[1].by, entries[1].message, entries[1].state) == ("bob", "gone", None)

    def test_it_can_be_cut_short(self, app):
        for version in (1, 2, 3):
            app.put_alias("app", "prod", version)
        assert [e.state.version for e in app.history("app", "prod", limit=2)] == ["3", "2"]

    def test_an_alias_that_never_was_has_none(self, app):
        assert app.history("app", "prod") == []

    def test_a_state_that_another_tool_wrote_is_recorded_too(self, app):
        app.put_alias("app", "prod", 1)
        held = json.loads(app.context.read("app/aliases/prod.json")[1])
        foreign = json.dumps(held | {"version": "2", "update_at": "unknown"})
        app.context.write("app/aliases/prod.json", foreign.encode())
        app.put_alias("app", "prod", 3)
        app.put_alias("app", "prod", 1)
        entries = app.history("app", "prod")
        assert [e.state.version for e in entries] == ["1", "3", "2"]
        assert entries[-1].by is None

    def test_a_message_too_long_for_a_header_is_refused(self, app):
        with pytest.raises(InvalidInputError, match="shorter"):
            app.put_alias("app", "prod", 1, message="x" * 3000)
        assert app.list_aliases("app") == []


class TestRollback:
    def test_it_goes_back_to_the_version_before(self, app):
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 2)
        assert app.rollback("app", "prod").version == "1"
        assert app.history("app", "prod")[0].message == "rollback from 2 to 1"

    def test_repeated_it_goes_one_further_back(self, app):
        for version in (1, 2, 3):
            app.put_alias("app", "prod", version)
        assert [app.rollback("app", "prod").version for _ in range(2)] == ["2", "1"]

    def test_during_a_canary_it_goes_to_the_stable_version(self, app):
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 1, 2, 10)
        app.put_alias("app", "prod", 1, 2, 50)
        back = app.rollback("app", "prod")
        assert (back.version, back.secondary_version) == ("1", None)

    def test_after_a_rollout_it_skips_the_states_of_the_canary(self, app):
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 1, 2, 50)
        app.put_alias("app", "prod", 2)
        back = app.rollback("app", "prod")
        assert (back.version, back.secondary_version) == ("1", None)

    def test_it_never_goes_back_to_latest(self, app):
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod")
        app.put_alias("app", "prod", 2)
        assert app.rollback("app", "prod").version == "1"

    def test_it_can_name_a_version(self, app):
        for version in (1, 2, 3):
            app.put_alias("app", "prod", version)
        assert app.rollback("app", "prod", to=1, message="bad day").version == "1"

    def test_without_an_earlier_version_it_says_so(self, app):
        app.put_alias("app", "prod", 1)
        with pytest.raises(InvalidInputError, match="no earlier version"):
            app.rollback("app", "prod")
        with pytest.raises(AliasNotFoundError):
            app.rollback("app", "staging")


class TestDamage:
    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"{",
            b"[]",
            b"\xff",
            b'{"version": "1"}',
            b'{"version": 1, "version_s3uri": "x"}',
            b'{"version": "0", "version_s3uri": "x"}',
            b'{"version": "1", "version_s3uri": "x", "secondary_version": "2"}',
            b'{"version":"1","version_s3uri":"x","secondary_version":"2","secondary_version_weight":100}',
        ],
    )
    def test_a_broken_file_is_one_clear_error(self, app, raw):
        app.context.write("app/aliases/prod.json", raw)
        with pytest.raises(ContaminatedError, match=r"app/aliases/prod\.json"):
            app.get_alias("app", "prod")
        with pytest.raises(ContaminatedError):
            app.put_alias("app", "prod", 1)
        assert app.context.read("app/aliases/prod.json")[1] == raw

    def test_a_foreign_object_among_the_aliases_is_named(self, app):
        app.context.write("app/aliases/readme.txt", b"hello")
        with pytest.raises(ContaminatedError, match=r"readme\.txt"):
            app.list_aliases("app")

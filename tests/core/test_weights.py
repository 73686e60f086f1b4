"""Aliases that are split many ways, to a hundredth of a percent, on every store."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import CephLikeStore, Crash, TappedStore
from versioned import Repository
from versioned.context import LEASE
from versioned.errors import (
    AliasConflictError,
    ArtifactNotFoundError,
    InputTypeError,
    InvalidInputError,
    InvalidVersionError,
    VersionInUseError,
)
from versioned.routing import BUCKETS
from versioned.stores.base import Attributes
from versioned.targets import basis_points, percent, shares_of, target_words

KEY = "app/aliases/prod.json"
THREE = {1: 89.5, 2: 10, 3: 0.5}
WORDS = "1 (89.5%) + 2 (10%) + 3 (0.5%)"


@pytest.fixture
def app(repository):
    """An artifact with four published versions, and an alias at the first."""
    for number in (1, 2, 3, 4):
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")
    repository.put_alias("app", "prod", 1)
    return repository


def words(repository):
    return target_words(repository.get_alias("app", "prod"))


def eight_fields(repository):
    held = json.loads(repository.context.read(KEY)[1])
    return held["version"], held["secondary_version"], held["secondary_version_weight"]


class TestSplitting:
    def test_each_version_gets_its_share(self, app):
        after = app.split_alias("app", "prod", THREE, message="two candidates")
        assert app.get_alias("app", "prod") == after
        assert shares_of(after) == [("1", 8950), ("2", 1000), ("3", 50)]
        assert after.versions == {"1", "2", "3"}
        assert [c.sha256 for c in after.canaries] == [
            app.get_artifact_version("app", version).sha256 for version in (2, 3)
        ]

    def test_the_file_holds_the_first_canary_with_its_share_rounded_down(self, app):
        app.split_alias("app", "prod", THREE)
        assert eight_fields(app) == ("1", "2", 10)
        app.split_alias("app", "prod", {1: "99.01", 2: "0.99"})
        assert eight_fields(app) == ("1", "2", 0)

    def test_what_the_eight_fields_can_say_is_a_plain_alias(self, app):
        assert app.split_alias("app", "prod", {1: 90, 2: 10}).split == ()
        assert app.split_alias("app", "prod", {1: 100}).is_split is False

    def test_it_is_compare_and_set_like_any_move(self, app):
        app.split_alias("app", "prod", THREE, expect=1)
        with pytest.raises(AliasConflictError, match=r"89\.5%"):
            app.split_alias("app", "prod", {2: 50, 3: 50}, expect=2)
        assert words(app) == WORDS

    @pytest.mark.parametrize(
        ("weights", "error", "told"),
        [
            ({1: 89, 2: 10}, InvalidInputError, "add up to 99%, not to 100%"),
            ({1: 90, 2: 10.01}, InvalidInputError, "add up to 100.01%"),
            ({1: 50, "1": 50}, InvalidInputError, "named twice"),
            ({1: 100, 2: 0}, InvalidInputError, "0 is not a weight"),
            ({1: 110, 2: -10}, InvalidInputError, "110 is not a weight"),
            ({1: 99.999, 2: 0.001}, InvalidInputError, "99.999 is not a weight"),
            ({1: "much", 2: 1}, InvalidInputError, "'much' is not a weight"),
            ({1: float("nan"), 2: 1}, InvalidInputError, "nan is not a weight"),
            ({1: True, 2: 99}, InputTypeError, "True is not a weight"),
            ({1: None}, InputTypeError, "None is not a weight"),
            ({0: 100}, InvalidVersionError, "0 is not a version"),
            ({}, InvalidInputError, "among 0"),
            (dict.fromkeys(range(1, 12), 10), InvalidInputError, "among 11"),
            ([(1, 100)], InvalidInputError, "1 to 10 versions"),
            ({1: 50, 9: 50}, ArtifactNotFoundError, "version 9"),
        ],
        ids=str,
    )
    @pytest.mark.only_stores("local")
    def test_weights_that_can_not_be_meant_move_nothing(self, app, weights, error, told):
        before = app.context.store.list_objects("")
        with pytest.raises(error, match=told):
            app.split_alias("app", "prod", weights)
        assert app.context.store.list_objects("") == before

    @given(st.integers(1, BUCKETS))
    def test_every_hundredth_of_a_percent_is_a_weight_in_any_type(self, points):
        text = percent(points).removesuffix("%")
        assert basis_points(text) == basis_points(float(text)) == points

    def test_a_random_draw_follows_the_weights(self, app, monkeypatch):
        alias = app.split_alias("app", "prod", THREE)
        drawn = []
        for bucket in range(0, BUCKETS, 50):
            monkeypatch.setattr("random.randrange", lambda _, at=bucket: at)
            drawn.append(alias.random_artifact()[-6:])
        assert [drawn.count(f"00000{n}") for n in (2, 3, 1)] == [20, 1, 179]


@pytest.mark.only_stores("local", "ceph")
class TestHistory:
    def test_the_ledger_keeps_every_share(self, app):
        app.split_alias("app", "prod", THREE)
        app.put_alias("app", "prod", 2)
        states = [target_words(entry.state) for entry in app.history("app", "prod")]
        assert states == ["2", WORDS, "1"]
        assert app.verify_ledger("app", "prod").ok

    def test_a_rollback_goes_to_the_version_that_had_all_the_traffic(self, app):
        app.split_alias("app", "prod", THREE)
        app.split_alias("app", "prod", {1: 50, 2: 49, 3: 1})
        assert app.rollback("app", "prod").version == "1"
        assert words(app) == "1"


@pytest.mark.only_stores("local", "ceph")
class TestRetention:
    def test_no_version_of_a_split_is_purged(self, app):
        app.split_alias("app", "prod", THREE)
        app.put_artifact("app", b"newest")
        app.publish_artifact_version("app")
        _, deleted = app.purge_artifact_versions("app", 0, 0)
        assert {one.version for one in deleted} == {"4", "5"}
        for version in (1, 2, 3):
            with pytest.raises(VersionInUseError, match="used by prod"):
                app.delete_artifact_version("app", version)

    def test_a_split_that_came_late_is_taken_back_to_the_split_before(self, app):
        app.split_alias("app", "prod", THREE)
        seconds = [0.0]
        slow = TappedStore(app.context.store)
        writer = Repository(slow)
        writer.context.monotonic = lambda: seconds[0]

        def delete_meanwhile(_number, operation, key):
            if (operation, key) == ("put", KEY) and not seconds[0]:
                seconds[0] = 3600.0
                app.delete_artifact_version("app", 4, force=True)

        slow.before = delete_meanwhile
        with pytest.raises(ArtifactNotFoundError, match="version 4"):
            writer.split_alias("app", "prod", {1: 50, 2: 25.5, 4: 24.5})
        assert words(app) == WORDS


@pytest.mark.only_stores("local", "ceph")
class TestDeletion:
    @pytest.fixture
    def half_deleted(self, app):
        """The process died with the alias marked and not yet deleted, as on Ceph."""
        app.split_alias("app", "prod", THREE)
        lazy = CephLikeStore(app.context.store)

        def crash(_number, operation, _key):
            if operation == "delete":
                raise Crash

        lazy.before = crash
        with pytest.raises(Crash):
            Repository(lazy).delete_alias("app", "prod")
        return app

    def test_an_alias_that_is_being_deleted_still_routes_as_it_did(self, half_deleted):
        assert words(half_deleted) == WORDS
        assert eight_fields(half_deleted) == ("1", "2", 10)

    def test_doctor_finishes_it_and_the_ledger_keeps_the_split(self, half_deleted):
        class Later(CephLikeStore):
            def now(self):
                return self.inner.now() + timedelta(seconds=LEASE + 1)

        repository = Repository(Later(half_deleted.context.store))
        (finding,) = repository.doctor("app", mend=True)
        assert (finding.code, finding.mended) == ("unfinished-alias-deletion", True)
        entries = half_deleted.history("app", "prod")
        assert [e.state and target_words(e.state) for e in entries] == [None, WORDS, WORDS, "1"]
        assert half_deleted.verify_ledger("app", "prod").ok


class TestOtherReaders:
    def test_a_file_that_another_tool_wrote_has_no_split(self, app):
        app.split_alias("app", "prod", THREE)
        app.context.write(KEY, app.context.read(KEY)[1])
        assert words(app) == "1 (90%) + 2 (10%)"

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"secondary_version_weight": 20}, "1 (80%) + 2 (20%)"),
            ({"secondary_version": "4"}, "1 (90%) + 4 (10%)"),
            ({"secondary_version": None, "secondary_version_weight": None}, "1"),
        ],
    )
    def test_a_file_that_was_changed_wins_over_an_event_that_was_kept(self, app, changes, told):
        app.split_alias("app", "prod", THREE)
        info, raw = app.context.read(KEY)
        event = Attributes(metadata={"versioned-event": info.metadata["versioned-event"]})
        app.context.write(KEY, json.dumps(json.loads(raw) | changes).encode(), attributes=event)
        assert words(app) == told


class TestSize:
    """Ten versions, and what is left for a message."""

    @pytest.fixture
    def ten(self, app):
        for number in range(5, 11):
            app.put_artifact("app", b"content %d" % number)
            app.publish_artifact_version("app")
        return {1: "99.91"} | dict.fromkeys(range(2, 11), "0.01")

    def test_ten_versions_fit_with_a_message(self, app, ten):
        after = app.split_alias("app", "prod", ten, message="x" * 200)
        assert app.get_alias("app", "prod") == after
        assert len(after.canaries) == 9

    def test_a_message_that_does_not_fit_is_told_by_how_much(self, app, ten):
        app.split_alias("app", "prod", ten, message="x" * 10)
        with pytest.raises(InvalidInputError, match="shorter") as error:
            app.split_alias("app", "prod", ten, message="x" * 1000)
        assert app.get_alias("app", "prod").message == "x" * 10
        (too_many,) = [int(word) for word in error.value.message.split() if word.isdigit()]
        app.split_alias("app", "prod", ten, message="x" * (1000 - too_many))
        with pytest.raises(InvalidInputError, match="needs 1 bytes more"):
            app.split_alias("app", "prod", ten, message="x" * (1001 - too_many))

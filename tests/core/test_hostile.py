"""Attacks that once succeeded: a poisoned object, a lost answer, a rival at the worst moment."""

import hashlib
import json

import pytest

from doubles import CephLikeStore, Crash, TappedStore
from versioned import Cache, Repository
from versioned.errors import (
    AliasConflictError,
    ContaminatedError,
    ContentMismatchError,
    InputTypeError,
    InvalidInputError,
    InvalidReferenceError,
    OutcomeUnknownError,
    StoreUnavailableError,
)
from versioned.stores.base import Attributes

EVENT = "versioned-event"


@pytest.fixture
def app(repository):
    for number in (1, 2, 3):
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")
    repository.put_alias("app", "prod", 1)
    return repository


def once(repository, operation, part, action, when="before"):
    """Do something at the first request of a kind to a key that contains `part`."""
    tapped = TappedStore(repository.context.store)
    done = []

    def hook(_number, found, key):
        if found == operation and part in key and not done:
            done.append(True)
            action()

    setattr(tapped, when, hook)
    return Repository(tapped)


def fail(error):
    def action():
        raise error

    return action


class TestPoison:
    def test_a_sha256_in_an_alias_cannot_name_a_file(self, app, tmp_path):
        victim = tmp_path / "victim"
        victim.write_text("precious")
        raw = app.context.read("app/aliases/prod.json")[1]
        event = {"identity": "x", "position": 0, "previous": "", "sha256": str(victim)}
        app.context.write(
            "app/aliases/prod.json", raw, attributes=Attributes(metadata={EVENT: json.dumps(event)})
        )
        cached = Repository(app.context.store, cache=Cache(tmp_path / "cache"))
        with pytest.raises(ContaminatedError, match="sha256"):
            cached.download_reference("app@prod", to=tmp_path / "out")
        assert victim.read_text() == "precious"

    def test_the_bytes_that_an_alias_means_are_the_bytes_one_gets(self, app, tmp_path):
        key = "app/versions/999999_000001"
        found = app.context.store.head(key).metadata
        sha256 = hashlib.sha256(b"EVIL").hexdigest()
        attributes = Attributes(metadata={**found, "artifact_sha256": sha256})
        app.context.write(key, b"EVIL", attributes=attributes)
        with pytest.raises(ContentMismatchError, match="meant was"):
            app.download_reference("app@prod", to=tmp_path / "out")

    def test_one_unreadable_object_hides_no_other_finding(self, app):
        app.put_artifact("zoo", b"x")
        app.context.write("app/numbers/999990_000010.json", b"{")
        app.context.write("app/deletion.json", b'{"versions": ["x"]}')
        app.context.write("app/aliases/broken.json", b"{")
        app.context.write("zoo/private/leftover", b"x")
        found = {(f.artifact, f.code) for f in app.doctor(older_than=0, uploads_older_than=0)}
        assert {
            ("app", "foreign-object"),
            ("app", "broken-alias"),
            ("zoo", "leftover-copy"),
        } <= found

    def test_verify_goes_on_and_names_what_it_cannot_list(self, app):
        app.put_artifact("zoo", b"x")
        app.context.write("app/versions/notes.txt", b"hello")
        report = app.verify()
        assert [v.artifact.name for v in report.verified] == ["zoo"]
        assert "notes.txt" in report.unreadable[0]
        assert not report.ok

    def test_a_broken_alias_is_set_aside_and_can_be_put_again(self, app):
        app.context.write("app/aliases/prod.json", b"{")
        app.doctor("app", mend=True, older_than=0)
        assert app.list_aliases("app") == []
        assert app.put_alias("app", "prod", 2).version == "2"
        (kept,) = app.context.store.list_objects("app/broken/")
        assert app.context.read(kept.key)[1] == b"{"

    @pytest.mark.parametrize("folder", ["numbers", "ledger/prod", "private", "versions", "aliases"])
    def test_the_empty_object_of_a_console_folder_is_no_object(self, app, folder):
        app.context.write(f"app/{folder}/", b"")
        app.put_artifact("app", b"new")
        assert app.publish_artifact_version("app").version == "4"
        app.put_alias("app", "prod", 4)
        assert [a.alias for a in app.list_aliases("app")] == ["prod"]
        assert app.doctor("app", older_than=0, uploads_older_than=0) == []

    def test_doctor_finishes_no_claim_from_a_folder(self, app):
        app.put_artifact("app", b"new")
        crashing = once(app, "put", "/numbers/", fail(Crash()), "after")
        with pytest.raises(Crash):
            crashing.publish_artifact_version("app")
        app.context.write("app/private/", b"")
        (finding,) = app.doctor("app", mend=True, older_than=0)
        assert finding.code == "abandoned-number"
        assert len(app.list_artifact_versions("app")) == 4

    @pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59+00:00"])
    def test_a_time_at_the_end_of_time_is_survived(self, app, moment):
        raw = json.loads(app.context.read("app/aliases/prod.json")[1])
        app.context.write(
            "app/aliases/prod.json", json.dumps({**raw, "update_at": moment}).encode()
        )
        assert app.put_alias("app", "prod", 2).update_datetime.year < 9000

    def test_a_damaged_latest_is_not_published(self, app):
        key = "app/versions/000000_LATEST"
        metadata = app.context.store.head(key).metadata
        app.context.write(key, b"damaged", attributes=Attributes(metadata=metadata))
        with pytest.raises(ContentMismatchError, match="nothing was published"):
            app.publish_artifact_version("app")
        assert len(app.list_artifact_versions("app")) == 4


class TestNumbers:
    def test_deleting_what_is_not_there_uses_no_number_up(self, app):
        app.delete_artifact_version("app", 999_999)
        app.delete_artifact_version("app", 999_998, force=True)
        app.delete_artifact_version("nothing", 1)
        app.put_artifact("app", b"new")
        assert app.publish_artifact_version("app").version == "4"
        assert app.list_artifact_names() == ["app"]

    @pytest.mark.parametrize("kind", [TappedStore, CephLikeStore])
    def test_a_claim_whose_number_another_tool_used_stays(self, app, kind):
        store = app.context.store

        def publish_without_claim():
            store.copy(store.head("app/versions/999997_000003"), "app/versions/999996_000004")

        app.put_artifact("app", b"new")
        racing = once(app, "put", "versions/999996", publish_without_claim)
        assert racing.publish_artifact_version("app").version == "5"
        app.delete_artifact_version("app", 5)
        app.delete_artifact_version("app", 4)
        app.put_artifact("app", b"newer")
        assert Repository(kind(store)).publish_artifact_version("app").version == "6"


class TestLostAnswers:
    def test_a_move_that_happened_is_told_as_done(self, app):
        lost = once(app, "put", "aliases/", fail(OutcomeUnknownError("timeout")), "after")
        assert lost.put_alias("app", "prod", 2).version == "2"
        assert len(app.history("app", "prod")) == 2

    def test_a_rollback_whose_answer_was_lost_goes_back_once(self, app):
        for version in (2, 3):
            app.put_alias("app", "prod", version)
        lost = once(app, "put", "aliases/", fail(OutcomeUnknownError("timeout")), "after")
        assert lost.rollback("app", "prod").version == "2"

    def test_a_move_that_did_not_happen_is_told_as_unknown(self, app):
        lost = once(app, "put", "aliases/", fail(OutcomeUnknownError("timeout")))
        with pytest.raises(OutcomeUnknownError):
            lost.put_alias("app", "prod", 2)
        assert app.get_alias("app", "prod").version == "1"

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), StoreUnavailableError("busy")])
    @pytest.mark.parametrize("operation", ["list", "delete_many"])
    def test_a_deletion_that_fails_locks_nobody_out(self, app, error, operation):
        if operation == "delete_many" and isinstance(error, KeyboardInterrupt):
            pytest.skip("what is gone is not known then; the lease ends it")
        part = "aliases/" if operation == "list" else "versions/"
        rivals = []

        def interrupt():
            rivals.append(True)
            raise error

        failing = Repository(TappedStore(app.context.store))

        def hook(_number, found, key):
            announced = any(k == "app/deletion.json" for _, k in failing.context.store.requests)
            if found == operation and part in key and announced and not rivals:
                interrupt()

        failing.context.store.before = hook
        with pytest.raises(type(error)):
            failing.delete_artifact_version("app", 3)
        app.delete_artifact_version("app", 3)
        app.put_alias("app", "prod", 2)


class TestRivals:
    def test_a_state_is_recorded_once_whoever_supersedes_it(self, app):
        app.put_alias("app", "prod", 2, message="two moves between the reads of a third")

        def move_twice():
            app.put_alias("app", "prod", 1)
            app.put_alias("app", "prod", 3)

        racing = once(app, "list", "ledger/", move_twice)
        with pytest.raises(AliasConflictError):
            racing.put_alias("app", "prod", 2)
        identities = [e.identity for e in app.history("app", "prod")]
        assert len(set(identities)) == len(identities) == 4
        assert app.context.store.list_objects("app/ledger/prod/")[0].key.endswith("00000003.json")
        assert app.rollback("app", "prod").version == "1"

    def test_doctor_takes_a_version_published_meanwhile_for_there(self, app):
        def publish():
            app.put_artifact("app", b"new")
            app.put_alias("app", "prod", int(app.publish_artifact_version("app").version))

        racing = once(app, "get", "aliases/prod.json", publish)
        assert racing.doctor("app", older_than=0, uploads_older_than=0) == []

    def test_doctor_survives_a_purge_at_every_request(self, local_repository_factory):
        point, reached = 0, True
        while reached:
            repository = local_repository_factory()
            repository.put_artifact("app", b"x")
            repository.publish_artifact_version("app")
            repository.put_alias("app", "prod", 1)
            repository.delete_alias("app", "prod")
            tapped = TappedStore(repository.context.store)

            def purge(number, _operation, _key, point=point, repository=repository):
                if number == point:
                    repository.purge_artifact("app")

            tapped.before = purge
            Repository(tapped).doctor(mend=True, older_than=0)
            reached = point < len(tapped.requests)
            point += 1


class TestInputs:
    def test_text_must_be_text(self, app):
        with pytest.raises(InputTypeError, match="message"):
            app.put_alias("app", "prod", 2, message=5)
        with pytest.raises(InputTypeError, match="by"):
            app.delete_alias("app", "prod", by=b"ann")
        with pytest.raises(InputTypeError, match="actor"):
            Repository(app.context.store, actor=5)
        assert app.get_alias("app", "prod").version == "1"

    @pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 10**15, -1, "1"])
    def test_spans_of_time_must_be_ones(self, app, seconds):
        with pytest.raises(InvalidInputError):
            app.purge_artifact_versions("app", 0, seconds)
        with pytest.raises(InvalidInputError):
            app.doctor(older_than=seconds)

    def test_a_count_must_be_a_number(self, app):
        with pytest.raises(InvalidInputError):
            app.purge_artifact_versions("app", "5")

    def test_nothing_is_no_reference(self, app):
        with pytest.raises(InvalidReferenceError):
            app.resolve(None)

    def test_metadata_keys_that_a_store_takes_for_one_are_refused(self, app):
        with pytest.raises(InvalidInputError, match="differ only"):
            app.put_artifact("app", b"y", metadata={"build-id": "1", "build_id": "2"})

    @pytest.mark.parametrize("cached", [False, True])
    @pytest.mark.parametrize("path", ["", ".", "/"])
    def test_a_path_without_a_name_is_refused(self, app, tmp_path, cached, path):
        cache = Cache(tmp_path / "cache") if cached else None
        with pytest.raises(InvalidInputError, match="directory"):
            Repository(app.context.store, cache=cache).download("app", to=path)

    def test_a_cache_that_is_none_fails_no_download(self, app, tmp_path):
        (tmp_path / "cache").write_text("a file")
        cached = Repository(app.context.store, cache=Cache(tmp_path / "cache"))
        assert not cached.download("app", 1, to=tmp_path / "out").cached

    def test_a_planted_link_is_not_followed(self, app, tmp_path):
        victim = tmp_path / "victim"
        victim.write_text("precious")
        sha256 = app.get_artifact_version("app", 1).sha256
        (tmp_path / f"out.{sha256[:12]}.part").symlink_to(victim)
        with pytest.raises(OSError, match="link"):
            app.download("app", 1, to=tmp_path / "out")
        assert victim.read_text() == "precious"

    def test_a_long_file_name_still_has_room_for_its_part(self, app, tmp_path):
        app.download("app", 1, to=tmp_path / ("x" * 255))
        assert (tmp_path / ("x" * 255)).read_bytes() == b"content 1"


def test_an_alias_keeps_its_record_of_who_moved_it_when_it_is_taken_back(app):
    """A slow write is taken back: the state before is restored, and rollback goes below it."""
    app.put_alias("app", "prod", 2)
    slow = once(app, "put", "aliases/", lambda: app.delete_artifact_version("app", 3))
    with pytest.raises(FileNotFoundError):
        slow.put_alias("app", "prod", 3)
    assert app.get_alias("app", "prod").version == "2"
    assert app.rollback("app", "prod").version == "1"

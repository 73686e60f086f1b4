"""What hooks are told, and when. On every store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from recorders import Recorder, with_versions

from doubles import CephLikeStore, TappedStore
from versioned import Repository, layout, ledger
from versioned.alias_writing import put_alias
from versioned.aliases import read_held
from versioned.documents import dump
from versioned.errors import ContaminatedError, InvalidHookError
from versioned.events import Hook, deliver, deliver_all, pending
from versioned.models import Cause
from versioned.targets import Target

NOT_MOTO = pytest.mark.only_stores("local", "ceph")
"""Decisions that no store has a part in: the mock would only be slower."""

PUBLISHED = ["published app@1", "published app@2"]


class TestWhatIsTold:
    def test_each_change_once_and_in_its_order(self, repository, told):
        repository.put_alias("app", "prod", 1)
        assert told() == [*PUBLISHED, "put app@prod 1"]
        repository.put_alias("app", "prod", 2)
        repository.rollback("app", "prod")
        assert told() == ["put app@prod 2", "rolledback app@prod 3"]
        repository.delete_alias("app", "prod")
        assert told() == ["deleted app@prod 4"]
        assert told() == []

    def test_an_alias_that_was_made_and_deleted_in_between(self, repository, told):
        told()
        repository.put_alias("app", "short", 1)
        repository.delete_alias("app", "short")
        assert told() == ["put app@short 1", "deleted app@short 2"]

    def test_an_alias_that_was_deleted_and_made_again(self, repository, told):
        repository.put_alias("app", "prod", 1)
        told()
        repository.delete_alias("app", "prod")
        repository.put_alias("app", "prod", 2)
        assert told() == ["deleted app@prod 2", "put app@prod 3"]

    def test_promotions_and_rollouts(self, repository, told):
        told()
        context = repository.context
        put_alias(context, "app", "prod", Target("1"), cause=Cause("promote", ("soak",)))
        put_alias(
            context, "app", "prod", Target("1", (("2", 25),)), cause=Cause("rollout", (), "r", 1)
        )
        assert told() == ["promoted app@prod 1", "rolledout app@prod 2"]

    def test_a_version_that_was_deleted_before_is_not_told_and_not_waited_for(
        self, repository, told
    ):
        repository.delete_artifact_version("app", 2)
        assert told() == ["published app@1"]
        assert told() == []
        repository.put_artifact("app", b"three")
        repository.publish_artifact_version("app")
        assert told() == ["published app@3"]

    def test_a_version_that_was_deleted_after_it_was_told_starts_no_repeats(self, repository, told):
        told()
        repository.delete_artifact_version("app", 2)
        assert told() == []

    def test_a_state_that_is_marked_for_its_deletion_is_no_change(self, store, hook):
        lazy = CephLikeStore(store)
        repository = with_versions(Repository(lazy))
        repository.put_alias("app", "prod", 1)

        def look(_number, operation, key):
            if (operation, key) == ("delete", "app/aliases/prod.json"):
                lazy.before = None
                deliver(repository.context, "app", [hook])

        lazy.before = look
        repository.delete_alias("app", "prod")
        assert hook.sender.said == [*PUBLISHED, "put app@prod 1"]
        deliver(repository.context, "app", [hook])
        assert hook.sender.said[3:] == ["deleted app@prod 2"]

    def test_many_versions(self, repository, told):
        told()
        for number in range(3, 9):
            repository.put_artifact("app", b"%d" % number)
            repository.publish_artifact_version("app")
        assert told() == [f"published app@{n}" for n in range(3, 9)]

    def test_a_state_that_a_dead_writer_recorded_has_one_number(self, repository, hook, told):
        repository.put_alias("app", "prod", 1)
        told()
        held = read_held(repository.context, "app", "prod")
        ledger.append_superseded(repository.context, held, 0)
        assert told() == []
        repository.put_alias("app", "prod", 2)
        held = read_held(repository.context, "app", "prod")
        ledger.append_superseded(repository.context, held, 1)
        assert len(pending(repository.context, [hook], "app")) == 1
        assert told() == ["put app@prod 2"]
        assert told() == []

    def test_types_and_artifacts_can_be_chosen(self, repository):
        with_versions(repository, "lib")
        repository.put_alias("app", "prod", 1)
        hook = Hook("some", Recorder(), types=("versioned.alias.*",), artifacts=("a*",))
        for name in ("app", "lib"):
            deliver(repository.context, name, [hook])
        assert hook.sender.said == ["put app@prod 1"]
        assert pending(repository.context, [hook]) == []

    def test_what_was_filtered_out_is_not_told_later(self, repository):
        deliver(repository.context, "app", [Hook("some", Recorder(), types=("versioned.alias.*",))])
        every = Hook("some", Recorder())
        deliver(repository.context, "app", [every])
        assert every.sender.said == []


@NOT_MOTO
class TestSinceWhen:
    def test_a_new_hook_is_not_told_old_changes(self, store):
        clock = Shifted(store)
        repository = with_versions(Repository(clock, actor="tester"))
        repository.put_alias("app", "prod", 1)
        repository.put_alias("app", "old", 1)
        clock.ahead = timedelta(hours=1)
        repository.put_alias("app", "prod", 2)
        hook = Hook("new", Recorder())
        deliver(repository.context, "app", [hook])
        assert hook.sender.said == ["put app@prod 2"]
        repository.put_alias("app", "old", 2)
        deliver(repository.context, "app", [hook])
        assert hook.sender.said == ["put app@prod 2", "put app@old 2"]

    def test_a_new_hook_is_told_what_changed_though_others_before_it_were_slow(self, store):
        clock = Shifted(store)
        repository = with_versions(Repository(clock))
        start = repository.context.monotonic()
        repository.context.monotonic = lambda: start + clock.ahead.total_seconds()

        def take_an_hour(_event):
            clock.ahead += timedelta(hours=1)

        slow, new = Hook("slow", Recorder(take_an_hour)), Hook("new", Recorder())
        deliver(repository.context, "app", [slow, new])
        assert new.sender.said == PUBLISHED

    def test_deliver_all_begins_now(self, store):
        clock = Shifted(store)
        repository = with_versions(Repository(clock))
        clock.ahead = timedelta(hours=1)
        hook = Hook("new", Recorder())
        deliver_all(repository.context, [hook])
        repository.put_alias("app", "prod", 1)
        deliver_all(repository.context, [hook])
        assert hook.sender.said == ["put app@prod 1"]

    def test_an_artifact_that_is_newer_than_the_hook_is_told_from_its_beginning(
        self, repository, told
    ):
        told()
        with_versions(repository, "lib")
        assert told("lib") == ["published lib@1", "published lib@2"]

    def test_an_alias_is_told_whatever_the_clock_says_once_the_artifact_is_known(self, store, hook):
        clock = Shifted(store)
        repository = with_versions(Repository(clock))
        deliver(repository.context, "app", [hook])
        clock.ahead = timedelta(hours=-5)
        repository.put_alias("app", "prod", 1)
        deliver(repository.context, "app", [hook])
        assert hook.sender.said == [*PUBLISHED, "put app@prod 1"]

    def test_a_time_that_is_still_to_come_is_none(self, store, hook):
        clock = Shifted(store)
        repository = with_versions(Repository(clock))
        clock.ahead = timedelta(days=900)
        deliver_all(repository.context, [hook])
        clock.ahead = timedelta()
        with_versions(repository, "lib")
        deliver_all(repository.context, [hook])
        assert hook.sender.said == ["published lib@1", "published lib@2"]


class Shifted(TappedStore):
    """A store whose clock somebody set; objects keep the time at which they were written."""

    ahead = timedelta()

    def __init__(self, inner):
        super().__init__(inner)
        self.written = {}

    def now(self):
        return datetime.now(UTC) + self.ahead

    def list_objects(self, prefix, **options):
        found = super().list_objects(prefix, **options)
        return [replace(line, modified=self.written.get(line.key, line.modified)) for line in found]

    def put(self, key, content, **options):
        info = super().put(key, content, **options)
        self.written[key] = self.now()
        return info


@NOT_MOTO
class TestWhatCannotBeTold:
    def test_the_rest_of_that_alias_waits_and_the_others_go_on(self, repository):
        for version in (1, 2):
            repository.put_alias("app", "beta", version)
            repository.put_alias("app", "prod", version)
        sender = Recorder(refuses=lambda event: event.subject == "app@beta")
        report = deliver(repository.context, "app", [Hook("audit", sender)])
        assert sender.said == [*PUBLISHED, "put app@prod 1", "put app@prod 2"]
        assert [(u.subject, u.waiting) for u in report.untold] == [("app@beta", 2)]
        assert len(sender.tried) == 5
        sender.refuses = lambda _event: False
        deliver(repository.context, "app", [Hook("audit", sender)])
        assert sender.said[4:] == ["put app@beta 1", "put app@beta 2"]

    def test_what_is_filtered_out_does_not_lead_past_what_waits(self, repository):
        repository.put_alias("app", "prod", 1)
        repository.delete_alias("app", "prod")
        sender = Recorder(refuses=lambda _event: True)
        hook = Hook("audit", sender, types=("versioned.alias.put",))
        deliver(repository.context, "app", [hook])
        sender.refuses = lambda _event: False
        deliver(repository.context, "app", [hook])
        assert sender.said == ["put app@prod 1"]

    def test_one_hook_does_not_keep_another_from_being_told(self, repository):
        deaf, good = Recorder(refuses=lambda _event: True), Recorder()
        deliver(repository.context, "app", [Hook("deaf", deaf), Hook("good", good)])
        assert good.said == PUBLISHED

    def test_a_hook_that_fails_again_and_again_is_left_alone(self, repository):
        for alias in ("a", "b", "c", "d", "e"):
            repository.put_alias("app", alias, 1)
        sender = Recorder(refuses=lambda _event: True)
        report = deliver(repository.context, "app", [Hook("deaf", sender)], give_up_after=2)
        assert len(sender.tried) == 2
        assert sum(u.waiting for u in report.untold) == 7

    def test_one_that_fails_now_and_then_is_not(self, repository):
        for alias in ("a", "b", "c", "d"):
            repository.put_alias("app", alias, 1)
        sender = Recorder(refuses=lambda event: event.subject in {"app@a", "app@c"})
        deliver(repository.context, "app", [Hook("moody", sender)], give_up_after=2)
        assert sender.said == [*PUBLISHED, "put app@b 1", "put app@d 1"]

    def test_a_broken_alias_keeps_only_itself_from_being_told(self, repository):
        repository.put_alias("app", "beta", 1)
        repository.put_alias("app", "prod", 1)
        repository.context.write(layout.alias_key("app", "beta"), b"not JSON")
        sender = Recorder()
        report = deliver(repository.context, "app", [Hook("audit", sender)])
        assert sender.said == [*PUBLISHED, "put app@prod 1"]
        assert [(u.subject, type(u.error)) for u in report.untold] == [
            ("app@beta", ContaminatedError)
        ]

    def test_a_foreign_object_among_the_versions_is_reported_and_other_artifacts_are_told(
        self, repository
    ):
        with_versions(repository, "lib")
        repository.context.write("app/versions/notes.txt", b"?")
        hook = Hook("audit", Recorder())
        deliver_all(repository.context, [hook])
        repository.put_alias("lib", "prod", 1)
        report = deliver_all(repository.context, [hook])
        assert hook.sender.said[-1] == "put lib@prod 1"
        assert [(u.subject, type(u.error)) for u in report.untold] == [("app", ContaminatedError)]

    def test_two_hooks_of_one_name_are_refused(self, repository, hook):
        with pytest.raises(InvalidHookError, match="two hooks are named 'audit'"):
            deliver(repository.context, "app", [hook, hook])

    @pytest.mark.parametrize("name", ["", "a b", "../x", "-a", "a" * 65])
    def test_a_bad_name_is_refused(self, name):
        with pytest.raises(InvalidHookError):
            Hook(name, Recorder())

    def test_a_type_that_no_event_has_is_refused(self):
        with pytest.raises(InvalidHookError, match="no event has a type like 'alias"):
            Hook("audit", Recorder(), types=("alias.*",))


class TestWhatOthersDid:
    def write_as_another_tool(self, repository, alias="prod", version="2"):
        found = {
            "name": "app",
            "alias": alias,
            "update_at": datetime.now(UTC).isoformat(),
            "version": version,
            "secondary_version": None,
            "secondary_version_weight": None,
            "version_s3uri": "s3://elsewhere",
            "secondary_version_s3uri": None,
        }
        repository.context.write(f"app/aliases/{alias}.json", dump(found))

    def test_a_state_that_another_tool_wrote_past_the_ledger_is_told(self, repository, told):
        repository.put_alias("app", "prod", 1)
        told()
        self.write_as_another_tool(repository)
        assert told() == ["put app@prod 1"]
        assert told() == []
        repository.put_alias("app", "prod", 1)
        assert told() == ["put app@prod 2"]

    def test_also_where_it_was_replaced_since(self, repository, told):
        repository.put_alias("app", "prod", 1)
        repository.put_alias("app", "prod", 2)
        told()
        self.write_as_another_tool(repository, version="1")
        repository.put_alias("app", "prod", 2)
        assert told() == ["put app@prod 2", "put app@prod 3"]

    def test_also_under_a_name_that_this_package_does_not_allow(self, repository, told):
        self.write_as_another_tool(repository, alias="prod-eu")
        assert told() == [*PUBLISHED, "put app@prod-eu 1"]
        assert told() == []

    def test_an_alias_that_another_tool_deleted_starts_no_repeats(self, repository, told):
        for version in (1, 2, 1):
            repository.put_alias("app", "prod", version)
        told()
        repository.context.store.delete(layout.alias_key("app", "prod"))
        assert told() == []
        repository.put_alias("app", "prod", 2)
        assert told() == ["put app@prod 3"]


@NOT_MOTO
class TestThePast:
    def test_a_purged_artifact_is_told_from_its_new_beginning(self, repository, told):
        for version in (1, 2, 1):
            repository.put_alias("app", "prod", version)
        told()
        key = layout.deliveries_key("app", "audit")
        cursor = repository.context.read(key)[1]
        repository.purge_artifact("app")
        repository.context.write(key, cursor)
        repository.put_artifact("app", b"new")
        repository.publish_artifact_version("app")
        repository.put_alias("app", "prod", 1)
        assert told() == ["published app@1", "put app@prod 1"]
        assert told() == []

    def test_also_where_it_has_grown_past_the_old_one(self, repository, told):
        for version in (1, 2, 1):
            repository.put_alias("app", "prod", version)
        told()
        key = layout.deliveries_key("app", "audit")
        cursor = repository.context.read(key)[1]
        repository.purge_artifact("app")
        repository.context.write(key, cursor)
        for content in (b"a", b"b", b"c"):
            repository.put_artifact("app", content)
            repository.publish_artifact_version("app")
        for version in (1, 2, 3, 1):
            repository.put_alias("app", "prod", version)
        versions = [f"published app@{n}" for n in (1, 2, 3)]
        assert told() == [*versions, *(f"put app@prod {n}" for n in (1, 2, 3, 4))]
        assert told() == []

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{", b'{"aliases": {"prod": 3}, "published": {}}']
    )
    def test_a_damaged_cursor_counts_as_none(self, repository, told, body):
        repository.put_alias("app", "prod", 1)
        first = told()
        repository.context.write(layout.deliveries_key("app", "audit"), body)
        assert told() == first
        assert told() == []

    def test_a_damaged_hook_is_an_error_that_names_its_key(self, repository, hook):
        repository.context.write(layout.hook_key("audit"), dump({"since": "soon"}))
        with pytest.raises(ContaminatedError, match="versioned-hook-audit"):
            pending(repository.context, [hook])
        report = deliver(repository.context, "app", [hook])
        assert {type(u.error) for u in report.untold} == {ContaminatedError}


@NOT_MOTO
class TestPending:
    def test_it_shows_what_a_hook_was_not_told(self, repository, hook, told):
        told()
        repository.put_alias("app", "prod", 1)
        assert [p.event.subject for p in pending(repository.context, [hook])] == ["app@prod"]
        assert [p.event.subject for p in pending(repository.context, [hook], "app")] == ["app@prod"]
        told()
        assert pending(repository.context, [hook]) == []

    def test_it_tells_nobody_and_changes_nothing(self, repository, hook, told):
        told()
        repository.put_alias("app", "prod", 1)
        before = repository.context.store.list_objects("")
        pending(repository.context, [hook])
        assert repository.context.store.list_objects("") == before
        assert told() == ["put app@prod 1"]

    def test_a_hook_that_was_never_told_has_nothing_pending(self, repository, hook):
        assert pending(repository.context, [hook]) == []


class TestWhatItCosts:
    @pytest.fixture
    def tapped(self, store):
        return TappedStore(store)

    def test_nothing_to_tell_is_one_step(self, tapped, hook):
        repository = with_versions(Repository(tapped))
        for version in (1, 2, 1, 2):
            repository.put_alias("app", "prod", version)
        deliver(repository.context, "app", [hook])
        tapped.reset()
        deliver(repository.context, "app", [hook])
        assert (tapped.steps, len(tapped.requests)) == (1, 4)
        assert tapped.operations == {"list": 3, "get": 1}

    def test_one_change_is_three_steps(self, tapped, hook):
        repository = with_versions(Repository(tapped))
        for version in (1, 2, 1, 2):
            repository.put_alias("app", "prod", version)
        deliver(repository.context, "app", [hook])
        repository.put_alias("app", "prod", 1)
        tapped.reset()
        deliver(repository.context, "app", [hook])
        assert tapped.steps == 3
        assert tapped.operations == {"list": 3, "get": 4, "put": 1}

    def test_one_version_is_three_steps(self, tapped, hook):
        repository = with_versions(Repository(tapped))
        deliver(repository.context, "app", [hook])
        repository.put_artifact("app", b"three")
        repository.publish_artifact_version("app")
        tapped.reset()
        deliver(repository.context, "app", [hook])
        assert tapped.steps == 3
        assert tapped.operations == {"list": 3, "get": 3, "head": 2, "put": 1}

    def test_many_quiet_artifacts_are_looked_at_in_one_step(self, tapped, hook):
        repository = Repository(tapped)
        for number in range(5):
            repository.put_artifact(f"app{number}", b"one")
            repository.publish_artifact_version(f"app{number}")
        deliver_all(repository.context, [hook])
        tapped.reset()
        deliver_all(repository.context, [hook])
        assert tapped.steps == 3  # since when, which artifacts, what is in them
        assert len(tapped.requests) == 2 + 5 * 4

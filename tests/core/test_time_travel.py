"""`app@prod@2026-03-01T12:00Z`: what an alias was, by its ledger, on every store."""

import json
from bisect import bisect_right
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import TappedStore
from versioned import Repository, layout
from versioned.documents import dump
from versioned.errors import (
    AliasNotFoundError,
    ArtifactNotFoundError,
    ContaminatedError,
    ContentMismatchError,
    InputTypeError,
    InvalidInputError,
    InvalidNameError,
    InvalidReferenceError,
    LedgerBrokenError,
)
from versioned.looking_back import AT_ONCE, narrowed, spread
from versioned.references import Reference, parse_moment

SECOND = timedelta(seconds=1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ClockedStore(TappedStore):
    """A store whose clock a test sets."""

    time = NOON

    def now(self):
        return self.time


@pytest.fixture
def clock(store):
    return ClockedStore(store)


@pytest.fixture
def app(clock):
    """Three versions, and an alias that moves to the next one each hour from noon on."""
    repository = Repository(clock, actor="ann")
    for number in (1, 2, 3):
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")
    for number in (1, 2, 3):
        repository.put_alias("app", "prod", number)
        clock.time += timedelta(hours=1)
    return repository


def hours(count):
    return NOON + timedelta(hours=count)


class TestReferences:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-03-01", "2026-03-01T00:00:00+00:00"),
            ("2026-03-01T12:00Z", "2026-03-01T12:00:00+00:00"),
            ("2026-03-01 12:00:05Z", "2026-03-01T12:00:05+00:00"),
            ("2026-03-01T12:00:05.25+01:30", "2026-03-01T10:30:05.250000+00:00"),
            ("2026-03-01T00:30-05:00", "2026-03-01T05:30:00+00:00"),
        ],
    )
    def test_a_time_is_iso_8601(self, text, moment):
        reference = Reference.parse(f"app@prod@{text}")
        assert (reference.name, reference.alias, reference.version) == ("app", "prod", None)
        assert reference.at == datetime.fromisoformat(moment)
        assert reference.at.tzinfo is UTC

    @pytest.mark.parametrize(
        "text",
        [
            "yesterday", "2026", "2026-03", "2026-13-01", "2026-02-30", "2026-03-01T", "20260301",
            "2026-03-01T25:00Z", "2026-03-01T12Z", "2026-03-01T12:00z", "2026-03-01T12:00+1",
            "2026-03-01Z", "2026-W09-7", "0001-01-01T00:00+10:00", "2026-03-01T12:00:60Z",
            "٢٠٢٦-03-01", "2026-03-01T12:00:00.1234567Z",
        ],
    )  # fmt: skip
    def test_what_is_no_time_is_told(self, text):
        with pytest.raises(InvalidReferenceError, match="is not a time"):
            Reference.parse(f"app@prod@{text}")

    def test_a_time_must_say_its_offset(self):
        with pytest.raises(InvalidReferenceError, match="for UTC add a Z: 2026-03-01T12:00Z"):
            Reference.parse("app@prod@2026-03-01T12:00")

    @pytest.mark.parametrize("version", ["12", "LATEST", "012"])
    def test_a_version_has_no_past(self, version):
        with pytest.raises(InvalidReferenceError, match="only aliases have a past"):
            Reference.parse(f"app@{version}@2026-03-01")

    @pytest.mark.parametrize("text", ["app@", "app@@", "app@@2026-03-01", "app@prod@", "a@b@c@d"])
    def test_what_is_no_reference_is_told(self, text):
        with pytest.raises(InvalidReferenceError, match="is not a reference"):
            Reference.parse(text)

    def test_a_bad_alias_is_told_before_its_time(self):
        with pytest.raises(InvalidNameError):
            Reference.parse("app@prod-eu@2026-03-01")

    @given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001
    def test_a_reference_is_read_back_as_it_is_shown(self, naive):
        reference = Reference("app", alias="prod", at=naive.replace(tzinfo=UTC))
        assert Reference.parse(str(reference)) == reference

    @given(
        st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
        st.integers(-23 * 60, 23 * 60),
    )
    def test_an_offset_changes_how_a_moment_is_written_not_when_it_is(self, naive, minutes):
        moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        assert parse_moment(moment.isoformat()) == moment


@pytest.mark.only_stores("local", "ceph")  # what S3 has a say in is in TestReading
class TestStates:
    def test_each_state_holds_from_its_time_until_the_next(self, app):
        for number in (1, 2, 3):
            for moment in (hours(number - 1), hours(number) - timedelta(microseconds=1)):
                assert app.state_at("app", "prod", moment).state.version == str(number)
                assert app.get_alias("app", "prod", at=moment).version == str(number)

    def test_the_entry_tells_who_when_and_why(self, app, clock):
        app.put_alias("app", "prod", 1, message="back", by="bob")
        clock.time += SECOND
        app.put_alias("app", "prod", 2)
        entry = app.state_at("app", "prod", clock.time - SECOND)
        assert (entry.by, entry.message, entry.position) == ("bob", "back", 4)
        assert app.state_at("app", "prod", clock.time).position is None

    def test_before_the_first_state_there_was_none(self, app):
        with pytest.raises(AliasNotFoundError, match="history begins at 2026-03-01T12:00:00Z"):
            app.state_at("app", "prod", NOON - SECOND)

    def test_before_the_only_state_there_was_none(self, app):
        app.put_alias("app", "new", 1)
        with pytest.raises(AliasNotFoundError, match="history begins at 2026-03-01T15:00:00Z"):
            app.state_at("app", "new", NOON)

    def test_an_alias_that_never_was_has_no_past(self, app):
        with pytest.raises(AliasNotFoundError, match="has no alias 'never'"):
            app.state_at("app", "never", NOON)

    def test_while_it_was_deleted_there_was_none(self, app, clock):
        app.delete_alias("app", "prod", by="bob")
        clock.time += timedelta(hours=1)
        app.put_alias("app", "prod", 1)
        assert app.state_at("app", "prod", hours(3) - SECOND).state.version == "3"
        with pytest.raises(AliasNotFoundError, match="deleted at 2026-03-01T15:00:00Z by bob"):
            app.state_at("app", "prod", hours(4) - SECOND)
        assert app.state_at("app", "prod", hours(4)).state.version == "1"

    def test_an_alias_that_is_gone_has_a_past(self, app):
        app.delete_alias("app", "prod")
        assert app.get_alias("app", "prod", at=hours(1)).version == "2"
        with pytest.raises(AliasNotFoundError, match="was deleted"):
            app.get_alias("app", "prod", at=hours(3))

    def test_the_future_is_not_told(self, app):
        with pytest.raises(InvalidInputError, match="2026-03-01T16:00:00Z is still to come"):
            app.state_at("app", "prod", hours(4))

    def test_a_clock_that_is_two_seconds_ahead_still_means_now(self, app, clock):
        assert app.state_at("app", "prod", clock.time + 2 * SECOND).state.version == "3"

    def test_a_moment_is_an_aware_datetime(self, app):
        for moment in ("2026-03-01", None, NOON.replace(tzinfo=None), 0):
            with pytest.raises(InputTypeError, match="aware"):
                app.state_at("app", "prod", moment)

    def test_a_state_that_was_recorded_by_a_crashed_writer_is_still_the_current_one(self, app):
        held = app.context.read("app/aliases/prod.json")[0]
        app.put_alias("app", "other", 1)

        def crash(_number, operation, key):
            if operation == "put" and key == "app/aliases/prod.json":
                raise KeyboardInterrupt

        app.context.store.before = crash
        with pytest.raises(KeyboardInterrupt):
            app.put_alias("app", "prod", 1)
        app.context.store.before = None
        assert app.state_at("app", "prod", hours(2)).state.revision == held.etag
        assert app.state_at("app", "prod", hours(1)).state.version == "2"

    def test_a_clock_that_was_set_back_across_a_deletion_hides_no_new_state(self, app, clock):
        app.delete_alias("app", "prod")
        clock.time = hours(-24)
        app.put_alias("app", "prod", 1)
        clock.time += SECOND
        app.put_alias("app", "prod", 2)
        clock.time = hours(5)
        assert app.state_at("app", "prod", hours(5)).state.version == "2"
        assert app.state_at("app", "prod", hours(-24)).state.version == "1"

    def test_a_missing_entry_is_told(self, app):
        app.context.store.delete("app/ledger/prod/99999999_00000001.json")
        with pytest.raises(LedgerBrokenError, match=r"00000001\.json' is missing"):
            app.state_at("app", "prod", NOON)

    def test_an_entry_of_another_ledger_is_not_believed(self, app):
        app.put_alias("app", "old", 2)
        app.put_alias("app", "old", 1)
        stolen = app.context.read("app/ledger/old/99999999_00000001.json")[1]
        app.context.write("app/ledger/prod/99999999_00000001.json", stolen)
        with pytest.raises(LedgerBrokenError, match="another entry"):
            app.state_at("app", "prod", NOON)

    def test_an_entry_without_a_time_is_one_clear_error(self, app):
        key = "app/ledger/prod/99999998_00000002.json"
        entry = json.loads(app.context.read(key)[1])
        for at in ("soon", "2026-03-01T12:00:00", ""):
            app.context.write(key, dump(entry | {"at": at}))
            with pytest.raises(ContaminatedError, match="'at' is not a time"):
                app.state_at("app", "prod", hours(1))


class TestReading:
    def test_a_download_gives_the_bytes_of_then(self, app, tmp_path):
        done = app.download_reference("app@prod@2026-03-01T13:30Z", to=tmp_path / "app")
        assert (done.version, (tmp_path / "app").read_bytes()) == ("2", b"content 2")

    def test_a_date_is_its_beginning(self, app, clock):
        clock.time = hours(24)
        assert app.resolve("app@prod@2026-03-02").version == "3"
        with pytest.raises(AliasNotFoundError, match="at 2026-03-01T00:00:00Z"):
            app.resolve("app@prod@2026-03-01")

    def test_a_split_is_routed_as_it_was(self, app, clock):
        app.split_alias("app", "prod", {1: 50, 2: 49.5, 3: 0.5})
        then = app.get_alias("app", "prod")
        clock.time += SECOND
        app.put_alias("app", "prod", 1)
        for n in range(6):
            resolved = app.resolve("app@prod@2026-03-01T15:00Z", key=f"user-{n}")
            assert resolved.version == then.route(f"user-{n}")
        assert app.resolve("app@prod@2026-03-01T15:00Z").version == "1"

    def test_a_version_that_was_deleted_is_named(self, app, tmp_path):
        app.delete_artifact_version("app", 1, force=True)
        with pytest.raises(ArtifactNotFoundError, match=r"12:30:00Z was version 1, which is not"):
            app.download_reference("app@prod@2026-03-01T12:30Z", to=tmp_path / "app")

    def test_a_number_that_was_used_again_is_not_taken_for_what_it_was(self, app, tmp_path):
        key = app.context.store.head("app/versions/999999_000001").key
        other = app.context.store.head("app/versions/999998_000002")
        app.context.store.delete(key)
        app.context.store.copy(other, key)
        with pytest.raises(ContentMismatchError):
            app.download_reference("app@prod@2026-03-01T12:30Z", to=tmp_path / "app")

    def test_latest_is_given_only_while_it_is_what_it_was(self, app, clock, tmp_path):
        clock.time = datetime.now(UTC) + timedelta(minutes=1)
        app.put_alias("app", "dev")
        moment = clock.time.isoformat()
        clock.time += timedelta(minutes=1)
        done = app.download_reference(f"app@dev@{moment}", to=tmp_path / "app")
        assert (done.version, (tmp_path / "app").read_bytes()) == ("LATEST", b"content 3")

    def test_latest_that_was_overwritten_is_not_taken_for_what_it_was(self, app, clock):
        app.put_alias("app", "dev")  # on the first of March, before LATEST was put
        clock.time += SECOND
        with pytest.raises(ArtifactNotFoundError, match="was LATEST, which was overwritten since"):
            app.resolve("app@dev@2026-03-01T15:00Z")


class TestCost:
    @pytest.fixture
    def long(self, app):
        """An alias whose ledger has an entry for each of 300 seconds."""
        raw = json.loads(app.context.read("app/ledger/prod/99999999_00000001.json")[1])
        for position in range(1, 301):
            at = (NOON + position * SECOND).isoformat()
            entry = raw | {"position": position, "at": at, "identity": str(position)}
            app.context.write(layout.ledger_key("app", "prod", position), dump(entry))
        return app

    @pytest.mark.only_stores("local")
    def test_it_grows_with_the_logarithm_of_the_ledger(self, long, clock):
        for seconds in (1, 2, 17, 150, 283, 284, 285, 299, 300):
            clock.reset()
            entry = long.state_at("app", "prod", NOON + seconds * SECOND)
            assert entry.position == seconds
            assert clock.steps <= 5
            assert len(clock.requests) <= 2 + 3 * AT_ONCE

    def test_what_is_current_costs_one_request(self, app):
        app.context.store.reset()
        app.resolve("app@prod@2026-03-01T14:30Z")
        assert app.context.store.operations == {"get": 1, "head": 1}

    def test_what_was_lately_costs_three_steps(self, app):
        app.context.store.reset()
        app.state_at("app", "prod", NOON)
        assert (app.context.store.steps, len(app.context.store.requests)) == (3, 4)


@given(st.lists(st.integers(0, 50), max_size=200).map(sorted), st.integers(-1, 51))
def test_the_search_finds_what_reading_everything_would(times, moment):
    low, high, rounds = 0, len(times) + 1, 0
    wanted = list(range(max(1, high - AT_ONCE), high))
    while wanted:
        low, high = narrowed(low, high, {p: times[p - 1] <= moment for p in wanted})
        wanted = spread(low, high, AT_ONCE)
        assert len(wanted) <= AT_ONCE
        rounds += 1
    assert (low, high) == (bisect_right(times, moment), bisect_right(times, moment) + 1)
    assert rounds <= 3


@given(st.integers(0, 10**8), st.integers(1, 10**8), st.integers(1, 30))
def test_positions_are_spread_between_two(low, gap, count):
    found = spread(low, low + gap, count)
    assert found == sorted(set(found))
    assert len(found) == min(count, gap - 1)
    assert all(low < position < low + gap for position in found)
    edges = [low, *found, low + gap]
    widest = max(b - a for a, b in pairwise(edges))
    assert widest <= gap // (len(found) + 1) + 1


def test_another_writer_at_every_request_does_not_change_the_past(store):
    clock = ClockedStore(store)
    repository = Repository(clock)
    repository.put_artifact("app", b"content")
    repository.publish_artifact_version("app")
    for _ in range(3):
        clock.time += SECOND
        repository.put_alias("app", "prod", 1)
    wanted = repository.state_at("app", "prod", NOON + 2 * SECOND).identity
    other = ClockedStore(store)
    writer = Repository(other)
    for point in range(6):
        tapped = ClockedStore(store)
        tapped.time = clock.time + 100 * SECOND

        def interleave(number, _operation, _key, point=point):
            if number == point:
                other.time = clock.time + (10 + point) * SECOND
                writer.put_alias("app", "prod", 1)

        tapped.before = interleave
        assert Repository(tapped).state_at("app", "prod", NOON + 2 * SECOND).identity == wanted

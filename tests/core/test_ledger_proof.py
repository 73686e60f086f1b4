"""`verify --ledger`: what is proved of a history, what is told, and that nobody is accused."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles import CephLikeStore, Crash, TappedStore
from versioned import Repository, layout
from versioned.alias_records import Event, HeldAlias
from versioned.context import LEASE
from versioned.documents import dump
from versioned.errors import (
    AliasNotFoundError,
    ArtifactNotFoundError,
    InvalidInputError,
)
from versioned.ledger_proof import Anchor, Chain, anchor_faults, is_gone_untold, link_faults
from versioned.ledger_records import digest, encode_delete_entry, encode_put_entry
from versioned.models import Alias

ALIAS_KEY = "app/aliases/prod.json"


def key(position):
    return layout.ledger_key("app", "prod", position)


def publish(repository, count=2):
    for number in range(1, count + 1):
        repository.put_artifact("app", b"content %d" % number)
        repository.publish_artifact_version("app")


@pytest.fixture
def app(repository):
    """An alias with three entries in its ledger, and a current state."""
    publish(repository)
    repository.put_alias("app", "prod", 1)
    repository.put_alias("app", "prod", 1, 2, 10)
    repository.split_alias("app", "prod", {1: 99.5, 2: 0.5})
    repository.put_alias("app", "prod", 2)
    return repository


def faults(repository, **options):
    """What is wrong with app@prod, in one string."""
    report = repository.verify_ledger("app", "prod", **options)
    (ledger,) = report.ledgers
    assert ledger.ok == report.ok == (not ledger.faults)
    return "\n".join(ledger.faults)


def notices(repository):
    (ledger,) = repository.verify_ledger("app", "prod").ledgers
    assert ledger.ok
    return "\n".join(ledger.notices)


def rewrite(repository, position, **changes):
    raw = json.loads(repository.context.read(key(position))[1])
    repository.context.write(key(position), dump(raw | changes))


class TestWhole:
    def test_a_history_as_it_was_written_is_whole(self, app):
        (ledger,) = app.verify_ledger("app", "prod").ledgers
        assert (ledger.ok, ledger.entries, ledger.notices) == (True, 3, ())
        assert ledger.tip == digest(app.context.read(key(3))[1])

    def test_all_of_an_artifact_or_of_all_are_proved(self, app):
        app.put_alias("app", "dev", 1)
        app.put_artifact("other", b"content")
        app.put_alias("other", "prod")
        app.delete_alias("app", "prod")
        names = [(one.name, one.alias, one.entries) for one in app.verify_ledger().ledgers]
        assert names == [("app", "dev", 0), ("app", "prod", 5), ("other", "prod", 0)]
        assert [one.alias for one in app.verify_ledger("app").ledgers] == ["dev", "prod"]

    def test_a_life_after_a_deletion_goes_on_with_the_same_chain(self, app):
        app.delete_alias("app", "prod")
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 2)
        assert faults(app) == ""

    def test_a_state_that_was_recorded_and_not_replaced_is_whole(self, app):
        tapped = TappedStore(app.context.store)

        def crash(_number, operation, found):
            if (operation, found) == ("put", ALIAS_KEY):
                raise Crash

        tapped.before = crash
        with pytest.raises(Crash):
            Repository(tapped).put_alias("app", "prod", 1)
        assert len(app.context.listed("app/ledger/prod/")) == 4
        assert faults(app) == ""

    def test_a_state_that_another_tool_wrote_is_a_notice(self, app):
        app.context.write(ALIAS_KEY, app.context.read(ALIAS_KEY)[1])
        assert notices(app) == "the state that it is in was written by another tool, without a link"
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 2)
        assert notices(app) == ""

    def test_the_time_of_another_tools_state_may_be_any(self, app):
        held = json.loads(app.context.read(ALIAS_KEY)[1])
        app.context.write(ALIAS_KEY, dump(held | {"update_at": "2001-01-01T00:00:00+00:00"}))
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 2)
        assert faults(app) == ""

    def test_a_long_ledger_is_read_in_batches(self, app, monkeypatch):
        monkeypatch.setattr("versioned.ledger_verification.AT_ONCE", 2)
        tapped = TappedStore(app.context.store)
        assert faults(Repository(tapped)) == ""
        assert tapped.operations == {"list_folders": 1, "get": 5, "list": 1}
        assert tapped.steps == 6

    def test_what_there_is_not_is_named(self, app):
        with pytest.raises(AliasNotFoundError, match="'never', and no ledger of one"):
            app.verify_ledger("app", "never")
        with pytest.raises(ArtifactNotFoundError):
            app.verify_ledger("nothing")
        with pytest.raises(InvalidInputError, match="of no artifact"):
            app.verify_ledger(alias="prod")


@pytest.mark.only_stores("local", "ceph")
class TestBroken:
    def test_an_entry_that_was_changed(self, app):
        rewrite(app, 2, by="somebody else")
        assert faults(app) == (
            f"{key(3)!r} does not follow from the entry before it: one of the two was changed"
        )

    def test_the_newest_entry_that_was_changed(self, app):
        rewrite(app, 3, by="somebody else")
        assert faults(app) == (
            f"{ALIAS_KEY!r} does not follow from entry 3: one of the two was changed"
        )

    @pytest.mark.parametrize(
        ("removed", "told"),
        [
            ([2], f"{key(2)!r} is missing"),
            ([1], f"{key(1)!r} is missing"),
            ([1, 2], f"{key(1)!r} to {key(2)!r} are missing"),
            ([3], f"{ALIAS_KEY!r} was written after entry 3, and the ledger ends with 2: entries"),
            ([1, 2, 3], f"{ALIAS_KEY!r} was written after entry 3, and the ledger ends with 0"),
        ],
    )
    def test_entries_that_are_missing(self, app, removed, told):
        for position in removed:
            app.context.store.delete(key(position))
        assert faults(app).startswith(told)
        assert faults(app).count("\n") == 0

    def test_entries_that_were_exchanged(self, app):
        first, second = (app.context.read(key(position))[1] for position in (1, 2))
        app.context.write(key(1), second)
        app.context.write(key(2), first)
        assert f"{key(1)!r} says that it is entry 2 of app@prod" in faults(app)

    def test_the_ledger_of_another_alias(self, app):
        for version in (1, 2, 1, 2):
            app.put_alias("app", "dev", version)
        for position in (1, 2, 3):
            stolen = app.context.read(layout.ledger_key("app", "dev", position))[1]
            app.context.write(key(position), stolen)
        assert f"{key(1)!r} says that it is entry 1 of app@dev" in faults(app)

    @pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"artifact": 1}'])
    def test_an_entry_that_is_none(self, app, raw):
        app.context.write(key(2), raw)
        told = faults(app).splitlines()
        assert key(2) in told[0]
        assert "one of the two was changed" in told[1]

    @pytest.mark.parametrize("at", ["soon", "2026-01-01T00:00:00", "0001-01-01T00:00:00+10:00"])
    def test_an_entry_without_a_time(self, app, at):
        rewrite(app, 3, at=at)
        assert f"{key(3)!r}: 'at' is not a time" in faults(app)

    def test_a_time_that_goes_back(self, app):
        rewrite(app, 3, at="2001-01-01T00:00:00+00:00")
        assert f"{key(3)!r} is of 2001-01-01T00:00:00+00:00, no later than" in faults(app)

    def test_foreign_objects(self, app):
        app.context.write("app/ledger/prod/readme.txt", b"hello")
        app.context.write("app/ledger/prod/more/99999996_00000004.json", b"{}")
        assert faults(app) == (
            "'app/ledger/prod/readme.txt' is not a ledger entry\n"
            "'app/ledger/prod/more/99999996_00000004.json' is not a ledger entry"
        )
        app.context.write("app/ledger/not-a-name/99999999_00000001.json", b"{}")
        report = app.verify_ledger("app")
        assert "'app/ledger/not-a-name' is not the ledger of an alias" in report.foreign
        assert not report.ok

    def test_an_alias_that_can_not_be_read(self, app):
        app.context.write(ALIAS_KEY, b"{")
        assert f"{ALIAS_KEY!r} is not JSON" in faults(app)

    def test_an_alias_that_was_put_back_to_an_earlier_state(self, app):
        info, raw = app.context.read(ALIAS_KEY)
        app.put_alias("app", "prod", 1)
        app.put_alias("app", "prod", 2)
        app.context.write(ALIAS_KEY, raw, attributes=attributes_of(info))
        assert faults(app) == f"{key(5)!r} records a state that {ALIAS_KEY!r} does not know of"

    def test_an_alias_that_is_gone_without_a_word(self, app):
        app.context.store.delete(ALIAS_KEY)
        assert "tells of no deletion; but the alias is gone" in notices(app)
        app.context.store = Later(app.context.store)
        assert "tells of no deletion; but the alias is gone" in faults(app)


def attributes_of(info):
    from versioned.stores.base import Attributes  # noqa: PLC0415

    return Attributes(metadata={"versioned-event": info.metadata["versioned-event"]})


class Later(TappedStore):
    """The same store, after every lease has ended."""

    def now(self):
        return self.inner.now() + timedelta(seconds=LEASE + 1)


@pytest.mark.only_stores("local")
def test_damaged_bytes_are_a_fault_and_no_traceback(app):
    (blob,) = [
        path
        for path in (app.context.store._root / "blobs").rglob("*")
        if path.is_file() and path.read_bytes() == app.context.read(key(2))[1]
    ]
    blob.unlink()
    assert f"{key(2)!r} can't be read" in faults(app)


@pytest.mark.only_stores("local", "ceph")
class TestAnchors:
    def test_an_anchor_is_read_back_as_it_is_shown(self, app):
        (ledger,) = app.verify_ledger("app", "prod").ledgers
        assert str(ledger.anchor) == f"app@prod 3 {ledger.tip}"
        assert Anchor.parse(str(ledger.anchor)) == ledger.anchor

    def test_it_holds_while_the_ledger_grows(self, app):
        (ledger,) = app.verify_ledger().ledgers
        app.put_alias("app", "prod", 1)
        app.delete_alias("app", "prod")
        assert faults(app, anchors=[ledger.anchor]) == ""

    def test_a_ledger_that_was_forged_whole_does_not_hold(self, app):
        anchor = app.verify_ledger().ledgers[0].anchor
        forged = json.loads(app.context.read(key(1))[1]) | {"by": "somebody else"}
        app.delete_alias("app", "prod")
        app.context.store.delete_many([line.key for line in app.context.listed("app/ledger/")])
        app.context.write(key(1), dump(forged))
        app.put_alias("app", "prod", 1)
        assert faults(app) == ""
        assert (
            faults(app, anchors=[anchor]) == f"{key(3)!r} was kept as an anchor, and is not there"
        )
        other = Anchor("app", "prod", 1, anchor.sha256)
        assert "is not the entry that was kept" in faults(app, anchors=[other])

    def test_a_ledger_that_was_removed_with_its_alias_is_missed(self, app):
        anchor = app.verify_ledger().ledgers[0].anchor
        app.purge_artifact("app")
        app.put_artifact("other", b"content")
        (ledger,) = app.verify_ledger(anchors=[anchor]).ledgers
        assert ledger.faults == (f"{key(3)!r} was kept as an anchor, and is not there",)

    def test_anchors_of_others_have_no_say(self, app):
        other = Anchor("app", "dev", 1, "0" * 64)
        assert app.verify_ledger("app", "prod", anchors=[other]).ok
        assert not app.verify_ledger("app", anchors=[other]).ok

    def test_there_is_none_of_a_broken_or_an_empty_ledger(self, app):
        app.put_alias("app", "dev", 1)
        rewrite(app, 1, by="somebody else")
        assert [ledger.anchor for ledger in app.verify_ledger().ledgers] == [None, None]

    @pytest.mark.parametrize(
        "line", ["", "app@prod", "app@prod 3", "app@prod x " + "0" * 64, "app 3 " + "0" * 64,
                 "app@1 3 " + "0" * 64, "app@prod 3 " + "0" * 63, "app@prod@2026-03-01 3 " + "0" * 64],
    )  # fmt: skip
    def test_what_is_no_anchor_is_told(self, line):
        with pytest.raises(InvalidInputError, match="is not an anchor"):
            Anchor.parse(line)


CHANGES = {
    "put": lambda r: r.put_alias("app", "prod", 1),
    "delete": lambda r: r.delete_alias("app", "prod"),
    "delete and put": lambda r: (r.delete_alias("app", "prod"), r.put_alias("app", "prod", 1)),
    "put twice": lambda r: (r.put_alias("app", "prod", 1), r.put_alias("app", "prod", 2)),
    "purge": lambda r: r.purge_artifact("app"),
}


@pytest.mark.only_stores("local", "ceph")
@pytest.mark.parametrize("before", ["", "gone"])
@pytest.mark.parametrize("change", CHANGES)
def test_whoever_writes_between_two_requests_is_not_accused(app, change, before):
    if before:
        app.delete_alias("app", "prod")
    for point in range(8):
        tapped = TappedStore(app.context.store)

        def interleave(number, _operation, _key, point=point):
            if number == point:
                CHANGES[change](app)

        tapped.before = interleave
        report = Repository(tapped).verify_ledger(None)
        assert [ledger.faults for ledger in report.ledgers if not ledger.ok] == []
        if change == "purge":
            publish(app)
        app.put_alias("app", "prod", 2)


@pytest.mark.only_stores("local")
@pytest.mark.parametrize("kind", [TappedStore, CephLikeStore], ids=["strict", "lazy"])
@pytest.mark.parametrize("change", ["put", "delete", "delete and put"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_dies_at_any_request_leaves_a_whole_ledger(app, change, kind, when):
    for point in range(30):
        tapped = kind(app.context.store)

        def crash(number, _operation, _key, point=point):
            if number == point:
                raise Crash

        setattr(tapped, when, crash)
        try:
            CHANGES[change](Repository(tapped))
        except Crash:
            assert faults(app) == ""
            app.doctor("app", mend=True, older_than=0)
            app.context.store = Later(app.context.store)
            assert faults(app) == ""
            app.context.store = app.context.store.inner
            app.put_alias("app", "prod", 1)
        else:
            return
    pytest.fail("it never ended")


def chained(actions):
    """A ledger in memory, of puts and deletions, and the alias that it ends in."""
    bodies, previous = [], ""
    for position, action in enumerate(actions, start=1):
        at = f"2026-03-01T12:00:00.{position:06d}+00:00"
        if action == "put":
            body = encode_put_entry(held(position, position - 1, previous, at), position, previous)
        else:
            body = encode_delete_entry(
                "app", "prod", position=position, previous=previous, at=at, by=None,
                message=None, identity=f"deletion {position}", cause=None,
            )  # fmt: skip
        bodies.append(body)
        previous = digest(body)
    end = len(actions) + 1
    return bodies, held(end, end - 1, previous, "2026-03-02T00:00:00+00:00")


def held(number, position, previous, at):
    alias = Alias("app", "prod", at, "1", None, None, "uri", None, revision=str(number))
    return HeldAlias(alias, Event(f"write {number}", position, previous), None, None)


def chain_of(bodies):
    chain = Chain("app", "prod")
    for position, body in bodies.items():
        chain.add(position, body)
    return chain


def all_faults(bodies, end):
    chain = chain_of(bodies)
    return chain.faults + link_faults(chain, end, moved=False)


LEDGERS = st.lists(st.sampled_from(["put", "put", "delete"]), min_size=1, max_size=8).map(chained)


@given(LEDGERS)
def test_any_ledger_that_was_written_so_is_whole(ledger):
    bodies, end = ledger
    assert all_faults(dict(enumerate(bodies, start=1)), end) == []


@given(LEDGERS, st.data())
def test_any_byte_that_is_changed_is_noticed(ledger, data):
    bodies, end = ledger
    position = data.draw(st.integers(1, len(bodies)))
    raw = bytearray(bodies[position - 1])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    found = dict(enumerate(bodies, start=1)) | {position: bytes(raw)}
    assert all_faults(found, end) != []


@given(LEDGERS, st.data())
def test_any_entries_that_are_left_out_are_noticed(ledger, data):
    bodies, end = ledger
    removed = data.draw(st.sets(st.integers(1, len(bodies)), min_size=1))
    found = {p: body for p, body in enumerate(bodies, start=1) if p not in removed}
    assert all_faults(found, end) != []


@given(LEDGERS, st.data())
def test_any_entry_that_takes_anothers_place_is_noticed(ledger, data):
    bodies, end = ledger
    first, second = data.draw(st.integers(1, len(bodies))), data.draw(st.integers(1, len(bodies)))
    found = dict(enumerate(bodies, start=1)) | {first: bodies[second - 1]}
    assert (all_faults(found, end) == []) == (first == second)


@given(LEDGERS)
def test_any_end_that_is_forged_is_noticed_by_an_anchor(ledger):
    bodies, _ = ledger
    chain = chain_of(dict(enumerate(bodies, start=1)))
    anchors = [Anchor("app", "prod", p, digest(body)) for p, body in enumerate(bodies, start=1)]
    assert anchor_faults(chain, anchors) == []
    chain = chain_of(dict(enumerate(bodies[:-1], start=1)))
    assert len(anchor_faults(chain, anchors)) == 1


@given(LEDGERS)
def test_an_alias_is_gone_untold_where_the_last_entry_is_a_state(ledger):
    bodies, _ = ledger
    chain = chain_of(dict(enumerate(bodies, start=1)))
    assert is_gone_untold(chain) == (json.loads(bodies[-1])["action"] == "put")


@pytest.mark.only_stores("local", "ceph")
class TestTheNextWriter:
    def test_it_covers_no_end_that_was_cut_off(self, app):
        for position in (2, 3):
            app.context.store.delete(key(position))
        app.put_alias("app", "prod", 1)
        assert faults(app) == f"{key(2)!r} to {key(3)!r} are missing"

    def test_it_goes_on_where_a_deletion_was_told_late(self, app):
        """Somebody deletes the alias; before that is told, others make it anew, and die."""
        slow = TappedStore(app.context.store)
        done = []

        def meanwhile(_number, operation, found):
            if (operation, found) == ("put", key(5)) and not done:
                done.append(True)
                app.put_alias("app", "prod", 1)
                dying = TappedStore(app.context.store)
                dying.before = crash_at_the_alias
                with pytest.raises(Crash):
                    Repository(dying).put_alias("app", "prod", 2)

        slow.before = meanwhile
        Repository(slow).delete_alias("app", "prod")
        assert app.put_alias("app", "prod", 2).version == "2"
        assert faults(app) == ""


def crash_at_the_alias(_number, operation, found):
    if (operation, found) == ("put", ALIAS_KEY):
        raise Crash

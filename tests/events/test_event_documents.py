"""What an event says. Pure."""

import json
import re

import pytest
from recorders import in_short

from versioned.events import TYPES, deliver
from versioned.events.event import alias_event, version_event
from versioned.models import Alias, Artifact, Canary, Cause, LedgerEntry

ONE, TWO = "1" * 64, "2" * 64


def state(version="1", **fields):
    return Alias(
        "app", "prod", "2026-01-01T00:00:00+00:00", version, None, None, "uri", None, **fields
    )


def entry(**fields):
    known = {
        "name": "app",
        "alias": "prod",
        "action": "put",
        "at": "2026-01-01T00:00:00+00:00",
        "by": "ann",
        "message": "why",
        "position": 4,
        "identity": "0123456789abcdef0123456789abcdef",
        "state": state(sha256=ONE),
    }
    return LedgerEntry(**known | fields)


def event_of(before=None, **fields):
    return alias_event("s3://bucket/prefix", 4, entry(**fields), before)


def test_it_is_a_cloudevent():
    document = json.loads(event_of().encode())
    assert document.pop("data")["alias"] == "prod"
    assert document == {
        "specversion": "1.0",
        "id": "0123456789abcdef0123456789abcdef",
        "source": "s3://bucket/prefix",
        "type": "versioned.alias.put",
        "time": "2026-01-01T00:00:00+00:00",
        "subject": "app@prod",
        "datacontenttype": "application/json",
    }


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("promote", "promoted"),
        ("demote", "demoted"),
        ("rollback", "rolledback"),
        ("rollout", "rolledout"),
    ],
)
def test_its_type_tells_what_made_the_change(operation, kind):
    event = event_of(cause=Cause(operation))
    assert (event.type, event.data["operation"]) == (f"versioned.alias.{kind}", operation)
    assert event.type in TYPES


def test_a_deletion_is_a_deletion_whatever_caused_it():
    event = event_of(action="delete", state=None, cause=Cause("rollback"))
    assert event.type == "versioned.alias.deleted"
    assert (event.data["version"], event.data["after"]) == (None, None)


def test_it_says_what_was_overridden_and_by_which_rollout():
    event = event_of(cause=Cause("rollout", ("soak",), "r1", 3))
    assert [event.data[key] for key in ("overrides", "rollout", "serial")] == [["soak"], "r1", 3]


def test_it_has_the_shares_before_and_after():
    split = (Canary("2", 25, "uri", TWO),)
    after = state(sha256=ONE, split=split)
    after = Alias(**{f: getattr(after, f) for f in Alias.__slots__} | {"secondary_version": "2"})
    event = event_of(state=after, before=entry(state=state("2", sha256=TWO)))
    assert event.data["before"] == {
        "version": "2",
        "sha256": TWO,
        "shares": [{"version": "2", "basis_points": 10000, "sha256": TWO}],
    }
    assert event.data["after"]["shares"] == [
        {"version": "1", "basis_points": 9975, "sha256": ONE},
        {"version": "2", "basis_points": 25, "sha256": TWO},
    ]


def test_an_id_that_another_tool_made_has_nothing_that_a_signature_must_not_meet():
    event = event_of(identity="foreign-etag-2026-01-01T00:00:00.000001+00:00\r\nX: y")
    assert re.fullmatch("[0-9a-f]{32}", event.id)


def published(**fields):
    known = {"name": "app", "version": "1", "update_at": "t", "uri": "u", "sha256": ONE, "size": 3}
    return version_event("s3://b/p", Artifact(**known | {"etag": "e"} | fields), "ann")


def test_the_id_of_a_version_follows_from_artifact_number_and_bytes():
    assert published().id == published(update_at="later", etag="other", uri="moved").id
    ids = {
        published().id,
        published(name="b").id,
        published(version="2").id,
        published(sha256=TWO).id,
    }
    assert len(ids) == 4


def test_a_version_says_who_published_what():
    assert published().to_dict()["data"] == {
        "artifact": "app",
        "version": "1",
        "sha256": ONE,
        "size": 3,
        "uri": "u",
        "by": "ann",
    }


def test_what_is_sent_is_ascii_whatever_a_message_says():
    assert event_of(message="Größe \u2028 \U0001f600").encode().isascii()


def test_the_publisher_of_a_version_is_in_its_event(repository, hook):
    deliver(repository.context, "app", [hook])
    assert [in_short(e) for e in hook.sender.events] == ["published app@1", "published app@2"]
    assert hook.sender.events[0].data["by"] == "tester"
    assert hook.sender.events[0].source == repository.context.store.uri("")

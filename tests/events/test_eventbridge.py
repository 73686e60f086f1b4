"""EventBridge: a bus, a rule and a queue as moto plays them; failures as the API describes them."""

import json
import os

import boto3
import pytest
from botocore.stub import ANY, Stubber
from recorders import with_versions

from versioned.errors import DeliveryError
from versioned.events import Event, Hook, deliver
from versioned.events.senders.eventbridge import EventBridge
from versioned.events.senders.retrying import Retries

EVENT = Event(
    "1" * 32,
    "versioned.alias.put",
    "2026-01-01T00:00:00+00:00",
    "app",
    "app@prod",
    "s3://b/p",
    {"a": 1},
)
REGION = "eu-west-1"


@pytest.fixture
def queue(moto_in_process):
    """What a rule for `versioned.alias.*` on the bus `releases` put into a queue."""
    events, sqs = (boto3.client(name, region_name=REGION) for name in ("events", "sqs"))
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    events.create_event_bus(Name="releases")
    pattern = {"source": ["versioned"], "detail-type": [{"prefix": "versioned.alias."}]}
    events.put_rule(Name="aliases", EventBusName="releases", EventPattern=json.dumps(pattern))
    arn = f"arn:aws:sqs:{REGION}:123456789012:changes"
    events.put_targets(Rule="aliases", EventBusName="releases", Targets=[{"Id": "1", "Arn": arn}])

    def received():
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return received


def test_a_change_arrives_where_a_rule_sends_it(queue, local_repositories):
    repository = with_versions(local_repositories())
    repository.put_alias("app", "prod", 1, message="first")
    report = deliver(repository.context, "app", [Hook("bus", EventBridge("releases", REGION))])
    assert not report.untold
    (message,) = queue()
    assert message["source"] == "versioned"
    assert message["detail-type"] == "versioned.alias.put"
    assert message["detail"]["subject"] == "app@prod"
    assert message["detail"]["data"]["message"] == "first"
    assert message["time"].startswith(message["detail"]["time"][:16])


@pytest.fixture
def stubbed():
    """A client that answers as it is told, and a bus that uses it."""
    client = boto3.client("events", region_name=REGION)
    pauses = []
    with Stubber(client) as stub:
        retries = Retries(2, sleep=pauses.append)
        yield stub, EventBridge("releases", retries=retries, client=client), pauses
    client.close()


def refused(code, message="no"):
    entry = {"ErrorCode": code, "ErrorMessage": message}
    return {"FailedEntryCount": 1, "Entries": [entry]}


TAKEN = {"FailedEntryCount": 0, "Entries": [{"EventId": "x"}]}


def test_an_entry_that_was_throttled_is_put_again(stubbed):
    stub, bus, pauses = stubbed
    for answer in (refused("ThrottlingException"), refused("InternalFailure"), TAKEN):
        stub.add_response("put_events", answer, {"Entries": ANY})
    bus.send(EVENT)
    assert len(pauses) == 2
    stub.assert_no_pending_responses()


def test_an_entry_that_was_refused_is_a_failure_at_once(stubbed):
    stub, bus, pauses = stubbed
    stub.add_response("put_events", refused("AccessDeniedException", "not yours"), {"Entries": ANY})
    with pytest.raises(
        DeliveryError, match="'releases' did not take it: AccessDeniedException: not"
    ):
        bus.send(EVENT)
    assert pauses == []


def test_a_count_without_a_code_is_believed(stubbed):
    stub, bus, _ = stubbed
    stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [{}]}, {"Entries": ANY})
    with pytest.raises(DeliveryError):
        bus.send(EVENT)


def test_an_answer_without_entries_proves_nothing(stubbed):
    stub, bus, _ = stubbed
    stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": []}, {"Entries": ANY})
    with pytest.raises(DeliveryError):
        bus.send(EVENT)


def test_an_error_of_the_service_is_a_failure(stubbed):
    stub, bus, _ = stubbed
    stub.add_client_error("put_events", "ResourceNotFoundException", "no such bus")
    with pytest.raises(DeliveryError, match="ResourceNotFoundException: no such bus"):
        bus.send(EVENT)


def test_no_credentials_is_a_failure(monkeypatch):
    for name in list(os.environ):
        if name.startswith("AWS_") and ("KEY" in name or "PROFILE" in name):
            monkeypatch.delenv(name)
    with pytest.raises(DeliveryError, match="credentials"):
        EventBridge("releases", REGION, timeout=1, retries=Retries(0)).send(EVENT)


def test_an_event_that_is_too_large_is_not_sent(stubbed):
    _, bus, _ = stubbed
    fields = {name: getattr(EVENT, name) for name in Event.__slots__}
    with pytest.raises(DeliveryError, match="a bus takes less than 262144"):
        bus.send(Event(**fields | {"data": {"x": "y" * 262144}}))

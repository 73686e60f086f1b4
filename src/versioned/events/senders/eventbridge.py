"""Telling a bus of Amazon EventBridge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from versioned.errors import DeliveryError
from versioned.events.event import Event
from versioned.events.senders.retrying import NotTakenError, Retries, retrying

DEFAULT_TIMEOUT = 15.0
SOURCE = "versioned"
_LIMIT = 256 * 1024
_TIME_BYTES = 14
_PASSING = {"InternalException", "InternalFailure", "ServiceUnavailable", "ThrottlingException"}


@dataclass(slots=True)
class EventBridge:
    """Puts the event on a bus: its type is the detail type, its document the detail, the source
    is `versioned`.

    Credentials, and the region where none is given, come from the usual places of boto3.
    `client` is a boto3 client for `events`; without one it is made for the first event.
    """

    bus: str
    region: str | None = None
    timeout: float = DEFAULT_TIMEOUT
    retries: Retries = field(default_factory=Retries)
    client: Any = field(default=None, repr=False)

    def send(self, event: Event) -> None:
        """See `Sender`. Raises DeliveryError at once for an event over 256 KiB."""
        entry = {
            "EventBusName": self.bus,
            "Source": SOURCE,
            "DetailType": event.type,
            "Detail": event.encode().decode(),
            "Time": datetime.fromisoformat(event.time),
        }
        size = len(SOURCE) + len(event.type) + len(event.encode()) + _TIME_BYTES
        if size >= _LIMIT:
            raise DeliveryError(
                f"the event of {event.subject} has {size} bytes, a bus takes less than {_LIMIT}",
                hint="tell this hook of fewer types, or use a webhook",
            )
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to import

        try:
            self.client = self.client or self._connect()
            retrying(lambda: self._put(entry), self.retries)
        except ClientError as error:
            found = error.response.get("Error", {})
            raise self._failed(f"{found.get('Code')}: {found.get('Message')}") from error
        except BotoCoreError as error:
            raise self._failed(str(error)) from error

    def _connect(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        import boto3  # noqa: PLC0415 - slow to import
        from botocore.config import Config  # noqa: PLC0415

        config = Config(
            connect_timeout=self.timeout,
            read_timeout=self.timeout,
            retries={"total_max_attempts": 1 + self.retries.count, "mode": "standard"},
        )
        session: Any = boto3.session.Session()
        return session.client("events", region_name=self.region, config=config)

    def _put(self, entry: dict[str, Any]) -> None:
        answer = self.client.put_events(Entries=[entry])
        results = answer.get("Entries", [])
        codes = [result["ErrorCode"] for result in results if result.get("ErrorCode")]
        if answer.get("FailedEntryCount") or codes or not results:
            code = codes[0] if codes else "no reason"
            said = next((result.get("ErrorMessage", "") for result in results), "")
            raise self._failed(f"{code}: {said}", passing=code in _PASSING)

    def _failed(self, why: str, *, passing: bool = False) -> NotTakenError:
        return NotTakenError(
            f"the bus {self.bus!r} did not take it: {why}",
            hint="versioned events deliver tries again",
            passing=passing,
        )

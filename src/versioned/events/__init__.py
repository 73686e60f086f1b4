"""Telling others what changed: hooks, their senders, and delivery. `docs/formats/events.md`."""

from versioned.events.delivery import (
    DeliveryReport,
    PendingEvent,
    deliver,
    deliver_all,
    pending,
)
from versioned.events.event import TYPES, Event
from versioned.events.hook import Hook, Sender
from versioned.events.telling import Told, Untold

__all__ = [
    "TYPES",
    "DeliveryReport",
    "Event",
    "Hook",
    "PendingEvent",
    "Sender",
    "Told",
    "Untold",
    "deliver",
    "deliver_all",
    "pending",
]

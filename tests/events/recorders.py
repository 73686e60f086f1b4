"""A hook that remembers, and a repository worth telling of."""

from versioned.errors import DeliveryError

HOUR = 3600.0


class Recorder:
    """A sender that remembers what it was sent, and can't be told what `refuses` says."""

    def __init__(self, refuses=lambda _event: False):
        self.events = []
        self.tried = []
        self.refuses = refuses

    def send(self, event):
        self.tried.append(event)
        if self.refuses(event):
            raise DeliveryError("nobody there")
        self.events.append(event)

    @property
    def said(self):
        """What it was told, in short: `put app@prod 3`."""
        return [in_short(event) for event in self.events]

    @property
    def ids(self):
        return [event.id for event in self.events]


def in_short(event):
    number = f" {event.data['position']}" if "position" in event.data else ""
    return f"{event.type.rpartition('.')[2]} {event.subject}{number}"


def with_versions(repository, name="app"):
    for content in (b"one", b"two"):
        repository.put_artifact(name, content)
        repository.publish_artifact_version(name)
    return repository

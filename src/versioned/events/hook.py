"""Whom to tell of which changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from versioned.errors import InvalidHookError, InvalidNameError
from versioned.events.event import TYPES, Event
from versioned.naming import validate_word


class Sender(Protocol):
    """A way to tell somebody of a change."""

    def send(self, event: Event) -> None:
        """Returns when the other side has taken the event. Raises DeliveryError.

        May be called again with the same event: the other side drops repeats by its id.
        """


@dataclass(frozen=True, slots=True)
class Hook:
    """A sender with a name and filters; the name is how the repository remembers what it was
    told, so it must stay.

    `types` and `artifacts` are patterns with `*`, `?` and `[...]`; empty means all. A change that is
    filtered out counts as told. Raises InvalidHookError for a bad name, or a pattern that no
    type of event meets.
    """

    name: str
    sender: Sender
    types: Sequence[str] = ()
    artifacts: Sequence[str] = ()

    def __post_init__(self) -> None:
        try:
            validate_word("a hook", self.name)
        except InvalidNameError as error:
            raise InvalidHookError(error.message, hint=error.hint) from None
        for pattern in self.types:
            if not any(fnmatchcase(kind, pattern) for kind in TYPES):
                raise InvalidHookError(
                    f"hook {self.name}: no event has a type like {pattern!r}",
                    hint=f"there are {', '.join(TYPES)}",
                )

    def follows(self, artifact: str) -> bool:
        """Whether it wants to know of an artifact at all."""
        return not self.artifacts or any(fnmatchcase(artifact, p) for p in self.artifacts)

    def wants(self, event: Event) -> bool:
        """Whether it is told of an event of an artifact that it follows."""
        return not self.types or any(fnmatchcase(event.type, p) for p in self.types)

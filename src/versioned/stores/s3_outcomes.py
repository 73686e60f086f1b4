"""Writes whose outcome is known: a lost or doubtful answer is looked up before anybody is told."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from versioned.errors import StoreUnavailableError, VersionedError
from versioned.stores.base import ObjectInfo
from versioned.stores.s3_answers import (
    BUSY,
    REMOTE_ERRORS,
    code_of,
    is_condition_failed,
    is_conflict,
    is_lost,
    is_missing,
    is_vague,
    is_vague_answer,
    own_error,
)
from versioned.stores.s3_errors import (
    Request,
    as_ours,
    outcome_unknown,
    precondition_failed,
    unavailable,
)
from versioned.stores.s3_reading import Seen, look, unquoted
from versioned.stores.s3_room import Room

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAUSES = (0.05, 0.1, 0.2, 0.4)
"""Seconds, at most, before a conditional write whose condition still stands is tried again."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be true of the target when it is written."""

    if_absent: bool = False
    if_match: str | None = None

    def __bool__(self) -> bool:
        return self.if_absent or self.if_match is not None

    @property
    def fields(self) -> dict[str, Any]:
        """For a request. Ceph never matches an ETag that has its quotes."""
        if self.if_match is not None:
            return {"IfMatch": unquoted(self.if_match)}
        return {"IfNoneMatch": "*"} if self.if_absent else {}

    def stands(self, found: Seen | None) -> bool:
        if self.if_match is not None:
            return found is not None and found.info.etag == unquoted(self.if_match)
        return not self.if_absent or found is None


NO_CONDITION = Condition()


class Attempts:
    """What botocore's own attempts at a write came to; only the last one is told to us."""

    def __init__(self) -> None:
        self.count = 0
        self.lost = False
        self.vague = False

    def note(self, exception: Exception | None, answer: Mapping[str, Any] | None) -> None:
        self.count += 1
        self.lost |= exception is not None and is_lost(exception)
        answer = answer or {}
        self.vague |= is_vague_answer(
            answer.get("Error", {}).get("Code", ""),
            answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
        )


_watched = threading.local()


def watch_attempts(client: S3Client) -> None:
    """Make a client tell `Write.run` of each attempt. Idempotent."""
    client.meta.events.register(
        "response-received.s3", _note_attempt, unique_id="versioned-attempts"
    )


def _note_attempt(
    exception: Exception | None = None,
    parsed_response: Mapping[str, Any] | None = None,
    **_: object,
) -> None:
    attempts = getattr(_watched, "attempts", None)
    if attempts is not None:
        attempts.note(exception, parsed_response)


@contextmanager
def _watching(attempts: Attempts) -> Iterator[None]:
    outer = getattr(_watched, "attempts", None)
    _watched.attempts = attempts
    try:
        yield
    finally:
        _watched.attempts = outer


@dataclass(slots=True)
class Write:
    """One write of one object; `is_ours` tells the object that it made from all others."""

    room: Room
    request: Request
    key: str
    is_ours: Callable[[Seen], bool]
    condition: Condition = NO_CONDITION
    attempts: Attempts = field(default_factory=Attempts)

    def run(self, send: Callable[[], ObjectInfo]) -> ObjectInfo:
        """Send it, and find out what became of it.

        Raises PreconditionFailedError as proof of defeat; OutcomeUnknownError where the write
        may have happened, or may be yet; StoreUnavailableError where it has not. It is sent
        again only under a condition that still stands, so it can't happen twice.
        """
        for pause in (*PAUSES, None):
            try:
                with _watching(self.attempts):
                    return send()
            except REMOTE_ERRORS as error:
                failure = error
            outcome = self._judge(failure)
            if isinstance(outcome, ObjectInfo):
                return outcome
            if outcome is not None:
                raise outcome from failure
            if pause is not None:
                time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads contenders
        raise self._failed(failure) from failure

    def _judge(self, failure: Exception) -> ObjectInfo | VersionedError | None:
        """The object, if it is ours; the error to raise; `None` to send again."""
        inner = own_error(failure)
        if inner is not None:
            return inner
        beaten = is_condition_failed(failure) or (
            self.condition.if_match is not None and is_missing(failure)
        )
        if not self._is_doubtful(failure, beaten=beaten):
            return self._beaten() if beaten else as_ours(failure, self.request)
        try:
            found = look(self.room, self.key)
        except VersionedError:
            return self._unseen(failure)
        if found is not None and self.is_ours(found):
            return found.info
        if beaten or not self.condition.stands(found):
            return self._moved(found)
        return None if self.condition and _is_worth_repeating(failure) else self._failed(failure)

    def _is_doubtful(self, failure: Exception, *, beaten: bool) -> bool:
        """Whether the answer leaves open what is there now."""
        if beaten or is_missing(failure):
            return self.attempts.count > 1
        return (
            self.attempts.lost
            or self.attempts.vague
            or is_conflict(failure)
            or code_of(failure) == "NoSuchUpload"
        )

    def _beaten(self) -> VersionedError:
        return precondition_failed(self.request, "the object is not as the condition asked")

    def _moved(self, found: Seen | None) -> VersionedError:
        """Somebody else's object is proof of defeat under a create-only key: those are never
        overwritten. Under another ETag it may have replaced ours, if an answer was lost."""
        if self.attempts.lost and self.condition.if_match and not self.condition.stands(found):
            return outcome_unknown(self.request, "its answer was lost, and the object moved on")
        return self._beaten()

    def _unseen(self, failure: Exception) -> VersionedError:
        if self.attempts.lost or self.attempts.vague:
            return outcome_unknown(self.request, "there was no clear answer, nor is there now")
        return as_ours(failure, self.request)

    def _failed(self, failure: Exception) -> VersionedError:
        """Neither ours nor anybody's: the object is as it was."""
        ours = as_ours(failure, self.request)
        if self.attempts.lost and isinstance(ours, StoreUnavailableError):
            return outcome_unknown(self.request, "an answer was lost, then the store was busy")
        if not self.attempts.lost and _is_worth_repeating(failure):
            return unavailable(self.request, f"{code_of(failure)}, and nothing was written")
        return ours


def _is_worth_repeating(failure: Exception) -> bool:
    return is_lost(failure) or is_vague(failure) or is_conflict(failure) or code_of(failure) in BUSY

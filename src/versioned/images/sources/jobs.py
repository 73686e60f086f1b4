"""Images of recent jobs: a part for a plug-in that knows where the jobs are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from versioned.errors import InputTypeError
from versioned.images.sources.base import ImageUse
from versioned.retention import check_seconds

_DAY = 24 * 60 * 60


def _now() -> datetime:
    return datetime.now(UTC)


class RecentJobSource:
    """The images of jobs that are not older than `threshold_days`.

    `list_jobs` gives objects with `image_refs`, a list of texts, and `created_time`: a datetime,
    in UTC where it says no time zone, or `None` for a job that is so new that nobody knows.
    Raises InvalidInputError for a threshold that can't be meant.
    """

    name = "jobs"

    def __init__(
        self,
        list_jobs: Callable[[], Iterable[Any]],
        *,
        threshold_days: float = 30,
        now: Callable[[], datetime] = _now,
    ) -> None:
        check_seconds("threshold_days", threshold_days)
        check_seconds("threshold_days in seconds", threshold_days * _DAY)
        self._list = list_jobs
        self._threshold = timedelta(days=threshold_days)
        self._now = now

    def uses(self) -> Iterable[ImageUse]:
        """Raises InputTypeError for a job of another shape, InvalidImageError for a text that is
        no image, and whatever the listing raises."""
        now = self._now()
        return [
            ImageUse.of(image, user)
            for number, job in enumerate(self._list(), start=1)
            for user in [f"job {getattr(job, 'name', None) or number}"]
            if self._is_recent(job, user, now)
            for image in _images(job, user)
        ]

    def _is_recent(self, job: object, user: str, now: datetime) -> bool:
        created = getattr(job, "created_time", None)
        if created is None:
            return True
        if not isinstance(created, datetime):
            raise InputTypeError(
                f"the created_time of {user} is a {type(created).__name__}",
                hint="use a datetime, or None",
            )
        aware = created if created.tzinfo else created.replace(tzinfo=UTC)
        return now - aware <= self._threshold


def _images(job: object, user: str) -> Iterable[str]:
    images = getattr(job, "image_refs", None)
    if not isinstance(images, (list, tuple, set, frozenset)) or not all(
        isinstance(image, str) for image in images
    ):
        raise InputTypeError(f"the image_refs of {user} are no list of texts", hint="use a list")
    return images

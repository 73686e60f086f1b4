"""Tags to which nothing refers. Nothing counts as unused unless every source answered. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from versioned.images.graph import own_tags
from versioned.images.reference import ImageReference
from versioned.images.retention import ImagePlan
from versioned.images.sources.base import References, SourceReport

DEFAULT_THRESHOLD_DAYS = 30


@dataclass(frozen=True, slots=True)
class Orphan:
    """A tag of an image that nothing refers to."""

    repository: str
    tag: str
    digest: str
    pushed_at: datetime | None
    uri: str

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "repository": self.repository,
            "tag": self.tag,
            "digest": self.digest,
            "pushed_at": self.pushed_at.isoformat() if self.pushed_at else None,
            "uri": self.uri,
        }


@dataclass(frozen=True, slots=True)
class OrphanReport:
    """Which tags are orphans, and what that stands on: `reports` has every source of references,
    `plans` every image of every repository with the reason. There are no orphans unless
    `are_known`."""

    at: datetime
    threshold_days: float
    orphans: tuple[Orphan, ...]
    reports: tuple[SourceReport, ...]
    plans: tuple[ImagePlan, ...]
    are_known: bool

    def to_dict(self) -> dict[str, Any]:
        """All fields but the plans, ready for JSON."""
        return {
            "at": self.at.isoformat(),
            "threshold_days": self.threshold_days,
            "orphans": [orphan.to_dict() for orphan in self.orphans],
            "sources": [report.to_dict() for report in self.reports],
            "are_known": self.are_known,
        }


def orphan_report(
    plans: Sequence[ImagePlan],
    references: References,
    *,
    host: str,
    at: datetime,
    threshold_days: float = DEFAULT_THRESHOLD_DAYS,
) -> OrphanReport:
    """The tags of what plans by `ImageRetention.orphans` would remove from the registry `host`, in
    the order of the images. An image whose age is not known is none."""
    orphans = (
        Orphan(
            plan.repository,
            tag,
            image.digest,
            image.pushed_at,
            str(ImageReference(host, plan.repository, tag)),
        )
        for plan in plans
        for image in plan.removed
        for tag in own_tags(image)
    )
    return OrphanReport(
        at, threshold_days, tuple(orphans), references.reports, tuple(plans), references.are_known
    )

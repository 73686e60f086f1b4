"""Rules of what may go of a repository, and the plan that they lead to. Pure: no I/O."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from versioned.errors import InvalidInputError
from versioned.images.graph import ImageGraph
from versioned.images.registry import StoredImage
from versioned.retention import check_seconds

HOUR = 60 * 60
DAY = 24 * HOUR
DEFAULT_UNTAGGED_OLDER_THAN_SECS = 30 * DAY


class Rule(StrEnum):
    """What decided about an image: the upper ones keep, the lower ones remove."""

    REFERENCED = "referenced"
    REFERENCES_UNKNOWN = "references-unknown"
    CHILD = "child"
    REFERRER = "referrer"
    SUBJECT = "subject"
    TAGGED = "tagged"
    TAG_PATTERN = "tag-pattern"
    NEWEST = "newest"
    YOUNG = "young"
    AGE_UNKNOWN = "age-unknown"
    UNTAGGED_KEPT = "untagged-kept"

    UNTAGGED = "untagged"
    OLD = "old"
    NOT_NEWEST = "not-newest"
    SHORT_LIVED_TAG = "short-lived-tag"
    ORPHANED_REFERRER = "orphaned-referrer"
    CHILD_OF_REMOVED = "child-of-removed"
    REFERRER_OF_REMOVED = "referrer-of-removed"


@dataclass(frozen=True, slots=True)
class ImageRetention:
    """What may go of a repository; whatever is referenced, or needed by what stays, is kept.

    Untagged images go once they are older than `untagged_older_than_secs`; with `None` they stay.
    Tagged ones stay unless `keep_last`, `older_than_secs` or `remove_tags` asks otherwise: then
    one goes that is not among the `keep_last` newest, and is older than that, and has no tag but
    such as match `remove_tags`; what is not asked decides nothing. A tag that matches `keep_tags`
    keeps the image whatever other tags it has. Patterns are as in `release-*`. An age of 0 is any
    age; otherwise what has no known age is kept. `go_by` says which time counts: when it was
    pushed, which not every registry knows, or when the image says that it was created. Untagged
    ones stay that are known to have been pushed within `push_takes_secs`.

    Raises InvalidInputError for values that make no sense.
    """

    untagged_older_than_secs: float | None = DEFAULT_UNTAGGED_OLDER_THAN_SECS
    keep_last: int | None = None
    older_than_secs: float | None = None
    remove_tags: tuple[str, ...] = ()
    keep_tags: tuple[str, ...] = ()
    go_by: Literal["pushed", "created"] = "pushed"
    push_takes_secs: float = 0

    def __post_init__(self) -> None:
        for name in ("untagged_older_than_secs", "older_than_secs", "push_takes_secs"):
            if getattr(self, name) is not None:
                check_seconds(name, getattr(self, name))
        last = self.keep_last
        if last is not None and (type(last) is not int or last < 0):
            raise InvalidInputError(
                f"keep_last is {last!r}", hint="it is a whole number, 0 or more"
            )
        for name in ("remove_tags", "keep_tags"):
            patterns = getattr(self, name)
            if not isinstance(patterns, tuple) or not all(
                isinstance(pattern, str) and pattern for pattern in patterns
            ):
                raise InvalidInputError(
                    f"{name} is {patterns!r}", hint="it is a tuple of patterns such as 'release-*'"
                )
        if self.go_by not in {"pushed", "created"}:
            raise InvalidInputError(f"go_by is {self.go_by!r}", hint="it is pushed or created")

    @classmethod
    def cleanup(cls) -> ImageRetention:
        """Every untagged image goes, but for what is known to have been pushed in the last hour:
        its index or its tag may be under way."""
        return cls(untagged_older_than_secs=0, push_takes_secs=HOUR)

    @classmethod
    def orphans(cls, threshold_days: float) -> ImageRetention:
        """Tagged images go that are older than that; untagged ones stay. Raises
        InvalidInputError."""
        check_seconds("threshold_days", threshold_days)
        return cls(untagged_older_than_secs=None, older_than_secs=threshold_days * DAY)

    @property
    def concerns_tagged(self) -> bool:
        """Whether a tagged image may go at all."""
        return bool(
            self.keep_last is not None or self.older_than_secs is not None or self.remove_tags
        )

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        document = asdict(self)
        for key in ("remove_tags", "keep_tags"):
            document[key] = list(document[key])
        return document


@dataclass(frozen=True, slots=True)
class ImageDecision:
    """What is to happen to one image, the rule that says so, and why in words."""

    image: StoredImage
    keep: bool
    rule: Rule
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "image": self.image.to_dict(),
            "keep": self.keep,
            "rule": self.rule.value,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """Decisions about every image of one repository, in the order in which the registry lists
    them; `at` is when it was made. The plan that a dry run shows is the one that is applied."""

    repository: str
    at: datetime
    rules: ImageRetention
    decisions: tuple[ImageDecision, ...]

    @property
    def removed(self) -> tuple[StoredImage, ...]:
        """What the plan removes."""
        return tuple(d.image for d in self.decisions if not d.keep)

    @property
    def kept(self) -> tuple[StoredImage, ...]:
        """What the plan keeps."""
        return tuple(d.image for d in self.decisions if d.keep)

    @property
    def removed_bytes(self) -> int:
        """The sum of the sizes of what the plan removes, as far as they are known. Layers that
        other images share are only freed with the last of those."""
        return sum(image.size or 0 for image in self.removed)

    @property
    def missing_children(self) -> dict[str, tuple[str, ...]]:
        """The indexes that could not be pulled whole even before, and what is not there."""
        return ImageGraph(decision.image for decision in self.decisions).missing_children()

    def to_dict(self) -> dict[str, Any]:
        """The whole plan, ready for JSON."""
        missing = self.missing_children
        return {
            "repository": self.repository,
            "at": self.at.isoformat(),
            "rules": self.rules.to_dict(),
            "decisions": [decision.to_dict() for decision in self.decisions],
            "removed_bytes": self.removed_bytes,
            "missing_children": {index: list(children) for index, children in missing.items()},
        }

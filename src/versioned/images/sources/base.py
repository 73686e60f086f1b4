"""What every source of references is, and what asking all of them came to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

from versioned.images.errors import InvalidImageError, ReferencesUnknownError
from versioned.images.reference import (
    DOCKER_HUB,
    DOCKER_HUB_HOSTS,
    ImageReference,
    validate_digest,
    validate_host,
    validate_repository,
    validate_tag,
)

PLUG_INS = "versioned.image_references"
"""The group of entry points: each names a callable without arguments that returns a source."""

REPLICAS = "replicas"
"""The name under which tags that are used in other regions are reported, and can be skipped."""

LEFT_OUT = "left out as asked"
"""The reason of a report about what was skipped."""

_NAME_SOURCES = "say where to look: --files PATH, --repo URL"


def plain_host(host: str) -> str:
    """One spelling of a registry's host for all that mean the same."""
    host = host.lower().removesuffix(":443")
    return DOCKER_HUB if host in DOCKER_HUB_HOSTS else host


@dataclass(frozen=True, slots=True)
class ImageUse:
    """Something that needs an image. Without tag and digest it needs every image of the
    repository. `user` says who, for people: `alias app@prod`, `deploy/web.yaml`.

    A bare digest in no repository is a use, too: then `repository` is `None`. Raises
    InvalidImageError for what can name no image: it would protect none, and nobody would know.
    """

    user: str
    registry: str | None = None
    repository: str | None = None
    tag: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        checks = (validate_host, validate_repository, validate_tag, validate_digest)
        parts = (self.registry, self.repository, self.tag, self.digest)
        for check, part in zip(checks, parts, strict=True):
            if part is not None:
                check(part)
        if not isinstance(self.user, str) or (self.repository is None and self.digest is None):
            raise InvalidImageError(
                f"{str(self.user)[:80]!r} uses no image: neither a repository nor a digest is named",
                hint="name a repository or a digest, and the user with a text",
            )

    @classmethod
    def of(cls, image: ImageReference | str, user: str) -> ImageUse:
        """Of a reference. Raises InvalidImageError for a text that is none."""
        image = ImageReference.parse(image) if isinstance(image, str) else image
        return cls(user, image.registry, image.repository, image.tag, image.digest)


class ReferenceSource(Protocol):
    """One place that refers to images."""

    @property
    def name(self) -> str:
        """One word, such as `ecs`: how people name the source to skip it."""

    def uses(self) -> Iterable[ImageUse]:
        """Every use. Whatever it raises means that it did not answer; it never returns a part.
        Raises SourceSkippedError where there is nothing to ask here."""


class SourceSkippedError(Exception):
    """A source has nothing to ask here; the text says why."""


class Answer(StrEnum):
    """Whether a source answered."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a source said: `reason` is why it failed or was skipped, `uses` how many it has."""

    source: str
    answer: Answer
    uses: int = 0
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class References:
    """Everything that is known to be in use, and how far that goes."""

    uses: tuple[ImageUse, ...]
    reports: tuple[SourceReport, ...]

    @property
    def unanswered(self) -> Sequence[SourceReport]:
        """The sources that failed."""
        return [report for report in self.reports if report.answer is Answer.FAILED]

    @property
    def are_known(self) -> bool:
        """Whether an image that nobody here names may count as unused: no source failed, and at
        least one answered."""
        answers = {report.answer for report in self.reports}
        return Answer.FAILED not in answers and Answer.OK in answers

    def unknown(self, what: str, *, otherwise: str = "") -> ReferencesUnknownError:
        """The error that says which sources did not answer, and why. `otherwise` ends its hint."""
        failed = "; ".join(f"{one.source}: {one.reason}" for one in self.unanswered)
        hint = "mend that, or leave it out: --skip SOURCE" if failed else _NAME_SOURCES
        return ReferencesUnknownError(
            f"{what}: {failed or 'no source of references had anything to ask'}",
            reports=self.reports,
            hint=f"{hint}{otherwise}",
        )

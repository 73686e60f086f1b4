"""One release of a pipeline: a file in a rank, or one that was archived."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from s3pipeline.archiving import sha256_of
from s3pipeline.downloading import Download, download
from s3pipeline.errors import ReleaseNotFoundError
from s3pipeline.held import Held
from s3pipeline.layout import ARCHIVE, Place
from versioned.errors import InvalidInputError, InvalidNameError, ObjectNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_s3.service_resource import Object

    from s3pipeline.pipeline import S3Pipeline


class S3Release:
    """A file in a rank of an S3Pipeline, or in its archive.

    Acts like a boto3 `s3.Object`: what is not defined here is asked of `self.object`, so
    `key`, `get()`, `metadata` and the rest work. Pipelines make these; to have them make
    releases of a class of yours, set `release_class` of your pipeline.

    What the bucket says (`version`, `size`, ...) is asked once, by the first property that
    needs it, and stays as it was seen until `reload()`. Those properties raise
    ReleaseNotFoundError where the release is gone.
    """

    pipeline: S3Pipeline
    object: Object
    rank: str
    filename: str

    def __init__(self, pipeline: S3Pipeline, key: str, *, seen: Held | None = None) -> None:
        """The release under a key of the bucket. No request is sent.

        `rank` is `archive` for an archived one. Raises InvalidNameError for a key that is
        not of the pipeline's layout.
        """
        place = Place.parse(key)
        if place is None:
            raise InvalidNameError(
                f"{key!r} is no release", hint="keys are like qa/my.tar.gz or archive/1.0/my.tar.gz"
            )
        self.pipeline = pipeline
        self.object = pipeline.bucket.Object(key)
        self.rank = place.rank
        self.filename = place.filename
        self._seen = seen

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the Object has
        """Everything else is asked of the boto3 Object."""
        if name.startswith("_") or "object" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.object, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self.object)})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.pipeline.store.uri(self.object.key)!r})"

    @property
    def held(self) -> Held:
        """All that the bucket says about it, as it was seen."""
        if self._seen is None:
            self._seen = self._look()
        return self._seen

    @property
    def version(self) -> str:
        """Which version of the file this is; where none was recorded, when it was written."""
        return self.held.version

    @property
    def uploaded_timestamp(self) -> int:
        """When the file entered the first rank, in milliseconds since 1970."""
        return self.held.uploaded_timestamp

    @property
    def uploaded(self) -> datetime:
        """`uploaded_timestamp` as a time in UTC."""
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=self.uploaded_timestamp)

    @property
    def sha256(self) -> str | None:
        """Recorded at upload, in lower-case hex; `None` for releases of the older tool."""
        return self.held.sha256

    @property
    def path(self) -> str | None:
        """The relative path it was uploaded from, where that is known."""
        return self.held.path

    @property
    def size(self) -> int:
        """In bytes."""
        return self.held.size

    @property
    def archived(self) -> bool:
        """Whether this is in the archive rather than in a rank. No request."""
        return self.rank == ARCHIVE

    @property
    def previous_rank(self) -> str | None:
        """The rank before its own; `None` for the first, and in the archive."""
        return None if self.archived else self.pipeline.previous_rank(self.rank)

    @property
    def next_rank(self) -> str | None:
        """The rank after its own; `None` for the last, and in the archive."""
        return None if self.archived else self.pipeline.next_rank(self.rank)

    def exists(self) -> bool:
        """Whether it is there now. One request."""
        return self.pipeline.store.look(self.object.key) is not None

    def reload(self) -> None:
        """Ask the bucket again. Raises ReleaseNotFoundError."""
        self.object = self.pipeline.bucket.Object(self.object.key)
        self._seen = self._look()

    def download(self, to: str | os.PathLike[str]) -> Download:
        """Into a file, or under its own name into a directory; what was there is replaced.

        The file appears whole and with the recorded sha256, or not at all. It is the release
        that was seen, or else PromotionConflictError is raised; if none was seen yet, what is
        there now. Raises ReleaseNotFoundError, ContentMismatchError.
        """
        try:
            reading = self.pipeline.store.open(self.object.key, pinned=self._seen)
        except ObjectNotFoundError as error:
            raise self._missing() from error
        with reading:
            return download(reading, self.filename, to)

    def promote(self, *, replace: bool = False) -> S3Release:
        """To the next rank: exactly this version with exactly these bytes, as they were seen.

        Raises InvalidInputError in the last rank and in the archive, UnexpectedReleaseError
        where the rank holds something else by now, and what S3Pipeline.promote raises.
        """
        rank = self.next_rank
        if rank is None:
            raise InvalidInputError(
                f"there is no rank after {self.rank}", hint="only releases in a rank move up"
            )
        held = self.held
        return self.pipeline.promote(
            self.filename,
            rank,
            held.version,
            sha256=sha256_of(self.pipeline.store, held),
            replace=replace,
        )

    def archive(self) -> S3Release:
        """As S3Pipeline.archive. Raises InvalidInputError for what is in the archive."""
        return self.pipeline.archive(self.filename, self.rank)

    def _look(self) -> Held:
        found = self.pipeline.store.look(self.object.key)
        if found is None:
            raise self._missing()
        return found

    def _missing(self) -> ReleaseNotFoundError:
        self.pipeline.store.check_bucket()
        return ReleaseNotFoundError(
            f"there is no {self.filename!r} in {self.object.key.removesuffix(self.filename)}",
            hint="list what is there: S3Pipeline.releases(rank), S3Pipeline.archived()",
        )

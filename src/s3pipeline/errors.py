"""What a pipeline raises on purpose, beside the errors of `versioned.errors`.

* NotFoundError (FileNotFoundError)
    - SkippedRankError          the file is not in the rank before
    - ReleaseNotFoundError      no such file in that rank, or no such archived version
    - SourceNotFoundError       no such local file
    - RepositoryNotFoundError
        - BucketNotFoundError   no such bucket; none is made
* InvalidInputError (ValueError)
    - InvalidRanksError         no ranks, a repeated one, or a name that can't be a rank
    - UnknownRankError          not one of the pipeline's ranks
    - TooLargeError             more than one conditional write can carry
    - NotConfiguredError        no bucket or ranks, neither as arguments nor in the environment
* ConflictError
    - PromotionConflictError    somebody else changed what this call had looked at
    - UnexpectedReleaseError    the rank before holds another version or other bytes than asked
    - VersionTakenError         the version stands for other bytes already
    - PathCollisionError        the release came from another relative path

After each of them every rank holds what it held before the call, and the archive at least that:
what was about to be replaced may have been archived already.
"""

from __future__ import annotations

from versioned.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RepositoryNotFoundError,
)

__all__ = [
    "BucketNotFoundError",
    "InvalidRanksError",
    "NotConfiguredError",
    "PathCollisionError",
    "PromotionConflictError",
    "ReleaseNotFoundError",
    "SkippedRankError",
    "SourceNotFoundError",
    "TooLargeError",
    "UnexpectedReleaseError",
    "UnknownRankError",
    "VersionTakenError",
]


class SkippedRankError(NotFoundError):
    """The file is not in the rank before. `filename`, `rank` and `previous_rank` say which."""

    code = "rank-skipped"

    def __init__(self, filename: str, rank: str, previous_rank: str) -> None:
        super().__init__("could not promote, trying to skip rank?")
        self.filename = filename
        self.rank = rank
        self.previous_rank = previous_rank


class ReleaseNotFoundError(NotFoundError):
    """No such file in that rank, or no such archived version of it."""

    code = "release-not-found"


class SourceNotFoundError(NotFoundError):
    """No such local file to upload to the first rank."""

    code = "source-not-found"


class BucketNotFoundError(RepositoryNotFoundError):
    """The bucket is not there, and none is made."""

    code = "bucket-not-found"


class InvalidRanksError(InvalidInputError):
    """No ranks, a repeated one, or a name that can't be a rank."""

    code = "invalid-ranks"


class UnknownRankError(InvalidInputError):
    """Not one of the pipeline's ranks."""

    code = "unknown-rank"


class TooLargeError(InvalidInputError):
    """More bytes than one conditional write can carry."""

    code = "too-large"


class NotConfiguredError(InvalidInputError):
    """No bucket or no ranks, neither as arguments nor in the environment."""

    code = "not-configured"


class PromotionConflictError(ConflictError):
    """Somebody else changed what this call had looked at."""

    code = "promotion-conflict"


class UnexpectedReleaseError(ConflictError):
    """The rank before holds another version, or other bytes, than were asked for."""

    code = "unexpected-release"


class VersionTakenError(ConflictError):
    """The version stands for other bytes already, in a rank or in the archive."""

    code = "version-taken"


class PathCollisionError(ConflictError):
    """The release that is there was uploaded from another relative path."""

    code = "path-collision"

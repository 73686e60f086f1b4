"""The API of versioned 1.0.1: the core's operations on S3, with a session as first argument.

    repo = Repository(aws_region="us-east-1", s3_bucket="my-bucket", suffix=".zip")
    repo.bootstrap(bsm)

`bsm` is a BotoSesManager, a boto3 session, a boto3 S3 client, or anything that has one of them
as `boto_ses` or `s3_client`. Everything else is `versioned.repository`: its promises hold here.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from versioned import repository
from versioned.errors import InputTypeError, VersionedError, VersionInUseError
from versioned.layout import S3_PREFIX, decode_filename, encode_filename
from versioned.naming import validate_alias_name, validate_suffix
from versioned.retention import DEFAULT_KEEP_LAST_N, DEFAULT_OLDER_THAN_SECS
from versioned.s3_only_binding import (
    Place,
    bind,
    botocore_error,
    connect,
    create_bucket_in,
)
from versioned.s3_only_models import Alias, Artifact, Base
from versioned.targets import Absent

if TYPE_CHECKING:
    from s3pathlib import S3Path

    from versioned.s3_only_binding import Bsm

__all__ = [
    "Alias",
    "Artifact",
    "Base",
    "Repository",
    "VersionInUseWarning",
    "decode_filename",
    "encode_filename",
    "validate_alias_name",
]

T = TypeVar("T")


class VersionInUseWarning(UserWarning):
    """A version that an alias points at is deleted; the alias then leads nowhere."""


@dataclass
class Repository:
    """Artifacts, versions and aliases below one prefix of an S3 bucket.

    `suffix` ends the file name of every version. Besides the errors that a method names, all of
    them raise InputTypeError for a `bsm` that leads to no S3 client, InvalidNameError and
    InvalidVersionError (ValueErrors) before anything is sent, and the StoreError family where S3
    fails. Raises InvalidNameError for a bad suffix.
    """

    aws_region: str
    s3_bucket: str
    s3_prefix: str = S3_PREFIX
    suffix: str = ""

    def __post_init__(self) -> None:
        validate_suffix(self.suffix)

    @property
    def s3dir_artifact_store(self) -> S3Path:
        """The folder of the whole repository."""
        from s3pathlib import S3Path  # noqa: PLC0415 - slow to import, and only this API needs it

        return S3Path(self.s3_bucket).joinpath(self.s3_prefix).to_dir()

    def _core(self, bsm: Bsm) -> repository.Repository:
        place = Place(self.s3_bucket, self.s3_prefix.strip("/"), self.suffix)
        return bind(bsm, place, region=self.aws_region)

    def bootstrap(self, bsm: Bsm) -> None:
        """Create the bucket where it is missing, in `aws_region`, and record what it enforces.
        Idempotent.

        Raises botocore's ClientError where the bucket can't be made or belongs to others.
        """
        client = connect(bsm, region=self.aws_region)
        if self.aws_region and client.meta.region_name != self.aws_region:
            create_bucket_in(self.aws_region, client, self.s3_bucket)
        try:
            self._core(bsm).bootstrap()
        except VersionedError as error:
            raise botocore_error(error) from None

    # versions

    def get_latest_published_artifact_version_number(self, bsm: Bsm, name: str) -> int:
        """The highest number that exists, 0 if none was published."""
        return self._core(bsm).get_latest_published_artifact_version_number(name)

    get_latest_published_version = get_latest_published_artifact_version_number

    def put_artifact(  # noqa: PLR0917 - 1.0.1 fixes the order
        self,
        bsm: Bsm,
        name: str,
        content: bytes,
        content_type: str | None = None,
        metadata: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> Artifact:
        """Store bytes as LATEST, unless LATEST holds these bytes already.

        Atomic and idempotent. func_args' `OPT` means the same as `None`. Raises InputTypeError,
        InvalidInputError.
        """
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise InputTypeError(
                f"content can't be a {type(content).__name__}",
                hint="pass bytes; versioned.Repository takes paths and files too",
            )
        found = self._core(bsm).put_artifact(
            name,
            content,
            content_type=_given(content_type),
            metadata=_given(metadata),
            tags=_given(tags),
        )
        return Artifact.from_model(found)

    def get_artifact_version(
        self, bsm: Bsm, name: str, version: int | str | None = None
    ) -> Artifact:
        """One version without its bytes; LATEST by default. Raises ArtifactNotFoundError."""
        return Artifact.from_model(self._core(bsm).get_artifact_version(name, version))

    def list_artifact_versions(self, bsm: Bsm, name: str) -> list[Artifact]:
        """All versions, LATEST first, then the newest. Raises ArtifactNotFoundError."""
        return [Artifact.from_model(v) for v in self._core(bsm).list_artifact_versions(name)]

    def publish_artifact_version(self, bsm: Bsm, name: str) -> Artifact:
        """Publish LATEST as the next number; where the newest version holds the same bytes,
        that one is returned.

        Atomic. A number is never given twice. Raises ArtifactNotFoundError.
        """
        return Artifact.from_model(self._core(bsm).publish_artifact_version(name))

    def delete_artifact_version(self, bsm: Bsm, name: str, version: int | str) -> None:
        """Delete one version for good, with a VersionInUseWarning where an alias points at it;
        its number stays taken. Idempotent. Raises ArtifactS3BackendError for LATEST."""
        core = self._core(bsm)
        try:
            core.delete_artifact_version(name, version)
        except VersionInUseError as error:
            warnings.warn(f"{error.message}; deleted all the same", VersionInUseWarning, 2)
            core.delete_artifact_version(name, version, force=True)

    def list_artifact_names(self, bsm: Bsm) -> list[str]:
        """Sorted names of all artifacts."""
        return self._core(bsm).list_artifact_names()

    # aliases

    def put_alias(  # noqa: PLR0917 - 1.0.1 fixes the order
        self,
        bsm: Bsm,
        name: str,
        alias: str,
        version: int | str | None = None,
        secondary_version: int | str | None = None,
        secondary_version_weight: int | None = None,
        *,
        expect: int | str | Alias | Absent | None = None,
        message: str | None = None,
    ) -> Alias:
        """Point an alias at a version, or at two: the second gets `secondary_version_weight`
        percent (0 to 99) of the traffic. Without a version, at LATEST.

        One compare-and-set. `expect` is what the alias must be now: a primary version, the very
        state that was read, or `versioned.targets.ABSENT`; `message` is kept in its history.
        Raises ArtifactNotFoundError; TypeError for a weight that is no int, ValueError for one
        out of range; AliasConflictError where another writer was faster or `expect` is not met.
        """
        found = self._core(bsm).put_alias(
            name,
            alias,
            version,
            secondary_version,
            secondary_version_weight,
            expect=expect.to_expectation() if isinstance(expect, Alias) else expect,
            message=message,
        )
        return Alias.from_model(found)

    def get_alias(self, bsm: Bsm, name: str, alias: str) -> Alias:
        """One alias. Raises AliasNotFoundError; ArtifactS3BackendError where it is damaged."""
        return Alias.from_model(self._core(bsm).get_alias(name, alias))

    def list_aliases(self, bsm: Bsm, name: str) -> list[Alias]:
        """All aliases of an artifact, sorted by name; none is no error."""
        return [Alias.from_model(alias) for alias in self._core(bsm).list_aliases(name)]

    def delete_alias(self, bsm: Bsm, name: str, alias: str) -> None:
        """Delete an alias; its history stays. Idempotent."""
        self._core(bsm).delete_alias(name, alias)

    # retention

    def purge_artifact_versions(
        self,
        bsm: Bsm,
        name: str,
        keep_last_n: int = DEFAULT_KEEP_LAST_N,
        purge_older_than_secs: int = DEFAULT_OLDER_THAN_SECS,
        *,
        dry_run: bool = False,
    ) -> tuple[datetime, list[Artifact]]:
        """Delete what is neither LATEST, nor among the `keep_last_n` newest numbers, nor younger
        than `purge_older_than_secs`, nor pointed at by an alias.

        Returns the time of the decision, and what was deleted; with `dry_run`, what would be.
        Raises ArtifactNotFoundError.
        """
        at, purged = self._core(bsm).purge_artifact_versions(
            name, keep_last_n, purge_older_than_secs, dry_run=dry_run
        )
        return at, [Artifact.from_model(artifact) for artifact in purged]

    def purge_artifact(self, bsm: Bsm, name: str) -> None:
        """Delete everything of an artifact: versions, aliases, history, numbers. Idempotent."""
        self._core(bsm).purge_artifact(name)

    def purge_all(self, bsm: Bsm) -> None:
        """Delete every artifact; the bucket stays. Idempotent."""
        self._core(bsm).purge_all()


def _given(value: T | None) -> T | None:
    """`None` for func_args' `OPT` too: whoever passes that has imported it already."""
    unset: Any = getattr(sys.modules.get("func_args.api"), "OPT", None)
    return None if value is unset else value

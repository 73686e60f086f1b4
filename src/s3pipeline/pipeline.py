"""A release pipeline in an S3 bucket."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import boto3
from botocore.exceptions import BotoCoreError

from s3pipeline.archiving import archive
from s3pipeline.candidate import Candidate
from s3pipeline.downloading import Download
from s3pipeline.layout import ARCHIVE, Place, archive_key, release_key
from s3pipeline.names import validate_filename
from s3pipeline.object_store import ObjectStore
from s3pipeline.order import Order
from s3pipeline.promotion import Promotion
from s3pipeline.proof import Proof
from s3pipeline.ranks import Ranks
from s3pipeline.release import S3Release
from s3pipeline.settings import bucket_from, ranks_from
from versioned.errors import InvalidLocationError
from versioned.stores.s3 import client_config
from versioned.stores.s3_options import S3Options
from versioned.stores.s3_room import validate_bucket

if TYPE_CHECKING:
    from mypy_boto3_s3.service_resource import Bucket


class S3Pipeline:
    """Ordered ranks in a bucket, through which files are promoted: qa, staging, production.

        pipeline = S3Pipeline("my-releases", "qa, staging, production")
        pipeline.promote("dist/my.tar.gz", "qa", "4f2a91c")     # uploads
        pipeline.promote("my.tar.gz", "staging", "4f2a91c")     # copies from qa
        pipeline.release("my.tar.gz", "staging").version

    Acts like a boto3 `s3.Bucket`: what is not defined here is asked of `self.bucket`, so `name`,
    `objects`, `Object(key)` and the rest work. Nothing is overwritten before it is in the
    archive, and the bucket is never made.

    To extend it: `release_class` is what its methods return; `before_promotion` may refuse,
    `after_promotion` may tell others, `new_version` names uploads without a version.

    Every method that sends requests may raise what `versioned.errors` calls a StoreError, and
    BucketNotFoundError; `s3pipeline.errors` has the others.
    """

    release_class: ClassVar[type[S3Release]] = S3Release
    """Made by all methods that return releases; a subclass of S3Release."""

    bucket: Bucket
    ranks: tuple[str, ...]
    store: ObjectStore

    def __init__(
        self,
        bucket: str | Bucket | None = None,
        ranks: str | Iterable[str] | None = None,
        *,
        session: boto3.Session | None = None,
        endpoint_url: str | None = None,
        client_options: Mapping[str, Any] | None = None,
        request_options: S3Options | None = None,
    ) -> None:
        """A pipeline in a bucket, by its name or as a boto3 Bucket. No request is sent.

        Without a bucket its name comes from AWS_S3_BUCKET, without ranks they come from
        AWS_S3_RANKS; nothing else here reads the environment, but boto3 does, for credentials,
        region and AWS_ENDPOINT_URL_S3. Ranks are a list, or a string with commas. The session
        and the client options (as of `boto3.Session.resource`) are only used with a name; the
        request options (encryption, owner, storage class) go with every request.
        Raises NotConfiguredError, InvalidRanksError, InvalidLocationError.
        """
        self._ranks = Ranks.parse(ranks_from() if ranks is None else ranks)
        self.ranks = self._ranks.names
        if bucket is None or isinstance(bucket, str):
            name = validate_bucket(bucket_from() if bucket is None else bucket)
            options = {**(client_options or {})}
            if endpoint_url is not None:
                options["endpoint_url"] = endpoint_url
            bucket = _bucket(name, session, options)
        self.bucket = bucket
        self.store = ObjectStore(bucket.meta.client, bucket.name, request_options or S3Options())
        self._proof = Proof(self.store)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the Bucket has
        """Everything else is asked of the boto3 Bucket."""
        if name.startswith("_") or "bucket" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.bucket, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self.bucket)})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.bucket.name!r}, {', '.join(self.ranks)!r})"

    def previous_rank(self, rank: str) -> str | None:
        """`None` for the first. Raises UnknownRankError."""
        return self._ranks.before(rank)

    def next_rank(self, rank: str) -> str | None:
        """`None` for the last. Raises UnknownRankError."""
        return self._ranks.after(rank)

    def promote(
        self,
        filepath: str | os.PathLike[str],
        rank: str,
        version: str | None = None,
        *,
        sha256: str | None = None,
        replace: bool = False,
    ) -> S3Release:
        """A local file to the first rank, or to a later one what the rank before holds.

        For the first rank `version` names the upload; without it the version is the time in
        milliseconds. For a later one it says which version was tested. `sha256` (hex) does so
        for the bytes, at any rank. What the rank held is archived by its version, create-only.
        A file is known by its name; one uploaded from another relative path is refused
        unless `replace`.

        Atomic: the rank holds the old or the new release. Idempotent: a rank that has these
        bytes and this version stays as it is. Raises SkippedRankError, SourceNotFoundError,
        UnexpectedReleaseError, VersionTakenError, PathCollisionError, PromotionConflictError,
        UnknownRankError, InvalidNameError, InvalidVersionError, TooLargeError (5 GiB),
        ContentMismatchError, UnsafeStoreError.
        """
        order = Order.parse(self._ranks, filepath, rank, version, sha256=sha256, replace=replace)
        done = Promotion(
            self.store, self._proof, self._ranks, order, self.new_version, self.before_promotion
        ).run()
        release = self.release_class(self, done.held.key, seen=done.held)
        self.after_promotion(release, changed=done.changed)
        return release

    def archive(self, filename: str, rank: str) -> S3Release:
        """Keep a copy of what a rank holds in the archive, and return that copy. Idempotent.

        Promotions do this by themselves for what they replace. Raises ReleaseNotFoundError,
        VersionTakenError, PromotionConflictError, UnknownRankError.
        """
        release = self.release(filename, rank)
        self._proof.check()
        return self._release(archive(self.store, release.held, release.filename))

    def release(self, filename: str, rank: str) -> S3Release:
        """What a rank holds of a file. Raises ReleaseNotFoundError, UnknownRankError."""
        return self._found(release_key(self._ranks.check(rank), validate_filename(filename)))

    def releases(self, rank: str | None = None) -> Iterator[S3Release]:
        """All releases of a rank, or of every rank in order, by file name.

        One request for each 1,000; what they are is asked when it is needed. Raises
        UnknownRankError.
        """
        for name in self.ranks if rank is None else (self._ranks.check(rank),):
            for line in self.store.list_objects(f"{name}/"):
                if Place.parse(line.key) is not None:
                    yield self._release(line.key)

    def archived_release(self, filename: str, version: str) -> S3Release:
        """One archived version of a file. Raises ReleaseNotFoundError."""
        return self._found(archive_key(version, validate_filename(filename)))

    def archived(self, filename: str | None = None) -> Iterator[S3Release]:
        """The archived versions of a file, or of all, in the order they were archived.

        Lists the whole archive: one request for each 1,000 of its objects.
        """
        wanted = None if filename is None else validate_filename(filename)
        for line in sorted(self.store.list_objects(f"{ARCHIVE}/"), key=lambda o: o.modified):
            place = Place.parse(line.key)
            if place is not None and wanted in {None, place.filename}:
                yield self._release(line.key)

    def download(self, filename: str, rank: str, to: str | os.PathLike[str] = ".") -> Download:
        """What a rank holds, into a file or a directory. Raises as S3Release.download does,
        and UnknownRankError."""
        key = release_key(self._ranks.check(rank), validate_filename(filename))
        return self._release(key).download(to)

    def new_version(self, uploaded_timestamp: int) -> str:
        """The version of an upload that was given none. To be overridden; what it returns has
        to be fit for a key and a header (`s3pipeline.names.validate_version`)."""
        return str(uploaded_timestamp)

    def before_promotion(self, candidate: Candidate) -> None:
        """Called before the first write of a promotion that has something to write. To be
        overridden; raise to stop it, with every rank as it was."""

    def after_promotion(self, release: S3Release, *, changed: bool) -> None:
        """Called after every promotion that succeeded. To be overridden.

        `changed` is false where the rank held the release already: perhaps because an earlier
        run was cut off before it came here, so do not rely on it to tell others exactly once.
        """

    def _release(self, key: str) -> S3Release:
        return self.release_class(self, key)

    def _found(self, key: str) -> S3Release:
        release = self._release(key)
        release.reload()
        return release


def _bucket(name: str, session: boto3.Session | None, options: dict[str, Any]) -> Bucket:
    config = options.pop("config", None)
    config = client_config().merge(config) if config else client_config()
    try:
        resource = (session or boto3.Session()).resource("s3", config=config, **options)
    except (BotoCoreError, ValueError) as error:
        raise InvalidLocationError(
            f"no client for the bucket {name!r} ({type(error).__name__})",
            hint="check profile, region and endpoint",
        ) from error
    return resource.Bucket(name)

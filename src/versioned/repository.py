"""The core: artifacts, versions and aliases of one repository, on any store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import BinaryIO

from versioned import (
    alias_deletion,
    alias_writing,
    aliases,
    deletion,
    doctor,
    downloads,
    history,
    layout,
    ledger_verification,
    looking_back,
    naming,
    publishing,
    putting,
    verification,
    versions,
)
from versioned.cache import Cache
from versioned.content import Source
from versioned.context import LEASE, UPLOAD_LEASE, Context, check_text
from versioned.deletion import RetentionResult
from versioned.doctor import Finding
from versioned.downloads import Download, Resolved
from versioned.errors import ArtifactNotFoundError
from versioned.ledger_proof import Anchor, LedgerReport, ProvenLedger
from versioned.models import Alias, Artifact, LedgerEntry, VersionDetails
from versioned.opening import open_store
from versioned.retention import (
    DEFAULT_KEEP_LAST_N,
    DEFAULT_OLDER_THAN_SECS,
    RetentionPlan,
    RetentionPolicy,
    check_seconds,
    plan_retention,
)
from versioned.stores.base import Capabilities, Progress, Store
from versioned.targets import Absent, Expectation, Target, Weight
from versioned.verification import VerificationReport, VerifiedVersion


class Repository:
    """Immutable versions, aliases and their ledgers below one prefix of a store.

    Safe to use from several threads; any number of processes and machines may share a
    repository. `suffix` ends the file name of every version; `actor` is who the ledger names
    where a call does not say `by`. Besides the errors that a method names, all of them raise
    InvalidNameError and InvalidVersionError before anything is asked of the store, and the
    StoreError family where it fails.
    """

    def __init__(
        self,
        store: Store,
        *,
        suffix: str = "",
        actor: str | None = None,
        cache: Cache | None = None,
    ) -> None:
        naming.validate_suffix(suffix)
        check_text("actor", actor)
        self.context = Context(store, suffix=suffix, actor=actor)
        self._cache = cache

    @classmethod
    def open(
        cls,
        url: str,
        *,
        actor: str | None = None,
        cache: Cache | None = None,
        single_writer: bool = False,
    ) -> Repository:
        """Open a repository by its URL: `./dir`, `file:///dir` or `s3://bucket/prefix?...`.

        Asks nothing of the store. `single_writer` promises that nobody else ever writes, which
        lifts the need for a store that enforces conditions. Raises InvalidLocationError,
        InvalidInputError for options that can't be meant.
        """
        store, suffix = open_store(url, single_writer=single_writer)
        return cls(store, suffix=suffix, actor=actor, cache=cache)

    def bootstrap(self) -> Capabilities:
        """Create the bucket or directory if missing, and record what the store enforces.

        Idempotent. Raises AccessDeniedError, WrongRegionError.
        """
        self.context.store.create()
        found = self.context.store.capabilities or self.context.probe()
        self.context.reset_capabilities(found)
        return found

    # versions

    def put_artifact(
        self,
        name: str,
        content: Source,
        *,
        content_type: str | None = None,
        metadata: dict[str, str] | None = None,
        tags: dict[str, str] | None = None,
        progress: Progress | None = None,
    ) -> Artifact:
        """Store bytes, a file or a stream as LATEST, unless LATEST holds these bytes already.

        Atomic and idempotent; a large upload that was interrupted goes on where it broke off.
        `metadata` is printable ASCII and with the format's own at most 2,000 bytes, `tags` are at
        most ten; both are left as they are where the bytes are unchanged. Raises
        InvalidInputError, ContentChangedError.
        """
        return putting.put_latest(
            self.context,
            name,
            content,
            content_type=content_type,
            metadata=metadata,
            tags=tags,
            progress=progress,
        )

    def publish_artifact_version(self, name: str) -> Artifact:
        """Publish LATEST as the next number; where the newest version holds the same bytes,
        that one is returned.

        Atomic. A number is never given twice; two who publish the same LATEST at the same moment
        may get two. Raises ArtifactNotFoundError,
        VersionNumbersExhaustedError, ConflictError, UnsafeStoreError.
        """
        return publishing.publish(self.context, name)

    def get_artifact_version(self, name: str, version: int | str | None = None) -> Artifact:
        """One version without its bytes; LATEST by default. Raises ArtifactNotFoundError."""
        return versions.get_version(self.context, name, version)

    def get_version_details(self, name: str, version: int | str | None = None) -> VersionDetails:
        """One version with its metadata, content type and tags. Raises ArtifactNotFoundError."""
        return versions.get_details(self.context, name, version)

    def get_latest_published_artifact_version_number(self, name: str) -> int:
        """The highest number that exists, 0 if none was published."""
        return versions.newest_number(self.context, name)

    def list_artifact_versions(self, name: str) -> list[Artifact]:
        """All versions, LATEST first, then the newest. Raises ArtifactNotFoundError."""
        return versions.list_versions(self.context, name)

    def list_artifact_names(self) -> list[str]:
        """Sorted names of all artifacts."""
        return self.context.store.list_folders()

    def delete_artifact_version(
        self,
        name: str,
        version: int | str,
        *,
        force: bool = False,
        message: str | None = None,
        by: str | None = None,
    ) -> None:
        """Delete one version for good; its number stays taken. Idempotent.

        Raises LatestVersionError; VersionInUseError where an alias refers to it, unless `force`;
        DeletionInProgressError.
        """
        deletion.delete_version(self.context, name, version, force=force, message=message, by=by)

    # reading

    def resolve(self, reference: str, *, key: str | None = None) -> Resolved:
        """What `app`, `app@12` or `app@prod` means now; an alias costs one request.

        `app@prod@2026-03-01T12:00Z` means what the alias was then, as `state_at` tells, and that
        its bytes are still there. `key` routes within a split alias; without it the primary
        version is meant. Raises InvalidReferenceError, AliasNotFoundError; with a time also
        ArtifactNotFoundError where the version was deleted since, or was LATEST and is overwritten.
        """
        return downloads.resolve(self.context, reference, key=key)

    def get_content(self, name: str, version: int | str | None = None) -> bytes:
        """The bytes of a version, proved. Raises ArtifactNotFoundError, ContentMismatchError."""
        return downloads.read(self.context, name, version)

    def download(
        self,
        name: str,
        version: int | str | None = None,
        *,
        to: str | os.PathLike[str] | BinaryIO,
        progress: Progress | None = None,
    ) -> Download:
        """Write a version to a path or a binary file object.

        A path gets the whole proved file or none; a download that was interrupted goes on where
        it broke off. With a cache, bytes that are in it are not read again: that costs one
        request. Raises ArtifactNotFoundError, ContentMismatchError.
        """
        wanted = Resolved(name, layout.normalize_version(version))
        return downloads.download(self.context, self._cache, wanted, to, progress)

    def download_reference(
        self,
        reference: str,
        *,
        to: str | os.PathLike[str] | BinaryIO,
        key: str | None = None,
        progress: Progress | None = None,
    ) -> Download:
        """`resolve`, then `download`; one request where the cache has the bytes."""
        wanted = self.resolve(reference, key=key)
        return downloads.download(self.context, self._cache, wanted, to, progress)

    # aliases

    def put_alias(
        self,
        name: str,
        alias: str,
        version: int | str | None = None,
        secondary_version: int | str | None = None,
        secondary_version_weight: int | None = None,
        *,
        expect: int | str | Alias | Absent | None = None,
        message: str | None = None,
        by: str | None = None,
    ) -> Alias:
        """Point an alias at a version, or at two: the second gets `secondary_version_weight`
        percent (0 to 99) of the traffic. Without a version, at LATEST.

        One compare-and-set; the state it replaces is in the ledger first. `expect` is what the
        alias must be now: a primary version, the very state that was read, or `ABSENT`. Raises
        ArtifactNotFoundError, InputTypeError, InvalidInputError, AliasConflictError where
        another writer was faster or `expect` is not met, DeletionInProgressError,
        RankProtectedError where the alias is a declared rank.
        """
        return alias_writing.put_alias(
            self.context,
            name,
            alias,
            Target.of(version, secondary_version, secondary_version_weight),
            expect=Expectation.of(expect),
            message=message,
            by=by,
        )

    def split_alias(
        self,
        name: str,
        alias: str,
        weights: Mapping[int | str, Weight],
        *,
        expect: int | str | Alias | Absent | None = None,
        message: str | None = None,
        by: str | None = None,
    ) -> Alias:
        """Split an alias among up to ten versions: `{"12": 89.5, "13": 10, "14": 0.5}`.

        The first is the primary version; percentages, in steps of 0.01, that make 100. Who reads
        the eight fields alone sees the first canary with its share rounded down. Else as
        `put_alias`.
        """
        return alias_writing.put_alias(
            self.context,
            name,
            alias,
            Target.of_weights(weights),
            expect=Expectation.of(expect),
            message=message,
            by=by,
        )

    def get_alias(self, name: str, alias: str, *, at: datetime | None = None) -> Alias:
        """One alias, as it is or as it was at a moment. Raises AliasNotFoundError,
        ContaminatedError, and with a moment as `state_at`."""
        return looking_back.alias_at(self.context, name, alias, at)

    def list_aliases(self, name: str) -> list[Alias]:
        """All aliases of an artifact, sorted by name; none is no error."""
        return [held.alias for held in aliases.list_held(self.context, name)]

    def delete_alias(
        self,
        name: str,
        alias: str,
        *,
        expect: int | str | Alias | Absent | None = None,
        message: str | None = None,
        by: str | None = None,
    ) -> None:
        """Delete an alias; its history stays. Idempotent. Raises AliasConflictError."""
        alias_deletion.delete_alias(
            self.context, name, alias, expect=Expectation.of(expect), message=message, by=by
        )

    def history(self, name: str, alias: str, *, limit: int | None = None) -> list[LedgerEntry]:
        """What happened to an alias, newest first, the current state at the front."""
        return history.history(self.context, name, alias, limit=limit)

    def state_at(self, name: str, alias: str, moment: datetime) -> LedgerEntry:
        """The entry of the state that an alias had at a moment, by the times that the entries
        carry, which are the store's; the newest whose time is not after it.

        `moment` is an aware datetime. Raises AliasNotFoundError where there was no such alias
        then, and says since when there is one or when it was deleted; InputTypeError,
        InvalidInputError for a moment that is still to come, LedgerBrokenError.
        """
        return looking_back.state_at(self.context, name, alias, moment)

    def rollback(
        self,
        name: str,
        alias: str,
        *,
        to: int | str | None = None,
        message: str | None = None,
        by: str | None = None,
    ) -> Alias:
        """Back to the newest earlier number that had all the traffic; again, one further back.

        During a canary that is the stable version. `to` names a version instead. One
        compare-and-set on the state that was looked at. Raises AliasNotFoundError,
        InvalidInputError without an earlier version, else as `put_alias`.
        """
        return history.rollback(self.context, name, alias, to=to, message=message, by=by)

    # retention

    def plan_retention(
        self,
        name: str,
        keep_last_n: int = DEFAULT_KEEP_LAST_N,
        purge_older_than_secs: float = DEFAULT_OLDER_THAN_SECS,
    ) -> RetentionPlan:
        """Decide which versions to remove; nothing is changed. Raises ArtifactNotFoundError."""
        policy = RetentionPolicy(keep_last_n, purge_older_than_secs)
        artifacts = versions.list_versions(self.context, name)
        referenced = deletion.version_users(self.context, name)
        return plan_retention(name, artifacts, referenced, policy, now=self.context.store.now())

    def apply_retention(
        self, plan: RetentionPlan, *, message: str | None = None, by: str | None = None
    ) -> RetentionResult:
        """Remove what the plan removes, but for what is referenced or changed by now.

        Raises DeletionInProgressError.
        """
        return deletion.apply_retention(self.context, plan, message=message, by=by)

    def purge_artifact_versions(
        self,
        name: str,
        keep_last_n: int = DEFAULT_KEEP_LAST_N,
        purge_older_than_secs: float = DEFAULT_OLDER_THAN_SECS,
        *,
        dry_run: bool = False,
    ) -> tuple[datetime, list[Artifact]]:
        """Plan and apply: the time of the plan, and what was deleted, or would be.

        Raises ArtifactNotFoundError, DeletionInProgressError.
        """
        plan = self.plan_retention(name, keep_last_n, purge_older_than_secs)
        if dry_run:
            return plan.at, list(plan.removed)
        return plan.at, list(self.apply_retention(plan).deleted)

    def purge_artifact(self, name: str) -> None:
        """Delete everything of an artifact: versions, aliases, history, numbers. Idempotent."""
        deletion.purge_folder(self.context, layout.artifact_folder(name))

    def purge_all(self) -> None:
        """Delete every artifact, also those whose names only another tool allows. Idempotent;
        what was proved of the store stays recorded."""
        for name in self.list_artifact_names():
            deletion.purge_folder(self.context, f"{name}/")

    # maintenance

    def doctor(
        self,
        name: str | None = None,
        *,
        mend: bool = False,
        older_than: float = LEASE,
        uploads_older_than: float = UPLOAD_LEASE,
    ) -> list[Finding]:
        """Find what crashes left in one artifact, or in all; with `mend`, mend it.

        Safe while others write: what is younger than `older_than` seconds, for transfers
        `uploads_older_than`, is left alone. Raises ArtifactNotFoundError.
        """
        check_seconds("older_than", older_than)
        check_seconds("uploads_older_than", uploads_older_than)
        names = self._names(name)
        findings = doctor.examine(
            self.context,
            names,
            mend=mend,
            older_than=older_than,
            uploads_older_than=uploads_older_than,
        )
        if name is None:
            findings += doctor.examine_store(
                self.context, mend=mend, uploads_older_than=uploads_older_than
            )
        return findings

    def verify(
        self,
        name: str | None = None,
        *,
        version: int | str | None = None,
        sample: float = 1.0,
        progress: Callable[[VerifiedVersion], None] | None = None,
    ) -> VerificationReport:
        """Read versions again and compare their sha256: one, one artifact's, or all.

        `sample` is the share to read, drawn by chance. Raises ArtifactNotFoundError.
        """
        return verification.verify(
            self.context, self._names(name), version=version, sample=sample, progress=progress
        )

    def verify_ledger(
        self,
        name: str | None = None,
        alias: str | None = None,
        *,
        anchors: Iterable[Anchor] = (),
        progress: Callable[[ProvenLedger], None] | None = None,
    ) -> LedgerReport:
        """Prove the history of one alias, of one artifact's, or of all: that no entry was changed
        or is missing, and that the aliases continue them. Safe while others write.

        `anchors` are hashes that were kept elsewhere, from `ProvenLedger.anchor`: they also prove
        that the end was not cut off together with its alias, nor all of it forged. Raises
        ArtifactNotFoundError, AliasNotFoundError, InvalidInputError for an alias without a name.
        """
        return ledger_verification.verify_ledgers(
            self.context,
            self._names(name),
            name=name,
            alias=alias,
            anchors=anchors,
            progress=progress,
        )

    def _names(self, name: str | None) -> list[str]:
        names = self.list_artifact_names()
        if name is None:
            return names
        naming.validate_artifact_name(name)
        if name not in names:
            raise ArtifactNotFoundError(
                f"there is no artifact {name!r}", hint="versioned ls shows which there are"
            )
        return [name]

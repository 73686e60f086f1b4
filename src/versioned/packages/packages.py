"""Packages of one domain: published, promoted by the asset that passed, and installed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from versioned.content import Content, Source
from versioned.context import Context
from versioned.opening import open_store
from versioned.packages import administration, asset_verdict, history, indexing, orphans, tokens
from versioned.packages.asset_verdict import AssetVerdict
from versioned.packages.assets import OpenAsset, open_asset
from versioned.packages.committing import Change
from versioned.packages.coordinates import (
    Package,
    PackageFormat,
    Place,
    package_format,
    package_version,
    validate_repository_name,
)
from versioned.packages.domain import Domain, PackageRepository
from versioned.packages.errors import (
    AssetNotFoundError,
    InvalidDistributionError,
    InvalidPackageError,
)
from versioned.packages.npm import NpmPackages
from versioned.packages.promotion import Choice, choose, promote
from versioned.packages.publishing import (
    Upload,
    publish_distributions,
    publish_generic,
    refuse_others,
)
from versioned.packages.removal import PackageRemoval, apply_plan
from versioned.packages.retention import PackagePlan, PackageRetention, plan_retention
from versioned.packages.revision import PackageStatus, Revision
from versioned.packages.room import Room
from versioned.packages.statuses import VersionChanges
from versioned.packages.tokens import NewToken, Scope, Token
from versioned.steps import gathered
from versioned.stores.base import Progress, Store

_AT_ONCE = 32
"""Packages that are looked at in one step."""


class Packages:
    """Repositories of packages in one store, its domain.

    Safe to use from several threads; any number of processes and servers may share a domain. A
    change is one moment: it is seen whole or not at all, and in every page soon after; each state
    of a version keeps its revision. `package` and `version` are taken in any spelling that
    `Package.of` knows; `npm` is what only npm's have. `actor` is who revisions name where a call
    does not say `by`. Besides what a method names, all raise InvalidPackageError,
    PackageRepositoryNotFoundError, DomainNotFoundError, and the StoreError family where the store
    fails.
    """

    def __init__(self, store: Store, *, actor: str | None = None) -> None:
        self.context = Context(store, actor=actor)
        self._room = Room(self.context)
        self.npm = NpmPackages(self._room)

    @classmethod
    def open(cls, url: str, *, actor: str | None = None, single_writer: bool = False) -> Packages:
        """Open a domain by its URL: `./dir`, `file:///dir` or `s3://bucket/prefix?...`, a place
        of its own, not that of a repository of artifacts. Asks nothing of the store.

        Raises InvalidLocationError.
        """
        store, suffix = open_store(url, single_writer=single_writer)
        if suffix:
            raise InvalidPackageError("packages have no suffix", hint="leave it out of the URL")
        return cls(store, actor=actor)

    # the domain

    def create_domain(self, name: str) -> Domain:
        """Make the domain where it is missing. Idempotent. Raises PackageRepositoryExistsError
        where it has another name, UnsafeStoreError."""
        return administration.create_domain(self._room, name)

    def domain(self) -> Domain:
        """The domain as it is now, with its repositories."""
        return self._room.domain(anew=True)

    def create_repository(
        self,
        name: str,
        *,
        description: str | None = None,
        requires: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
    ) -> PackageRepository:
        """Make a repository, or change what is said of it. `requires` are checks without whose
        passing verdict nothing is promoted into it. With `sources`, repositories of this domain,
        it takes only what is promoted from one of them, and nothing is published into it; an
        empty list lifts that rule. What is there already stays. Idempotent.

        Raises PackageRepositoryNotFoundError for a source that is not there.
        """
        return administration.create_repository(
            self._room, name, description=description, requires=requires, sources=sources
        )

    def repository(self, name: str) -> PackageRepository:
        """A repository, as it was at most half a minute ago. Mostly without a request."""
        return self._room.repository(name, lately=True)

    # looking

    def list_packages(self, repository: str, kind: str | None = None) -> list[Package]:
        """Every package that was ever published to a repository, of one format or of all."""
        self._room.repository(repository)
        kinds = list(PackageFormat) if kind is None else [package_format(kind)]
        calls = [partial(indexing.list_packages, self._room, repository, one) for one in kinds]
        found = gathered(self.context.store, calls, at_once=_AT_ONCE)
        return [package for each in found for package in each]

    def list_package_versions(self, repository: str, package: Package) -> list[Revision]:
        """The newest revision of each version, in the order of their names; deleted ones are left
        out. Raises PackageNotFoundError."""
        self._room.repository(repository)
        heads = history.read_heads(self.context, repository, package)
        if not heads.versions:
            raise history.no_such_package(repository, package)
        found = history.read_newest(self.context, heads, sorted(heads.versions))
        return [one for one in found if one.state.status is not PackageStatus.DELETED]

    def describe_package_version(
        self, repository: str, package: Package, version: str, *, revision: str | None = None
    ) -> Revision:
        """A version as it is now, or as it was at a revision. Raises PackageVersionNotFoundError,
        RevisionNotFoundError."""
        self._room.repository(repository)
        return history.find_revision(self.context, _place(repository, package, version), revision)

    def list_package_version_revisions(
        self, repository: str, package: Package, version: str
    ) -> list[Revision]:
        """Every revision of a version, newest first. Raises PackageVersionNotFoundError."""
        self._room.repository(repository)
        return history.list_revisions(self.context, _place(repository, package, version))

    def open_asset(
        self,
        repository: str,
        package: Package,
        version: str,
        asset: str,
        *,
        revision: str | None = None,
        asset_set: str | None = None,
    ) -> OpenAsset:
        """Open an asset to read it; of several with that name that of the active set, or of the
        one named. Raises AssetNotFoundError, PackageStatusError and what
        `describe_package_version` raises."""
        found = self.describe_package_version(repository, package, version, revision=revision)
        held = [one for one in found.state.assets if one.name == asset]
        if asset_set is not None:
            held = [one for one in held if one.asset_set in {asset_set, None}]
        active = [one for one in held if one in found.state.active_assets]
        if not held:
            raise AssetNotFoundError(
                f"{found.place} has no asset {asset!r}",
                hint="versioned packages assets shows them",
            )
        return open_asset(self.context, found, (active or held)[0])

    # publishing

    def publish_files(
        self,
        repository: str,
        kind: str,
        files: Mapping[str, Source] | Sequence[str | os.PathLike[str]],
        *,
        package: Package | None = None,
        version: str | None = None,
        sha256: Mapping[str, str] | None = None,
        asset_set: str | None = None,
        message: str | None = None,
        by: str | None = None,
        progress: Progress | None = None,
    ) -> Change:
        """Publish wheels and source distributions, or an npm tarball: all of one version, which
        they say themselves, visible in one moment. `files` are paths, or sources by file name.
        `package`, `version` and `sha256` (by file name) are what they have to be.

        The same bytes again change nothing. Flat memory; a large upload that was interrupted goes
        on. Raises InvalidDistributionError, PromotionOnlyError for a repository that has sources,
        AssetExistsError for a name that has other bytes, PackageStatusError, PackageConflictError.
        """
        which = package_format(kind)
        with ExitStack() as stack:
            uploads = [
                Upload.checked(which, name, content)
                for name, content in _opened(stack, files, sha256 or {})
            ]
            refuse_others(uploads, package, version)
            return publish_distributions(
                self._room,
                repository,
                uploads,
                asset_set=asset_set,
                by=by,
                message=message,
                progress=progress,
            )

    def publish_package_version(
        self,
        repository: str,
        package: Package,
        version: str,
        files: Mapping[str, Source] | Sequence[str | os.PathLike[str]],
        *,
        sha256: Mapping[str, str] | None = None,
        asset_set: str | None = None,
        whole: bool = True,
        unfinished: bool = False,
        message: str | None = None,
        by: str | None = None,
        progress: Progress | None = None,
    ) -> Change:
        """Publish generic assets. With `whole` they are a complete asset set of their own, active
        from that moment on. Otherwise they are added to the set that is being filled, which is
        finished by this unless `unfinished`; `unfinished` also begins one. Else as
        `publish_files`."""
        with ExitStack() as stack:
            uploads = [
                Upload(name, content) for name, content in _opened(stack, files, sha256 or {})
            ]
            return publish_generic(
                self._room,
                _place(repository, package, version),
                uploads,
                asset_set=asset_set,
                whole=whole,
                unfinished=unfinished,
                by=by,
                message=message,
                progress=progress,
            )

    # promoting

    def copy_package_versions(
        self,
        source: str,
        target: str,
        package: Package,
        version: str,
        *,
        revision: str | None = None,
        assets: Collection[str] = (),
        asset_set: str | None = None,
        sha256: Collection[str] = (),
        require: Collection[str] = (),
        strip_build: bool = False,
        allow_overwrite: bool = False,
        message: str | None = None,
        by: str | None = None,
    ) -> Change:
        """Let a repository have exactly these assets of a version, named by name, set or sha256;
        by default the active set, of the newest revision or of the one named.

        What was promoted is active there. Its bytes are proved at the target before anything is
        seen of it; `require` names checks whose newest verdict has to pass each asset, beside
        those that the target requires itself. `strip_build` takes the build tag out of the names
        of wheels, not out of their bytes. `allow_overwrite` adds to a version that is there
        already; nothing is ever overwritten. Idempotent.

        Raises PromotionOnlyError, VerdictMissingError, VersionExistsError, AssetExistsError,
        AssetNotFoundError, PackageStatusError, ContentMismatchError, InvalidInputError for a
        promotion into the same repository, PackageConflictError, and what
        `describe_package_version` raises.
        """
        return promote(
            self._room,
            _place(source, package, version),
            target,
            revision=revision,
            choice=Choice(tuple(assets), asset_set, tuple(sha256)),
            checks=require,
            strip_build=strip_build,
            allow_overwrite=allow_overwrite,
            by=by,
            message=message,
        )

    def record_verdict(
        self,
        repository: str,
        package: Package,
        version: str,
        check: str,
        outcome: str,
        *,
        revision: str | None = None,
        assets: Collection[str] = (),
        asset_set: str | None = None,
        url: str | None = None,
        message: str | None = None,
        by: str | None = None,
    ) -> list[AssetVerdict]:
        """Say what a check found, `"pass"` or `"fail"`, of assets: of the active set, unless they
        are named. A verdict belongs to the sha256, so it holds in every repository.

        Raises InvalidInputError, AssetNotFoundError, and what `describe_package_version` raises.
        """
        found = self.describe_package_version(repository, package, version, revision=revision)
        return [
            asset_verdict.record_verdict(
                self.context, one.sha256, check, outcome, url=url, message=message, by=by
            )
            for one in choose(found, Choice(tuple(assets), asset_set))
        ]

    def verdicts(self, sha256: str) -> list[AssetVerdict]:
        """All verdicts of these bytes, sorted by check, the newest of each first."""
        return asset_verdict.list_verdicts(self.context, sha256)

    # changing

    def change_version(
        self,
        repository: str,
        package: Package,
        version: str,
        *,
        expect: str | None = None,
        message: str | None = None,
        by: str | None = None,
    ) -> VersionChanges:
        """What can be done to a version: activate a set, set the status, yank, deprecate, remove,
        dispose, delete. `expect` is the revision that it has to be at."""
        place = _place(repository, package, version)
        return VersionChanges(self._room, place, expect=expect, by=by, message=message)

    # retention and care

    def plan_retention(
        self, repository: str, rules: PackageRetention, *, package: Package | None = None
    ) -> PackagePlan:
        """What the rules remove and keep, of one package or of all. Changes nothing."""
        packages = [package] if package else self.list_packages(repository)
        calls = [partial(self.list_package_versions, repository, one) for one in packages]
        found = gathered(self.context.store, calls, at_once=_AT_ONCE)
        revisions = [one for each in found for one in each]
        return plan_retention(repository, revisions, rules, now=self.context.store.now())

    def apply_retention(
        self, plan: PackagePlan, *, message: str | None = None, by: str | None = None
    ) -> PackageRemoval:
        """Remove what a plan removes; what has changed since is spared, and told."""
        return apply_plan(self._room, plan, message=message, by=by)

    def reindex(
        self, repository: str, package: Package | None = None, *, write: bool = True
    ) -> list[str]:
        """Make the pages of one package, or of all and the list of them, anew from the revisions
        alone; returns what was not as it should be. Safe while others publish. Without `write`
        they are only looked at."""
        self._room.repository(repository)
        packages = [package] if package else self.list_packages(repository)
        calls = [
            partial(indexing.reindex_package, self._room, repository, one, write=write)
            for one in packages
        ]
        done = gathered(self.context.store, calls, at_once=_AT_ONCE)
        changed = [f"{one.format}/{one}" for one, was in zip(packages, done, strict=True) if was]
        roots = [] if package else list(PackageFormat)
        return changed + [
            f"{kind}/"
            for kind in roots
            if indexing.reindex_root(self._room, repository, kind, write=write)
        ]

    def find_orphans(self, repository: str, *, mend: bool = False) -> list[str]:
        """Bytes that no version has and that are older than a day, by key, and uploads that were
        cut off; with `mend` they are removed. Safe while others publish."""
        self._room.repository(repository)
        return orphans.find_orphans(self._room, repository, mend=mend)

    # tokens

    def create_token(
        self,
        name: str,
        scopes: Mapping[str, Sequence[Scope]],
        *,
        seconds: float | None = None,
        parent: Token | None = None,
        by: str | None = None,
    ) -> NewToken:
        """Make a token, which is told this once. Raises InvalidInputError."""
        for repository in set(scopes) - {tokens.EVERY_REPOSITORY}:
            self._room.repository(validate_repository_name(repository))
        return tokens.create_token(
            self.context, name, scopes, seconds=seconds, by=by, parent=parent
        )

    def find_token(self, secret: str) -> Token | None:
        """The valid token that this is, or `None`."""
        return tokens.find_token(self.context, secret)

    def list_tokens(self) -> list[Token]:
        """All tokens, the oldest first."""
        return tokens.list_tokens(self.context)

    def revoke_token(self, identity: str) -> Token:
        """End a token now. Idempotent. Raises TokenNotFoundError."""
        return tokens.revoke_token(self.context, identity)

    def prune_tokens(self) -> list[Token]:
        """Remove the records of tokens that ended; returns them."""
        return tokens.prune_tokens(self.context)


def _place(repository: str, package: Package, version: str) -> Place:
    return Place(repository, package, package_version(package.format, version))


def _opened(
    stack: ExitStack,
    files: Mapping[str, Source] | Sequence[str | os.PathLike[str]],
    sha256: Mapping[str, str],
) -> Iterator[tuple[str, Content]]:
    """Raises InvalidDistributionError for bytes that are not those that were announced."""
    named = (
        files.items() if isinstance(files, Mapping) else [(Path(one).name, one) for one in files]
    )
    for name, source in named:
        content = stack.enter_context(Content.open(source))
        meant = sha256.get(name, content.sha256).lower()
        if content.sha256 != meant:
            raise InvalidDistributionError(
                f"{name!r} has sha256 {content.sha256[:12]}, announced was {meant[:12]!r}",
                hint="it was damaged on its way; send it again",
            )
        yield name, content

"""What only packages raise; each is in the tree of `versioned.errors`, too.

* NotFoundError
  - DomainNotFoundError                  no packages were kept there yet
  - PackageRepositoryNotFoundError       no such repository in the domain
  - PackageNotFoundError                 no such package in that repository
  - PackageVersionNotFoundError          no such version of it
  - RevisionNotFoundError                no such revision of that version
  - AssetNotFoundError                   no such asset or asset set, or its bytes are gone
  - TokenNotFoundError                   no such token
* InvalidInputError
  - InvalidPackageError                  a name, version, asset name or reference that is none
  - InvalidDistributionError             a file that is not what its name or metadata say
* ConflictError
  - PackageRepositoryExistsError         a domain that is there, under another name
  - AssetExistsError                     the same name is taken, by other bytes
  - VersionExistsError                   the version is there, and may not be added to
  - PackageStatusError                   the status of the version does not allow that
  - PackageConflictError                 other writers were faster all the time
* GateRefusedError
  - VerdictMissingError                  an asset lacks a verdict that is required
  - PromotionOnlyError                   the repository takes promotions from its sources only
"""

from __future__ import annotations

from versioned.errors import (
    ConflictError,
    GateRefusedError,
    InvalidInputError,
    NotFoundError,
)

__all__ = [
    "AssetExistsError",
    "AssetNotFoundError",
    "DomainNotFoundError",
    "InvalidDistributionError",
    "InvalidPackageError",
    "PackageConflictError",
    "PackageNotFoundError",
    "PackageRepositoryExistsError",
    "PackageRepositoryNotFoundError",
    "PackageStatusError",
    "PackageVersionNotFoundError",
    "PromotionOnlyError",
    "RevisionNotFoundError",
    "TokenNotFoundError",
    "VerdictMissingError",
    "VersionExistsError",
]


class DomainNotFoundError(NotFoundError):
    """No packages were kept there yet."""

    code = "domain-not-found"


class PackageRepositoryNotFoundError(NotFoundError):
    """No such repository in the domain."""

    code = "package-repository-not-found"


class PackageNotFoundError(NotFoundError):
    """No such package in that repository."""

    code = "package-not-found"


class PackageVersionNotFoundError(NotFoundError):
    """No such version of the package."""

    code = "package-version-not-found"


class RevisionNotFoundError(NotFoundError):
    """No such revision of that version."""

    code = "revision-not-found"


class AssetNotFoundError(NotFoundError):
    """No such asset or asset set, or its bytes were removed."""

    code = "asset-not-found"


class TokenNotFoundError(NotFoundError):
    """No such token."""

    code = "token-not-found"


class InvalidPackageError(InvalidInputError):
    """A package, version, asset name or reference that is none."""

    code = "invalid-package"


class InvalidDistributionError(InvalidInputError):
    """A file that is not what its name, its metadata or its publisher say."""

    code = "invalid-distribution"


class PackageRepositoryExistsError(ConflictError):
    """What was to be made is there already, in another form."""

    code = "package-repository-exists"


class AssetExistsError(ConflictError):
    """The name is taken, by other bytes. The same bytes would have been no error."""

    code = "asset-exists"


class VersionExistsError(ConflictError):
    """The version is there with something else, and adding to it was not allowed."""

    code = "version-exists"


class PackageStatusError(ConflictError):
    """The status of the version does not allow that."""

    code = "package-status"


class PackageConflictError(ConflictError):
    """Other writers were faster all the time, or somebody else had changed it."""

    code = "package-conflict"


class VerdictMissingError(GateRefusedError):
    """An asset lacks a passing verdict that is required; nothing was promoted."""

    code = "verdict-missing"


class PromotionOnlyError(GateRefusedError):
    """The repository takes only what is promoted into it from its sources; nothing was changed."""

    code = "promotion-only"

"""Doing the same to several versions: what became of each, in CodeArtifact's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from versioned.errors import ConflictError, GateRefusedError, NotFoundError, VersionedError
from versioned.packages import Package, Packages, Revision
from versioned.packages.committing import Change
from versioned.packages.errors import (
    AssetExistsError,
    InvalidPackageError,
    PackageConflictError,
    PackageRepositoryNotFoundError,
    PackageStatusError,
    RevisionNotFoundError,
    VersionExistsError,
)
from versioned.packages.revision import PackageStatus
from versioned.packages.statuses import VersionChanges

_ATTEMPTS = 10


class RevisionMismatchError(ConflictError):
    """The version is at another revision than whoever asks had seen."""

    code = "revision-mismatch"


class StatusMismatchError(ConflictError):
    """The version has another status than whoever asks had seen."""

    code = "status-mismatch"


_CODES: tuple[tuple[type[VersionedError], str], ...] = (
    (RevisionNotFoundError, "MISMATCHED_REVISION"),
    (RevisionMismatchError, "MISMATCHED_REVISION"),
    (StatusMismatchError, "MISMATCHED_STATUS"),
    (VersionExistsError, "ALREADY_EXISTS"),
    (AssetExistsError, "ALREADY_EXISTS"),
    (PackageStatusError, "NOT_ALLOWED"),
    (GateRefusedError, "NOT_ALLOWED"),
    (InvalidPackageError, "NOT_FOUND"),
    (NotFoundError, "NOT_FOUND"),
)


@dataclass(slots=True)
class Told:
    """What became of each version: its newest revision, or the error."""

    done: dict[str, Revision] = field(default_factory=dict)
    failed: dict[str, dict[str, str]] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        return {
            "successfulVersions": {
                version: {"revision": one.revision, "status": str(one.state.status)}
                for version, one in self.done.items()
            },
            "failedVersions": self.failed,
        }


def for_each(versions: Iterable[str], act: Callable[[str], Revision]) -> Told:
    """Act on each version. What is the fault of a version is told; anything else is raised."""
    told = Told()
    for version in versions:
        try:
            told.done[version] = act(version)
        except PackageRepositoryNotFoundError:
            raise
        except VersionedError as error:
            code = next((code for kind, code in _CODES if isinstance(error, kind)), None)
            if code is None:
                raise
            text = f"{error.message} ({error.hint})" if error.hint else error.message
            told.failed[version] = {"errorCode": code, "errorMessage": text}
    return told


@dataclass(frozen=True, slots=True)
class Expected:
    """What versions have to be, so that they are changed: their revisions, and their status."""

    revisions: Mapping[str, str]
    status: PackageStatus | None


def changed(
    packages: Packages,
    where: tuple[str, Package],
    change: Callable[[VersionChanges], Change],
    version: str,
    *,
    expected: Expected,
    by: str | None,
) -> Revision:
    """Change a version that is what was expected, in the same moment; its newest revision.

    Raises RevisionMismatchError, StatusMismatchError, and what `change` raises.
    """
    repository, package = where
    revision = expected.revisions.get(version)
    for _ in range(_ATTEMPTS):
        seen = revision
        if expected.status is not None:
            found = packages.describe_package_version(repository, package, version)
            if found.state.status is not expected.status:
                raise StatusMismatchError(
                    f"{found.place} is {found.state.status}, expected was {expected.status}"
                )
            seen = revision or found.revision
        try:
            return change(
                packages.change_version(repository, package, version, expect=seen, by=by)
            ).revision
        except PackageConflictError as error:
            if revision is not None:
                raise RevisionMismatchError(error.message, hint=error.hint) from error
            if seen is None:
                raise
    raise PackageConflictError(
        f"{package} {version} is changed by others all the time", hint="repeat it"
    )

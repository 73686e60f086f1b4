"""Everything that this package raises on purpose.

* VersionedError
  x NotFoundError (FileNotFoundError)
    - ArtifactNotFoundError       no such artifact, or no such version of it
    - AliasNotFoundError          no such alias
    - RepositoryNotFoundError     no such bucket or directory
    - ObjectNotFoundError         stores only: no such key
    - RankEmptyError              nothing sits in the rank to promote
    - RolloutNotFoundError        no rollout of that alias
  x InvalidInputError (ValueError)
    - InvalidNameError            an artifact, alias or suffix that is no name
    - InvalidVersionError         neither LATEST nor 1..999999
    - InvalidReferenceError       not of the form app, app@12, app@prod
    - InvalidLocationError        a repository URL that cannot be opened
    - InputTypeError (TypeError)  an argument of a type that can't be meant
    - InvalidRankError            an unknown, repeated or reserved rank, or none at all
    - InvalidStrategyError        steps of a rollout that can't be meant
    - InvalidCheckError           a check that can't be run
    - InvalidHookError            a hook that can't be told
  x ConflictError
    - AliasConflictError          somebody else moved the alias; carries both states
    - PreconditionFailedError     stores only: the condition of a write was false
    - DeletionInProgressError     another deletion of this artifact is under way
    - RolloutConflictError        a rollout is under way, has ended, or was moved on
  x ArtifactS3BackendError        the repository refuses, or holds what it should not
    - LatestVersionError          LATEST can be overwritten, never deleted
    - VersionInUseError           an alias points at the version
    - VersionNumbersExhaustedError   999999 has been published
    - ContaminatedError           foreign objects where versions or aliases belong
    - UnsafeStoreError            the store does not enforce conditional writes
    - RankProtectedError          a rank is moved by promotion, not by a plain write
    - RankInUseError              something sits in a rank that is to go, or to become one
    - GateRefusedError            gates that a promotion needs are not met
  x IntegrityError
    - ContentMismatchError        the bytes read are not the bytes published
    - ContentChangedError         the source changed while it was being stored
    - LedgerBrokenError           a ledger was changed, or entries of it are missing
  x StoreError (OSError)
    - AccessDeniedError (PermissionError)
    - WrongRegionError            the bucket lives in another region
    - StoreUnavailableError (ConnectionError)   nothing is known to be written
    - OutcomeUnknownError (ConnectionError)     a write may or may not have happened
  x DeliveryError (ConnectionError)   a hook could not be told of a change; the change stands

Images and packages have errors of their own: `versioned.images.errors`, `versioned.packages.errors`.

Every error has a `code` for programs, a `message` that says what was asked and what was
found, and a `hint`: what to do next. `str(error)` is the message and the hint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from versioned.models import Alias

__all__ = [
    "AccessDeniedError",
    "AliasConflictError",
    "AliasNotFoundError",
    "ArtifactNotFoundError",
    "ArtifactS3BackendError",
    "ConflictError",
    "ContaminatedError",
    "ContentChangedError",
    "ContentMismatchError",
    "DeletionInProgressError",
    "DeliveryError",
    "GateRefusedError",
    "InputTypeError",
    "IntegrityError",
    "InvalidCheckError",
    "InvalidHookError",
    "InvalidInputError",
    "InvalidLocationError",
    "InvalidNameError",
    "InvalidRankError",
    "InvalidReferenceError",
    "InvalidStrategyError",
    "InvalidVersionError",
    "LatestVersionError",
    "LedgerBrokenError",
    "NotFoundError",
    "ObjectNotFoundError",
    "OutcomeUnknownError",
    "PreconditionFailedError",
    "RankEmptyError",
    "RankInUseError",
    "RankProtectedError",
    "RepositoryNotFoundError",
    "RolloutConflictError",
    "RolloutNotFoundError",
    "StoreError",
    "StoreUnavailableError",
    "UnsafeStoreError",
    "VersionInUseError",
    "VersionNumbersExhaustedError",
    "VersionedError",
    "WrongRegionError",
]


class VersionedError(Exception):
    """Base of all errors of this package."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class NotFoundError(VersionedError, FileNotFoundError):
    """What was asked for is not there."""

    code = "not-found"


class ArtifactNotFoundError(NotFoundError):
    """No such artifact, or no such version of it."""

    code = "artifact-not-found"


class AliasNotFoundError(NotFoundError):
    """No such alias."""

    code = "alias-not-found"


class RepositoryNotFoundError(NotFoundError):
    """The bucket or directory is not there."""

    code = "repository-not-found"


class ObjectNotFoundError(NotFoundError):
    """Raised by stores: no object under that key."""

    code = "object-not-found"


class RankEmptyError(NotFoundError):
    """Nothing sits in the rank that a promotion would take from."""

    code = "rank-empty"


class RolloutNotFoundError(NotFoundError):
    """There is no rollout of that alias."""

    code = "rollout-not-found"


class InvalidInputError(VersionedError, ValueError):
    """An argument that can't be meant."""

    code = "invalid-input"


class InvalidNameError(InvalidInputError):
    """A name that could escape its room, or break a rule of the format."""

    code = "invalid-name"


class InvalidVersionError(InvalidInputError):
    """Neither LATEST nor a number from 1 to 999999."""

    code = "invalid-version"


class InvalidReferenceError(InvalidInputError):
    """Not of the form `app`, `app@12`, `app@prod` or `app@LATEST`."""

    code = "invalid-reference"


class InvalidLocationError(InvalidInputError):
    """A repository URL that can't be opened."""

    code = "invalid-location"


class InputTypeError(InvalidInputError, TypeError):
    """An argument of a type that can't be meant, such as a weight that is not an int."""

    code = "invalid-type"


class InvalidRankError(InvalidInputError):
    """An unknown, repeated or reserved rank, or a pipeline without any."""

    code = "invalid-rank"


class InvalidStrategyError(InvalidInputError):
    """Steps of a rollout that can't be meant."""

    code = "invalid-strategy"


class InvalidCheckError(InvalidInputError):
    """A check that can't be run."""

    code = "invalid-check"


class InvalidHookError(InvalidInputError):
    """A hook that can't be told."""

    code = "invalid-hook"


class ConflictError(VersionedError):
    """Somebody else was faster; nothing was changed by this call."""

    code = "conflict"


class PreconditionFailedError(ConflictError):
    """Raised by stores: the condition of a write was false, nothing was written."""

    code = "precondition-failed"


class AliasConflictError(ConflictError):
    """The alias was moved by somebody else. `expected` and `found` are its two states."""

    code = "alias-conflict"

    def __init__(
        self, message: str, *, expected: Alias | None, found: Alias | None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.expected = expected
        self.found = found


class DeletionInProgressError(ConflictError):
    """Another deletion of this artifact is under way, or was cut off."""

    code = "deletion-in-progress"


class RolloutConflictError(ConflictError):
    """A rollout is under way, has ended, or was moved on by somebody else."""

    code = "rollout-conflict"


class ArtifactS3BackendError(VersionedError):
    """The repository refuses, or holds what it should not."""

    code = "backend-error"


class LatestVersionError(ArtifactS3BackendError):
    """LATEST can be overwritten, never deleted alone."""

    code = "latest-version"


class VersionInUseError(ArtifactS3BackendError):
    """An alias points at the version, so it is not deleted unless forced."""

    code = "version-in-use"


class VersionNumbersExhaustedError(ArtifactS3BackendError):
    """Version 999999 has been published; there is no next number."""

    code = "version-numbers-exhausted"


class ContaminatedError(ArtifactS3BackendError):
    """A foreign or damaged object where a version or an alias belongs."""

    code = "contaminated"


class UnsafeStoreError(ArtifactS3BackendError):
    """The store was proved not to enforce the conditional writes that safety stands on."""

    code = "unsafe-store"


class RankProtectedError(ArtifactS3BackendError):
    """A declared rank is moved by promotion, demotion, rollback or a rollout only."""

    code = "rank-protected"


class RankInUseError(ArtifactS3BackendError):
    """Something sits in a rank that is to go, or in an alias that is to become a rank."""

    code = "rank-in-use"


class GateRefusedError(ArtifactS3BackendError):
    """Gates are not met, nothing was moved. `unmet` has a sentence for each, by its name."""

    code = "gate-refused"

    def __init__(self, message: str, *, unmet: Mapping[str, str], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.unmet = dict(unmet)


class IntegrityError(VersionedError):
    """Bytes are not what they should be."""

    code = "integrity"


class ContentMismatchError(IntegrityError):
    """The bytes read do not have the sha256 they were published with."""

    code = "content-mismatch"


class ContentChangedError(IntegrityError):
    """The source changed while it was being stored; nothing was stored."""

    code = "content-changed"


class LedgerBrokenError(IntegrityError):
    """A ledger was changed after it was written, or entries of it are missing."""

    code = "ledger-broken"


class StoreError(VersionedError, OSError):
    """The store answered with an error that is not about this package."""

    code = "store-error"


class AccessDeniedError(StoreError, PermissionError):
    """The credentials may not do this."""

    code = "access-denied"


class WrongRegionError(StoreError):
    """The bucket lives in another region than the one that was asked."""

    code = "wrong-region"


class StoreUnavailableError(StoreError, ConnectionError):
    """The store could not be reached, or was too busy; nothing is known to be written."""

    code = "store-unavailable"


class OutcomeUnknownError(StoreError, ConnectionError):
    """A write got no answer: it may or may not have happened. Repeating it is safe."""

    code = "outcome-unknown"


class DeliveryError(VersionedError, ConnectionError):
    """A hook could not be told of a change. The change itself stands."""

    code = "delivery-failed"

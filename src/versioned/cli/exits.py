"""Exit codes, and the few errors that only a command line has."""

from __future__ import annotations

from enum import IntEnum

from versioned.errors import (
    AccessDeniedError,
    ConflictError,
    ContaminatedError,
    DeliveryError,
    GateRefusedError,
    IntegrityError,
    InvalidInputError,
    LatestVersionError,
    NotFoundError,
    OutcomeUnknownError,
    RankInUseError,
    RankProtectedError,
    StoreUnavailableError,
    VersionedError,
    VersionInUseError,
)
from versioned.images.errors import (
    ImageInUseError,
    IncompleteDeletionError,
    ReferencesUnknownError,
    RepositoryRetainedError,
    UnsupportedByRegistryError,
)


class Exit(IntEnum):
    """What a command ends with. Stable: scripts rely on these."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    INTEGRITY = 5
    UNAVAILABLE = 6
    DENIED = 7
    NEEDS_YES = 8
    FINDINGS = 9
    REFUSED = 10
    ROLLED_BACK = 11
    INTERRUPTED = 130
    BROKEN_PIPE = 141


MEANINGS = {
    Exit.OK: "done",
    Exit.FAILURE: "any other failure",
    Exit.USAGE: "wrong usage or invalid input",
    Exit.NOT_FOUND: "no such repository, artifact, version, alias, image or package",
    Exit.CONFLICT: "somebody else was faster, an expectation is not met, or it is in use",
    Exit.INTEGRITY: "damaged or foreign bytes",
    Exit.UNAVAILABLE: "the store can't be reached, or it is unknown whether it did it",
    Exit.DENIED: "access denied",
    Exit.NEEDS_YES: "the plan was shown; --yes carries it out",
    Exit.FINDINGS: "something is left: not mended by doctor, or not deleted by the registry",
    Exit.REFUSED: "a gate is not met, a rank is moved another way, or who uses an image is not known",
    Exit.ROLLED_BACK: "a rollout failed its checks: it was rolled back, or frozen",
    Exit.INTERRUPTED: "interrupted",
    Exit.BROKEN_PIPE: "whoever read the output went away",
}

_BY_ERROR: tuple[tuple[type[Exception], Exit], ...] = (
    (NotFoundError, Exit.NOT_FOUND),
    (InvalidInputError, Exit.USAGE),
    (LatestVersionError, Exit.USAGE),
    (ConflictError, Exit.CONFLICT),
    (VersionInUseError, Exit.CONFLICT),
    (RankInUseError, Exit.CONFLICT),
    (ImageInUseError, Exit.CONFLICT),
    (RepositoryRetainedError, Exit.CONFLICT),
    (RankProtectedError, Exit.REFUSED),
    (GateRefusedError, Exit.REFUSED),
    (ReferencesUnknownError, Exit.REFUSED),
    (UnsupportedByRegistryError, Exit.USAGE),
    (IncompleteDeletionError, Exit.FINDINGS),
    (DeliveryError, Exit.UNAVAILABLE),
    (IntegrityError, Exit.INTEGRITY),
    (ContaminatedError, Exit.INTEGRITY),
    (AccessDeniedError, Exit.DENIED),
    (StoreUnavailableError, Exit.UNAVAILABLE),
    (OutcomeUnknownError, Exit.UNAVAILABLE),
)


class NeedsYesError(VersionedError):
    """The plan was shown and nothing was changed."""

    code = "needs-yes"

    def __init__(self) -> None:
        super().__init__(
            "this is the plan, nothing was changed", hint="repeat with --yes to carry it out"
        )


class FileExistsDifferentlyError(ConflictError):
    """The file that a download is for holds something else."""

    code = "file-exists"


class UnmendedError(VersionedError):
    """The doctor found something that is not mended."""

    code = "unmended-findings"


def exit_code(error: BaseException) -> Exit:
    """The code that a command ends with after an error."""
    if isinstance(error, NeedsYesError):
        return Exit.NEEDS_YES
    if isinstance(error, UnmendedError):
        return Exit.FINDINGS
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.FAILURE)

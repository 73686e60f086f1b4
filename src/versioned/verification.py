"""Reading everything again, or a sample of it, to prove that the bytes are still right."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from versioned import layout
from versioned.context import Context
from versioned.errors import (
    ArtifactNotFoundError,
    ContaminatedError,
    ContentMismatchError,
    InvalidInputError,
    InvalidNameError,
    ObjectNotFoundError,
)
from versioned.models import Artifact
from versioned.transfer import VerifiedReader
from versioned.versions import get_version, list_versions


@dataclass(frozen=True, slots=True)
class VerifiedVersion:
    """One version that was read; `message` says what is wrong with it, if not `ok`."""

    artifact: Artifact
    ok: bool
    message: str

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """Every version that was read, how many there were to choose from, and, a sentence each,
    the artifacts that can't even be listed."""

    verified: tuple[VerifiedVersion, ...]
    total: int
    unreadable: tuple[str, ...] = ()

    @property
    def damaged(self) -> tuple[VerifiedVersion, ...]:
        """The versions whose bytes are not those that were published."""
        return tuple(version for version in self.verified if not version.ok)

    @property
    def ok(self) -> bool:
        """Whether all can be listed, and nothing that was read is damaged."""
        return not self.damaged and not self.unreadable

    def to_dict(self) -> dict[str, Any]:
        """The report, ready for JSON."""
        return {
            "ok": self.ok,
            "total": self.total,
            "unreadable": list(self.unreadable),
            "verified": [version.to_dict() for version in self.verified],
        }


def verify(
    context: Context,
    names: Sequence[str],
    *,
    version: int | str | None,
    sample: float,
    progress: Callable[[VerifiedVersion], None] | None,
) -> VerificationReport:
    """Hash the versions of these artifacts; see `Repository.verify`."""
    if not 0 < sample <= 1:
        raise InvalidInputError(f"a sample of {sample}", hint="more than 0, at most 1 (all)")
    found: list[Artifact] = []
    unreadable: list[str] = []
    for name in names:
        try:
            if version is None:
                found += list_versions(context, name)
            else:
                found.append(get_version(context, name, version))
        except (ContaminatedError, InvalidNameError) as error:
            unreadable.append(str(error))
        except ArtifactNotFoundError:
            if version is not None:
                raise
    chosen = found if sample == 1 else random.sample(found, math.ceil(len(found) * sample))
    verified = []
    for artifact in chosen:
        verified.append(_verify_one(context, artifact))
        if progress:
            progress(verified[-1])
    return VerificationReport(tuple(verified), len(found), tuple(unreadable))


def _verify_one(context: Context, artifact: Artifact) -> VerifiedVersion:
    key = layout.version_key(artifact.name, artifact.version, context.suffix)
    digest = hashlib.sha256()
    try:
        reader = VerifiedReader(context, key)
        for chunk in reader.chunks():
            digest.update(chunk)
        reader.check(digest.hexdigest())
    except ObjectNotFoundError:
        return VerifiedVersion(artifact, ok=True, message="deleted while verifying")
    except (ContentMismatchError, ContaminatedError) as error:
        return VerifiedVersion(artifact, ok=False, message=error.message)
    return VerifiedVersion(artifact, ok=True, message="")

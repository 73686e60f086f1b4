"""Release management for binaries on plain object storage."""

from versioned.cache import Cache
from versioned.errors import VersionedError
from versioned.models import Alias, Artifact, LedgerEntry, VersionDetails
from versioned.pipelines.pipeline import Pipeline
from versioned.repository import Repository
from versioned.rollouts.rollouts import Rollouts
from versioned.targets import ABSENT

__all__ = [
    "ABSENT",
    "Alias",
    "Artifact",
    "Cache",
    "LedgerEntry",
    "Pipeline",
    "Repository",
    "Rollouts",
    "VersionDetails",
    "VersionedError",
]

"""The errors under the import path of versioned 1.0.1; the whole tree is `versioned.errors`."""

from __future__ import annotations

from versioned.errors import AliasNotFoundError, ArtifactNotFoundError, ArtifactS3BackendError

__all__ = ["AliasNotFoundError", "ArtifactNotFoundError", "ArtifactS3BackendError"]

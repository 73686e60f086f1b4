"""The import path of versioned 1.0.1: `from versioned.api import s3_only_backend`.

Importing it imports neither boto3 nor anything else that is slow.
"""

from __future__ import annotations

from versioned import exc, s3_only_backend
from versioned.layout import METADATA_KEY_ARTIFACT_SHA256, S3_PREFIX, VERSION_ZFILL
from versioned.naming import LATEST_VERSION

__all__ = [
    "LATEST_VERSION",
    "METADATA_KEY_ARTIFACT_SHA256",
    "S3_PREFIX",
    "VERSION_ZFILL",
    "exc",
    "s3_only_backend",
]

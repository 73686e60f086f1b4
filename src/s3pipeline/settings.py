"""What comes from the environment where no argument is given: the only room that reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from s3pipeline.errors import NotConfiguredError

BUCKET_VARIABLE = "AWS_S3_BUCKET"
RANKS_VARIABLE = "AWS_S3_RANKS"


def bucket_from(environ: Mapping[str, str] = os.environ) -> str:
    """The name in AWS_S3_BUCKET. Raises NotConfiguredError where it is missing or empty."""
    return _setting(environ, BUCKET_VARIABLE, "the bucket that the releases are in")


def ranks_from(environ: Mapping[str, str] = os.environ) -> str:
    """The ranks in AWS_S3_RANKS, as they stand there. Raises NotConfiguredError where it is
    missing or empty."""
    return _setting(environ, RANKS_VARIABLE, 'the ranks in order, like "qa, staging, production"')


def _setting(environ: Mapping[str, str], variable: str, meaning: str) -> str:
    value = environ.get(variable, "").strip()
    if not value:
        raise NotConfiguredError(f"{variable} is not set", hint=f"it names {meaning}")
    return value

"""What the bucket says about one release. Pure: no I/O."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

VERSION_KEY = "version"
UPLOADED_KEY = "uploaded_timestamp"
SHA256_KEY = "s3promote-sha256"
PATH_KEY = "s3promote-path"

_SHA256_DIGITS = 64
_MAX_PATH_BYTES = 900
_HASHED = "sha256:"


@dataclass(frozen=True, slots=True)
class Held:
    """An object as one answer of the store showed it.

    `etag` has no quotes. `metadata` has its keys in lower case, and the underscore of
    `uploaded_timestamp` that some servers make a hyphen. `headers` are the fields of
    a request that would give a copy the same type, encoding and caching. `nonce` tells one
    write from another that wrote the same bytes, where this package wrote them.
    """

    key: str
    size: int
    etag: str
    modified: datetime
    metadata: Mapping[str, str]
    headers: Mapping[str, Any] = field(default_factory=dict)
    nonce: str | None = None
    tag_count: int = 0

    @property
    def version(self) -> str:
        """What the metadata says; for an object without it, when it was written."""
        return self.metadata.get(VERSION_KEY) or str(self._modified_timestamp)

    @property
    def uploaded_timestamp(self) -> int:
        """In milliseconds since 1970; of an object without it, when it was written."""
        text = self.metadata.get(UPLOADED_KEY, "").strip()
        return int(text) if text.isascii() and text.isdigit() else self._modified_timestamp

    @property
    def sha256(self) -> str | None:
        """As recorded at upload, in lower-case hex; `None` where it was not."""
        text = self.metadata.get(SHA256_KEY, "").lower()
        is_hex = len(text) == _SHA256_DIGITS and not set(text) - set("0123456789abcdef")
        return text if is_hex else None

    @property
    def path(self) -> str | None:
        """The relative path it was uploaded from; `None` where it was not recorded. Of a very
        long path only `sha256:...` is known."""
        encoded = self.metadata.get(PATH_KEY)
        return unquote(encoded, errors="surrogateescape") if encoded else None

    @property
    def _modified_timestamp(self) -> int:
        return int(self.modified.timestamp() * 1000)

    def is_same_write(self, other: Held) -> bool:
        """Whether two answers showed the same object; equal bytes are not enough."""
        return (self.etag, self.nonce, dict(self.metadata)) == (
            other.etag,
            other.nonce,
            dict(other.metadata),
        )

    def labelled(self, sha256: str) -> dict[str, str]:
        """The metadata for a copy of it: all that it has, and what was only implied."""
        return label(
            self.metadata,
            version=self.version,
            uploaded_timestamp=self.uploaded_timestamp,
            sha256=self.sha256 or sha256,
            path=self.path,
        )


def label(
    others: Mapping[str, str],
    *,
    version: str,
    uploaded_timestamp: int,
    sha256: str,
    path: str | None,
) -> dict[str, str]:
    """The metadata of a release."""
    metadata = {
        **others,
        VERSION_KEY: version,
        UPLOADED_KEY: str(uploaded_timestamp),
        SHA256_KEY: sha256,
    }
    if path is not None:
        metadata[PATH_KEY] = _encoded(recorded_path(path))
    return metadata


def recorded_path(path: str) -> str:
    """A path as it is kept, and so as it is compared: a very long one as its hash."""
    encoded = _encoded(path)
    if len(encoded) <= _MAX_PATH_BYTES:
        return path
    return _HASHED + hashlib.sha256(encoded.encode()).hexdigest()


def _encoded(path: str) -> str:
    return quote(os.fsencode(path), safe="/:")


def read_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Metadata as a store handed it back, made one: Ceph gives `uploaded-timestamp`, rclone
    `Uploaded_timestamp`."""
    lowered = {key.lower(): value for key, value in metadata.items()}
    return {UPLOADED_KEY if _is_uploaded(key) else key: value for key, value in lowered.items()}


def _is_uploaded(key: str) -> bool:
    return key.replace("-", "_") == UPLOADED_KEY

"""From a ref to proved bytes: resolve, look into the cache, read what is missing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from versioned import layout, transfer
from versioned.aliases import get_alias
from versioned.cache import Cache
from versioned.context import Context
from versioned.errors import InvalidInputError, ObjectNotFoundError
from versioned.references import Reference
from versioned.stores.base import Progress
from versioned.versions import head_version, not_found, sha256_of


@dataclass(frozen=True, slots=True)
class Resolved:
    """The version that a ref means; `sha256` where it was known without asking further."""

    name: str
    version: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A version that was written somewhere. `cached` tells that its bytes came from the cache."""

    name: str
    version: str
    sha256: str
    size: int
    cached: bool


def resolve(context: Context, reference: str, *, key: str | None) -> Resolved:
    """At most one request. Raises InvalidReferenceError, AliasNotFoundError."""
    parsed = Reference.parse(reference)
    if parsed.alias is None:
        return Resolved(parsed.name, layout.normalize_version(parsed.version))
    alias = get_alias(context, parsed.name, parsed.alias)
    version = alias.version if key is None else alias.route(key)
    if version == layout.LATEST_VERSION:  # it may hold other bytes by now
        return Resolved(parsed.name, version)
    return Resolved(parsed.name, version, alias.sha256_of(version))


def read(context: Context, name: str, version: int | str | None) -> bytes:
    """Raises ArtifactNotFoundError, ContentMismatchError."""
    normal = layout.normalize_version(version)
    try:
        return transfer.read_bytes(context, layout.version_key(name, normal, context.suffix))
    except ObjectNotFoundError as error:
        raise not_found(name, normal) from error


def download(
    context: Context,
    cache: Cache | None,
    wanted: Resolved,
    to: str | os.PathLike[str] | BinaryIO,
    progress: Progress | None,
) -> Download:
    """Raises ArtifactNotFoundError, ContentMismatchError."""
    name, version = wanted.name, wanted.version
    key = layout.version_key(name, version, context.suffix)
    try:
        if not isinstance(to, (str, os.PathLike)):
            reader = transfer.VerifiedReader(context, key, meant=wanted.sha256)
            transfer.read_to_file(reader, to, progress)
            return Download(name, version, reader.sha256, reader.info.size, cached=False)
        path = Path(to)
        if not path.name or path.is_dir():
            raise InvalidInputError(f"{str(to)!r} is a directory", hint="name a file in it")
        if cache:
            sha256 = wanted.sha256 or sha256_of(head_version(context, name, version))
            if cache.copy_to(sha256, path):
                return Download(name, version, sha256, path.stat().st_size, cached=True)
        reader = transfer.VerifiedReader(context, key, meant=wanted.sha256)
        transfer.read_to_path(reader, path, progress)
    except ObjectNotFoundError as error:
        raise not_found(name, version) from error
    if cache:
        cache.add(reader.sha256, path)
    return Download(name, version, reader.sha256, reader.info.size, cached=False)

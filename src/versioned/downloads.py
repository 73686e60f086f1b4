"""From a ref to proved bytes: resolve, look into the cache, read what is missing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from versioned import layout, naming, transfer
from versioned.aliases import get_alias
from versioned.cache import Cache
from versioned.context import Context
from versioned.errors import ArtifactNotFoundError, InvalidInputError, ObjectNotFoundError
from versioned.looking_back import alias_at
from versioned.models import Alias
from versioned.references import Reference
from versioned.stores.base import Progress
from versioned.versions import head_version, not_found, sha256_of

_TOLD_IN = timedelta(seconds=1)
"""S3 tells the time of an object in whole seconds."""


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
    """At most one request, unless a time is named. Raises as `Repository.resolve`."""
    parsed = Reference.parse(reference)
    if parsed.alias is None:
        return Resolved(parsed.name, layout.normalize_version(parsed.version))
    if parsed.at is not None:
        alias = alias_at(context, parsed.name, parsed.alias, parsed.at)
        return _resolve_then(context, parsed, alias, parsed.at, key=key)
    alias = get_alias(context, parsed.name, parsed.alias)
    version = alias.version if key is None else alias.route(key)
    if version == naming.LATEST_VERSION:  # it may hold other bytes by now
        return Resolved(parsed.name, version)
    return Resolved(parsed.name, version, alias.sha256_of(version))


def _resolve_then(
    context: Context, reference: Reference, alias: Alias, moment: datetime, *, key: str | None
) -> Resolved:
    """The version of a past state, if its bytes are still what they were."""
    name, version = alias.name, alias.version if key is None else alias.route(key)
    hint = f"versioned ls {name} shows what there is"
    try:
        info = head_version(context, name, version)
    except ArtifactNotFoundError as error:
        raise ArtifactNotFoundError(
            f"{reference} was version {version}, which is not there any more", hint=hint
        ) from error
    known = alias.sha256_of(version)
    if version != naming.LATEST_VERSION:
        return Resolved(name, version, known)
    doubt = timedelta(0) if sha256_of(info) == known else _TOLD_IN
    if info.modified + doubt > moment:
        raise ArtifactNotFoundError(
            f"{reference} was {version}, which was overwritten since", hint=hint
        )
    return Resolved(name, version, sha256_of(info))


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

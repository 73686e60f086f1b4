"""Putting LATEST: content, with what its publisher says about it."""

from __future__ import annotations

import mimetypes
import os
from dataclasses import replace
from urllib.parse import quote

from versioned import layout, naming
from versioned.content import Content, Source
from versioned.context import Context
from versioned.errors import InvalidInputError
from versioned.models import Artifact
from versioned.steps import or_none
from versioned.stores.attributes import validate_attributes
from versioned.stores.base import Attributes, Progress
from versioned.versions import FORMAT_KEYS, artifact_of


def put_latest(
    context: Context,
    name: str,
    source: Source,
    *,
    content_type: str | None,
    metadata: dict[str, str] | None,
    tags: dict[str, str] | None,
    progress: Progress | None,
) -> Artifact:
    """Store content as LATEST, unless LATEST holds these bytes already. One or two requests."""
    key = layout.version_key(name, None, context.suffix)
    attributes = _attributes(source, (name, f"x{context.suffix}"), content_type, metadata, tags)
    with Content.open(source) as content:
        attributes = _with_identity(attributes, name, content.sha256)
        validate_attributes(attributes)
        found = or_none(lambda: context.store.head(key))
        if found and found.metadata.get(layout.METADATA_KEY_ARTIFACT_SHA256) == content.sha256:
            if progress:
                progress(content.size, content.size)
            return artifact_of(context, name, naming.LATEST_VERSION, found)
        info = context.store.put(
            key,
            content,
            attributes=attributes,
            resume_key=layout.upload_key(name, content.sha256),
            progress=progress,
        )
    return artifact_of(
        context, name, naming.LATEST_VERSION, replace(info, metadata=attributes.metadata)
    )


def _attributes(
    source: Source,
    names: tuple[str, str],
    content_type: str | None,
    metadata: dict[str, str] | None,
    tags: dict[str, str] | None,
) -> Attributes:
    reserved = [key for key in metadata or {} if _spelled(key) in map(_spelled, FORMAT_KEYS)]
    if reserved:
        raise InvalidInputError(
            f"metadata key {reserved[0]!r} belongs to the format", hint="choose another key"
        )
    if len({_spelled(key) for key in metadata or {}}) < len(metadata or {}):
        raise InvalidInputError(
            "two metadata keys differ only in case, or in '-' and '_'",
            hint="stores don't tell these apart; rename one",
        )
    path = (str(source),) if isinstance(source, (str, os.PathLike)) else ()
    guesses = (mimetypes.guess_type(text)[0] for text in (*path, *names))
    return Attributes(
        metadata=dict(metadata or {}),
        content_type=content_type or next(filter(None, guesses), None),
        tags=dict(tags or {}),
    )


def _with_identity(attributes: Attributes, name: str, sha256: str) -> Attributes:
    """The name goes into a header, so one that is not ASCII is percent-encoded there."""
    return replace(
        attributes,
        metadata={
            **attributes.metadata,
            layout.METADATA_KEY_ARTIFACT_NAME: name if name.isascii() else quote(name),
            layout.METADATA_KEY_ARTIFACT_SHA256: sha256,
        },
    )


def _spelled(key: str) -> str:
    """Servers change the case of a key, and `_` to `-`: then these two are one."""
    return key.lower().replace("_", "-")

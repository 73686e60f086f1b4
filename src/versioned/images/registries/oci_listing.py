"""The images of a repository of any registry, as far as anything leads to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from versioned.errors import NotFoundError
from versioned.images.attachment_tag import subject_by_tag
from versioned.images.manifest import Manifest, digest_of
from versioned.images.registries.oci_blobs import read_blob
from versioned.images.registries.oci_survey import Survey, at_once, survey
from versioned.images.registries.transport import Transport
from versioned.images.registry import StoredImage

_CREATED = "org.opencontainers.image.created"
_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_MAX_CONFIG = 4 * 1024 * 1024


def list_images(transport: Transport, repository: str) -> list[StoredImage]:
    """See `Registry`. Requests: one for each tag, for each child, for the config of each image that
    doesn't say in an annotation when it was made, and for the referrers of each.

    A manifest of a kind that is not understood is listed without size. A tag that
    names nothing that is there has no image, and is left to `list_tags`. An index that doesn't say
    when it was made is as old as the newest of its children, where all of them are there.
    """
    seen = survey(transport, repository, referrers=True)
    manifests = list(seen.manifests.values())
    times = at_once(lambda one: _created(transport, repository, one), manifests)
    return stored_images(seen, dict(zip(seen.manifests, times, strict=True)))


def stored_images(
    seen: Survey, times: Mapping[str, datetime | None] = MappingProxyType({})
) -> list[StoredImage]:
    """What was seen, with what each says of when it was made, by digest; sorted: tagged first,
    by tag."""
    images = [
        _image(one, seen, times.get(one.digest) or _newest(one, seen, times))
        for one in seen.manifests.values()
    ]
    images += [
        StoredImage(
            one.digest,
            seen.tags_of(one.digest),
            one.media_type,
            children=one.children,
            subject=one.subject,
        )
        for one in seen.foreign.values()
    ]
    return sorted(images, key=lambda one: (not one.tags, one.tags, one.digest))


def _image(manifest: Manifest, seen: Survey, created_at: datetime | None) -> StoredImage:
    tags = seen.tags_of(manifest.digest)
    return StoredImage(
        manifest.digest,
        tags,
        manifest.media_type,
        size=manifest.size,
        created_at=created_at,
        children=tuple(child.digest for child in manifest.children),
        subject=manifest.subject or _tied_to(tags, manifest),
        artifact_type=manifest.artifact_type,
    )


def _tied_to(tags: Iterable[str], manifest: Manifest) -> str | None:
    """The digest that its tags tie it to; none where it has another tag, too."""
    subjects = {
        subject_by_tag(tag, digest=manifest.digest, media_type=manifest.media_type) for tag in tags
    }
    return subjects.pop() if len(subjects) == 1 else None


def _newest(
    manifest: Manifest, seen: Survey, times: Mapping[str, datetime | None]
) -> datetime | None:
    if any(child.digest not in seen.manifests for child in manifest.children):
        return None
    known = [times.get(child.digest) for child in manifest.children]
    return max((moment for moment in known if moment), default=None)


def _created(transport: Transport, repository: str, manifest: Manifest) -> datetime | None:
    """What the image says of itself."""
    noted = _moment(manifest.annotations.get(_CREATED))
    config = manifest.config
    if noted or not config or config.media_type not in _CONFIGS or config.size > _MAX_CONFIG:
        return noted
    content = b""
    try:
        with read_blob(transport, repository, config.digest) as chunks:
            for chunk in chunks:
                content += chunk
                if len(content) > config.size:
                    return None
    except NotFoundError:
        return None
    if digest_of(content) != config.digest:
        return None
    try:
        return _moment(json.loads(content)["created"])
    except (ValueError, RecursionError, LookupError, TypeError):
        return None


def _moment(text: object) -> datetime | None:
    """Of an RFC 3339 time; none for Go's zero, which stands for no time at all."""
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is None or moment.year == 1:
            return None
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None

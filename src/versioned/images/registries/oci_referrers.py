"""Who refers to a digest: by the referrers API, or by the tag that stands in for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Any

from versioned.errors import StoreUnavailableError, VersionedError
from versioned.images.attachment_tag import AttachmentTag
from versioned.images.errors import RegistryError
from versioned.images.manifest import OCI_INDEX, Descriptor, Manifest
from versioned.images.reference import validate_digest, validate_repository
from versioned.images.registries.oci_manifests import (
    ask_manifest,
    delete_manifest,
    put_manifest,
)
from versioned.images.registries.oci_pages import pages
from versioned.images.registries.tokens import Access
from versioned.images.registries.transport import PAGE_SIZE, Transport
from versioned.images.registry import Undeleted

_Entry = dict[str, Any]
_NOT_OFFERED = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.NOT_IMPLEMENTED,
)
_TRIES = 5


def list_referrers(transport: Transport, repository: str, digest: str) -> list[Descriptor]:
    """See `Registry`."""
    found = ask_referrers(transport, repository, digest)
    if found is not None:
        return found
    answer = ask_manifest(transport, repository, _tag_for(digest))
    if answer.is_missing:
        return []
    index = Manifest.parse(answer.body, media_type=answer.headers.get("Content-Type"))
    return list(index.children) if index.is_index else []


def ask_referrers(transport: Transport, repository: str, digest: str) -> list[Descriptor] | None:
    """What the referrers API says, `None` where there is no such API."""
    path = f"/v2/{validate_repository(repository)}/referrers/{validate_digest(digest)}"
    access = Access(repository)
    first = transport.request("GET", path, access, headers={"Accept": OCI_INDEX}, limit=PAGE_SIZE)
    kind = (first.headers.get("Content-Type") or "").partition(";")[0].strip()
    if first.status in _NOT_OFFERED or (first.is_good and kind != OCI_INDEX):
        return None
    indexes = (
        Manifest.parse(answer.body, media_type=OCI_INDEX)
        for answer in pages(transport, first, access)
    )
    return list({child.digest: child for index in indexes for child in index.children}.values())


def list_under_tag(transport: Transport, repository: str, manifest: Manifest) -> None:
    """Let the referrers tag of its subject list it, which is the writer's task where the registry
    has no such API. Idempotent. Raises StoreUnavailableError where others keep undoing it."""
    entry = manifest.descriptor.to_dict() | {"artifactType": manifest.artifact_type}
    if manifest.annotations:
        entry["annotations"] = dict(manifest.annotations)

    def with_it(entries: list[_Entry]) -> list[_Entry]:
        is_there = any(one["digest"] == manifest.digest for one in entries)
        return entries if is_there else [*entries, entry]

    _change(transport, repository, _tag_for(str(manifest.subject)), with_it)


def strike_from_tags(
    transport: Transport, repository: str, digests: Collection[str], tags: Collection[str]
) -> list[Undeleted]:
    """Let none of the referrers tags among `tags` list what is gone; those where that failed."""
    failures = []
    for tag in tags:
        found = AttachmentTag.parse(tag)
        if found is None or found.kind:
            continue
        try:
            _change(transport, repository, tag, lambda found: _without(found, digests))
        except VersionedError as error:
            failures.append(Undeleted(tag, f"it still lists what is gone: {error.message}"))
    return failures


def _change(
    transport: Transport,
    repository: str,
    tag: str,
    change: Callable[[list[_Entry]], list[_Entry]],
) -> None:
    """Read, change, write, and read again until the change stands. Registries have no
    compare-and-set: what another process writes between the first two can be lost."""
    with transport.referrers:
        for _ in range(_TRIES):
            if _changed(transport, repository, tag, change):
                return
    raise StoreUnavailableError(
        f"{repository}:{tag}, the list of referrers, is being changed by others all the time",
        hint="try again in a moment",
    )


def _changed(
    transport: Transport,
    repository: str,
    tag: str,
    change: Callable[[list[_Entry]], list[_Entry]],
) -> bool:
    """Whether it stood so already; else it was written, and is to be looked at again."""
    document, digest = _index(transport, repository, tag)
    found = document["manifests"]
    wanted = change(found)
    if wanted == found:
        return True
    if not wanted:
        answer = delete_manifest(transport, repository, str(digest))
        if answer.is_good or answer.is_missing:
            return True
        raise answer.failure()
    try:
        _put(transport, repository, tag, document | {"manifests": wanted})
    except RegistryError:  # some registries insist on all children
        present = [one for one in wanted if _is_there(transport, repository, one["digest"])]
        if present == wanted:
            raise
        _put(transport, repository, tag, document | {"manifests": present})
    return False


def _index(transport: Transport, repository: str, tag: str) -> tuple[dict[str, Any], str | None]:
    answer = ask_manifest(transport, repository, tag)
    if answer.is_missing:
        return {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}, None
    index = Manifest.parse(answer.body, media_type=answer.headers.get("Content-Type"))
    if not index.is_index:
        raise RegistryError(
            f"{repository}:{tag} is no list of referrers, though that is what the tag is for",
            hint="delete that tag",
        )
    document = json.loads(index.content)
    return document | {"manifests": document.get("manifests") or []}, index.digest


def _put(transport: Transport, repository: str, tag: str, document: dict[str, Any]) -> None:
    put_manifest(transport, repository, Manifest.parse(json.dumps(document).encode()), tag)


def _is_there(transport: Transport, repository: str, digest: str) -> bool:
    return ask_manifest(transport, repository, digest).is_good


def _without(entries: list[_Entry], digests: Collection[str]) -> list[_Entry]:
    return [one for one in entries if one["digest"] not in digests]


def _tag_for(digest: str) -> str:
    """The specification cuts what is longer."""
    algorithm, _, encoded = digest.partition(":")
    return f"{algorithm}-{encoded[:64]}"

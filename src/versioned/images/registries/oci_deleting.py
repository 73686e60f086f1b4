"""Deleting from any registry, so that what is said to be gone is gone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from versioned.errors import NotFoundError, StoreError
from versioned.images.errors import (
    ImageNotFoundError,
    ImageRepositoryNotEmptyError,
)
from versioned.images.graph import ImageGraph
from versioned.images.manifest import OCI_MANIFEST, Descriptor, Manifest, digest_of
from versioned.images.reference import validate_digest, validate_tag
from versioned.images.registries.oci_blobs import write_blob
from versioned.images.registries.oci_listing import stored_images
from versioned.images.registries.oci_manifests import (
    ask_manifest,
    delete_manifest,
    named,
    put_manifest,
    resolve,
)
from versioned.images.registries.oci_pages import list_tags
from versioned.images.registries.oci_referrers import strike_from_tags
from versioned.images.registries.oci_survey import survey
from versioned.images.registries.transport import Transport
from versioned.images.registry import Deletion, Undeleted

_NOT_BY_TAG = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
)
_EMPTY = b"{}"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
_STILL_THERE = "it is still there"
_NOT_REACHED = "not tried, since the one before it failed: "


def delete_images(transport: Transport, repository: str, digests: Iterable[str]) -> Deletion:
    """See `Registry`. One after the other; referrers tags that list what is gone are mended.

    Where the registry denies access or is not reached after something was deleted, the rest is
    among the failures, so that nothing that is gone is forgotten. Raises where nothing was done.
    """
    wanted = list(dict.fromkeys(validate_digest(digest) for digest in digests))
    try:
        before = list_tags(transport, repository) if wanted else []
    except NotFoundError:
        return Deletion(repository, tuple(wanted))
    gone, failures = _delete(transport, repository, wanted)
    if not gone:
        return Deletion(repository, failures=tuple(failures))
    try:
        after = set(_tags_left(transport, repository))
    except StoreError:
        return Deletion(repository, tuple(gone), failures=tuple(failures))
    failures += strike_from_tags(transport, repository, set(gone), after)
    tags = tuple(tag for tag in before if tag not in after)
    return Deletion(repository, tuple(gone), tags, tuple(failures))


def _delete(
    transport: Transport, repository: str, digests: Sequence[str]
) -> tuple[list[str], list[Undeleted]]:
    gone: list[str] = []
    failures: list[Undeleted] = []
    for number, digest in enumerate(digests):
        try:
            answer = delete_manifest(transport, repository, digest)
        except StoreError as error:
            if not gone:
                raise
            failures.append(Undeleted(digest, error.message))
            rest = digests[number + 1 :]
            failures += [Undeleted(one, f"{_NOT_REACHED}{error.message}") for one in rest]
            break
        if answer.is_good or answer.is_missing:
            gone.append(digest)
        else:
            failures.append(Undeleted(digest, answer.reason))
    return gone, failures


def delete_tag(transport: Transport, repository: str, tag: str) -> Deletion:
    """See `Registry`. An image that an index lists stays, too. Requests: one for each tag.

    Where the registry can't delete a tag alone, the tag is moved to an empty image, and that is
    deleted; in between, the tag names the empty one.
    """
    validate_tag(tag)
    seen = survey(transport, repository, referrers=False)
    digest = seen.tags.get(tag)
    if digest is None and tag not in seen.dangling:
        raise ImageNotFoundError(
            f"{transport.origin.host} has no {repository}:{tag}",
            hint="versioned images tags shows what there is",
        )
    if digest is not None and seen.tags_of(digest) == (tag,) and not seen.holders_of(digest):
        return delete_images(transport, repository, [digest])
    answer = delete_manifest(transport, repository, tag)
    if answer.is_good:
        return Deletion(repository, tags=(tag,))
    if answer.is_missing or answer.status in _NOT_BY_TAG:
        return _by_replacing(transport, repository, tag, digest)
    return Deletion(repository, failures=(Undeleted(tag, answer.reason),))


def delete_repository(transport: Transport, repository: str, *, force: bool) -> Deletion:
    """See `Registry`. With `force` every image that can be seen goes; tags that are still there
    afterwards are among the failures. Few registries let go of the name: it may stay in their
    catalog, and what nothing leads to stays until they collect garbage."""
    if not force:
        if tags := list_tags(transport, repository):
            raise ImageRepositoryNotEmptyError(
                f"{repository} has images, with {len(tags)} tags such as {tags[0]}",
                hint="--force deletes the images, too",
            )
        return Deletion(repository)
    seen = survey(transport, repository, referrers=True)
    graph = ImageGraph(stored_images(seen))
    waves = graph.removal_waves(list(graph.images))
    deletions = [delete_images(transport, repository, [one for wave in waves for one in wave])]
    deletions += [_by_replacing(transport, repository, tag, None) for tag in seen.dangling]
    failures = [failure for deletion in deletions for failure in deletion.failures]
    said = {failure.identity for failure in failures}
    left = _tags_left(transport, repository)
    failures += [
        Undeleted(tag, _STILL_THERE)
        for tag in left
        if tag not in said and seen.tags.get(tag) not in said
    ]
    untagged = tuple(tag for deletion in deletions for tag in deletion.tags)
    return Deletion(repository, deletions[0].digests, untagged, tuple(failures))


def _tags_left(transport: Transport, repository: str) -> list[str]:
    try:
        return list_tags(transport, repository)
    except NotFoundError:  # some forget a repository with its last tag
        return []


def _by_replacing(transport: Transport, repository: str, tag: str, digest: str | None) -> Deletion:
    """Move a tag from `digest` (`None`: from nothing that is there) to an image that nobody else
    has, and delete that one. Where it is not deleted, the tag is moved back."""
    if _named_by(transport, repository, tag) != digest:
        return Deletion(repository, tags=(tag,))  # gone, or given to another image just now
    before = _any_manifest(transport, repository, digest) if digest else None
    nothing = _nothing()
    write_blob(transport, repository, nothing.blobs[0], [_EMPTY])
    put_manifest(transport, repository, nothing, tag)
    try:
        answer = delete_manifest(transport, repository, nothing.digest)
    except StoreError:
        _move_back(transport, repository, tag, nothing, before)
        raise
    if not answer.is_good and not answer.is_missing:
        _move_back(transport, repository, tag, nothing, before)
        return Deletion(repository, failures=(Undeleted(tag, answer.reason),))
    if before is not None:
        resolve(transport, repository, before.digest)
    return Deletion(repository, tags=(tag,))


def _move_back(
    transport: Transport, repository: str, tag: str, nothing: Manifest, before: Manifest | None
) -> None:
    if before is not None and _named_by(transport, repository, tag) == nothing.digest:
        put_manifest(transport, repository, before, tag)


def _named_by(transport: Transport, repository: str, tag: str) -> str | None:
    try:
        return resolve(transport, repository, tag).digest
    except NotFoundError:
        return None


def _any_manifest(transport: Transport, repository: str, digest: str) -> Manifest:
    """Also one of a kind that is not understood."""
    answer = ask_manifest(transport, repository, digest)
    if not answer.is_good:
        raise answer.failure(named(repository, digest))
    return Manifest(answer.body, answer.headers.get("Content-Type", ""), digest)


def _nothing() -> Manifest:
    """An image with nothing in it, which is no other one's."""
    blob = Descriptor(_EMPTY_TYPE, digest_of(_EMPTY), len(_EMPTY)).to_dict()
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": blob,
        "layers": [blob],
        "annotations": {"versioned.deletes-a-tag": secrets.token_hex(16)},
    }
    return Manifest.parse(json.dumps(document).encode())

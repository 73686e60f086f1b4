"""Manifests in ECR, by its API: what a tag names, the very bytes, and writing them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from versioned.errors import ContentMismatchError
from versioned.images.errors import ImageNotFoundError, RegistryError, TagImmutableError
from versioned.images.manifest import MEDIA_TYPES, Descriptor, Manifest
from versioned.images.reference import validate_digest, validate_tag
from versioned.images.registries.ecr_connection import EcrConnection, in_batches
from versioned.images.registries.ecr_errors import REPOSITORY_NOT_FOUND

_TAKEN = ("ImageAlreadyExistsException", "ImageTagAlreadyExistsException")
_NOT_FOUND = "ImageNotFound"
_REFERRERS_PAGE = 50


def image_id(reference: str) -> dict[str, str]:
    """How ECR names a tag or a digest. Raises InvalidImageError."""
    if ":" in reference:
        return {"imageDigest": validate_digest(reference)}
    return {"imageTag": validate_tag(reference)}


def describe_image(connection: EcrConnection, repository: str, reference: str) -> dict[str, Any]:
    """What ECR says of a tag or a digest. One request. Raises ImageNotFoundError."""
    answer = connection.call("describe_images", repository, imageIds=[image_id(reference)])
    for detail in answer.get("imageDetails", ()):
        return dict(detail)
    raise not_found(connection, repository, reference)


def resolve(connection: EcrConnection, repository: str, reference: str) -> Descriptor:
    """ECR does not tell the size of a manifest unless it is pulled: it is given as 0."""
    detail = describe_image(connection, repository, reference)
    return Descriptor(detail.get("imageManifestMediaType") or "", detail["imageDigest"], 0)


def get_manifest(connection: EcrConnection, repository: str, reference: str) -> Manifest:
    """One request, which to ECR is a pull."""
    found = _batch_get(connection, repository, [image_id(reference)])
    if not found:
        raise not_found(connection, repository, reference)
    return found[0]


def read_manifests(
    connection: EcrConnection, repository: str, digests: Sequence[str]
) -> dict[str, Manifest]:
    """Manifests by digest, without those that are gone."""
    return {
        manifest.digest: manifest
        for batch in in_batches(digests)
        for manifest in _batch_get(connection, repository, [image_id(digest) for digest in batch])
    }


def _batch_get(
    connection: EcrConnection, repository: str, ids: Sequence[dict[str, str]]
) -> list[Manifest]:
    """Those that are there. Raises RegistryError where ECR can't give one that is,
    ContentMismatchError where it gives another than was asked for by digest."""
    answer = connection.call(
        "batch_get_image", repository, imageIds=ids, acceptedMediaTypes=list(MEDIA_TYPES)
    )
    for failure in answer.get("failures", ()):
        if failure.get("failureCode") != _NOT_FOUND:
            named = failure.get("imageId", {})
            raise RegistryError(
                f"{repository} in {connection.region}: the manifest of "
                f"{named.get('imageDigest') or named.get('imageTag')} can't be read: "
                f"{failure.get('failureCode')}: {failure.get('failureReason')}",
                hint="look at it in the console of ECR",
            )
    found = [
        Manifest.parse(
            one["imageManifest"].encode(),
            media_type=one.get("imageManifestMediaType"),
            digest=one["imageId"].get("imageDigest"),
        )
        for one in answer.get("images", ())
    ]
    asked = {one.get("imageDigest") for one in ids}
    for manifest in found:
        if None not in asked and manifest.digest not in asked:
            raise ContentMismatchError(
                f"{repository} in {connection.region} was asked for other manifests than "
                f"{manifest.digest}, which it gave",
                hint="the registry, or something on the way, changed it: don't use it",
            )
    return found


def put_manifest(
    connection: EcrConnection, repository: str, manifest: Manifest, tag: str | None
) -> None:
    """ECR is told the digest, and refuses bytes that have another."""
    try:
        text = manifest.content.decode()
    except UnicodeDecodeError:
        raise RegistryError(
            f"manifest {manifest.digest} is no UTF-8: ECR can't take its very bytes",
            hint="push the image again",
        ) from None
    named = {"imageTag": validate_tag(tag)} if tag is not None else {}
    answer = connection.call_unless(
        _TAKEN,
        "put_image",
        repository,
        imageManifest=text,
        imageManifestMediaType=manifest.media_type,
        imageDigest=manifest.digest,
        **named,
    )
    if answer is None and tag is not None:
        found = resolve(connection, repository, tag).digest
        if found != manifest.digest:
            raise _taken(connection, repository, tag, found)


def check_tag_is_free(connection: EcrConnection, repository: str, tag: str) -> None:
    """One request, and one more where the repository lets no tag of that name move."""
    answer = connection.call_unless((REPOSITORY_NOT_FOUND,), "describe_repositories", repository)
    described = answer["repositories"][0] if answer else {}
    mutability = described.get("imageTagMutability", "MUTABLE")
    filters = described.get("imageTagMutabilityExclusionFilters") or ()
    is_excepted = any(fnmatchcase(tag, one["filter"]) for one in filters)
    if mutability.startswith("IMMUTABLE") == is_excepted:
        return
    with suppress(ImageNotFoundError):
        found = describe_image(connection, repository, tag)
        raise _taken(connection, repository, tag, found["imageDigest"])


def list_referrers(connection: EcrConnection, repository: str, digest: str) -> list[Descriptor]:
    """Those that ECR knows by their subject, and those that a tool of before ECR knew any listed
    under the fallback tag. A request for every fifty, and one for the tag."""
    found = connection.pages(
        "referrers",
        "list_image_referrers",
        repository,
        subjectId={"imageDigest": validate_digest(digest)},
        maxResults=_REFERRERS_PAGE,
    )
    known = [
        Descriptor(
            one["mediaType"],
            validate_digest(one["digest"]),
            one["size"],
            artifact_type=one.get("artifactType"),
        )
        for one in found
    ]
    algorithm, _, encoded = digest.partition(":")
    fallback_tag = f"{algorithm}-{encoded[:64]}"
    listed = _batch_get(connection, repository, [image_id(fallback_tag)])
    fallback = [child for index in listed for child in index.children]
    return list({one.digest: one for one in (*fallback, *known)}.values())


def not_found(connection: EcrConnection, repository: str, reference: str) -> ImageNotFoundError:
    """The error to raise."""
    mark = "@" if ":" in reference else ":"
    return ImageNotFoundError(
        f"{repository}{mark}{reference} is not in {connection.region}",
        hint="versioned images tags NAME has those there are",
    )


def _taken(connection: EcrConnection, repository: str, tag: str, found: str) -> TagImmutableError:
    return TagImmutableError(
        f"{repository} in {connection.region} lets no tag move, and {tag} is {found}",
        hint="use another tag",
    )

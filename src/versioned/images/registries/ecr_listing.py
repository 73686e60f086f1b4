"""What is in ECR: repositories, and images with what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from versioned.images.attachment_tag import subject_by_tag
from versioned.images.manifest import INDEXES, OCI_MANIFEST, Manifest
from versioned.images.registries.ecr_connection import EcrConnection
from versioned.images.registries.ecr_manifests import describe_image, not_found, read_manifests
from versioned.images.registry import ImageRepository, StoredImage

_PAGE = 1000
_PLAIN_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)


def list_repositories(connection: EcrConnection, prefix: str) -> list[ImageRepository]:
    """ECR can't be asked for a prefix: a request for every thousand of the whole registry."""
    found = connection.pages("repositories", "describe_repositories", maxResults=_PAGE)
    repositories = (
        ImageRepository(
            one["repositoryName"],
            f"{connection.host}/{one['repositoryName']}",
            one.get("repositoryArn"),
            _moment(one.get("createdAt")),
            one.get("imageTagMutability"),
        )
        for one in found
        if one["repositoryName"].startswith(prefix)
    )
    return sorted(repositories, key=lambda one: one.name)


def list_images(connection: EcrConnection, repository: str) -> list[StoredImage]:
    """All images that are not archived.

    A request for every thousand images, and one more for every hundred whose manifest has to be
    read: indexes for their children, and what may be a signature or another artifact for its
    subject, where ECR does not tell it. To ECR such a reading is a pull, so `pulled_at` of those
    is a pull of ours once they were listed; unless ECR is told not to count this principal
    (RegisterPullTimeUpdateExclusion). Plain images are not read.
    """
    found = connection.pages("imageDetails", "describe_images", repository, maxResults=_PAGE)
    images = _stored(connection, repository, list(found))
    return sorted(images, key=lambda one: (not one.tags, one.tags, one.digest))


def find_image(connection: EcrConnection, repository: str, reference: str) -> StoredImage:
    """One image as a listing has it. One request, or two. Raises ImageNotFoundError."""
    detail = describe_image(connection, repository, reference)
    for image in _stored(connection, repository, [detail]):
        return image
    raise not_found(connection, repository, reference)


def _stored(
    connection: EcrConnection, repository: str, details: Sequence[Mapping[str, Any]]
) -> list[StoredImage]:
    """Those of them that are still there."""
    tells_subjects = connection.reads("ImageDetail", "subjectManifestDigest")
    unclear = [one["imageDigest"] for one in details if _is_unclear(one, tells_subjects)]
    manifests = read_manifests(connection, repository, unclear)
    gone = set(unclear) - set(manifests)
    return [
        _image(one, manifests.get(one["imageDigest"]))
        for one in details
        if one["imageDigest"] not in gone
    ]


def list_tags(connection: EcrConnection, repository: str) -> list[str]:
    """A request for every thousand images."""
    return sorted(
        {one["imageTag"] for one in list_ids(connection, repository) if "imageTag" in one}
    )


def list_ids(connection: EcrConnection, repository: str) -> list[dict[str, str]]:
    """Each image as often as it has tags, or once; with `imageDigest` and maybe `imageTag`."""
    return list(connection.pages("imageIds", "list_images", repository, maxResults=_PAGE))


def _is_unclear(detail: Mapping[str, Any], tells_subjects: bool) -> bool:  # noqa: FBT001
    """Whether only the manifest says what belongs to the image."""
    media_type = detail.get("imageManifestMediaType")
    if media_type in INDEXES:
        return True
    if media_type not in {OCI_MANIFEST, None} or detail.get("subjectManifestDigest"):
        return False  # Docker's schema 2 has no subjects
    return not (tells_subjects and detail.get("artifactMediaType") in _PLAIN_CONFIGS)


def _image(detail: Mapping[str, Any], manifest: Manifest | None) -> StoredImage:
    """An index has no size: ECR gives it that of its largest child, which would count twice."""
    tags = tuple(sorted(detail.get("imageTags") or ()))
    media_type = detail.get("imageManifestMediaType") or (manifest.media_type if manifest else "")
    subject = detail.get("subjectManifestDigest") or (manifest.subject if manifest else None)
    tied = (
        subject_by_tag(tag, digest=detail["imageDigest"], media_type=media_type) for tag in tags
    )
    return StoredImage(
        detail["imageDigest"],
        tags,
        media_type,
        detail.get("imageSizeInBytes") if media_type not in INDEXES else None,
        pushed_at=_moment(detail.get("imagePushedAt")),
        pulled_at=_moment(detail.get("lastRecordedPullTime")),
        children=tuple(child.digest for child in manifest.children) if manifest else (),
        subject=subject or next(filter(None, tied), None),
        artifact_type=manifest.artifact_type if manifest else detail.get("artifactMediaType"),
    )


def _moment(said: datetime | None) -> datetime | None:
    return said.astimezone(UTC) if said else None

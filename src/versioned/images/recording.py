"""Images as artifacts: an artifact whose bytes are the manifest, so its sha256 is the digest.

Thereby ranks, gates, verdicts, approvals, rollouts, the ledger and time travel hold for images
without a word about images in them.
"""

from __future__ import annotations

from versioned.errors import ArtifactNotFoundError, ConflictError
from versioned.images.manifest import MEDIA_TYPES, Manifest
from versioned.images.reference import ImageReference
from versioned.models import Alias, Artifact
from versioned.naming import LATEST_VERSION
from versioned.repository import Repository

_TRIES = 5


def digest_of_sha256(sha256: str) -> str:
    """The digest of the image that an artifact's version is."""
    return f"sha256:{sha256}"


def digest_of_alias(repository: Repository, alias: Alias) -> str:
    """The image that an alias holds; of a split one that of its primary version. Raises
    ArtifactNotFoundError where another tool wrote it, and the version is gone."""
    sha256 = alias.sha256_of(alias.version)
    if sha256 is None:
        sha256 = repository.get_artifact_version(alias.name, alias.version).sha256
    return digest_of_sha256(sha256)


def record_image(
    repository: Repository, name: str, manifest: Manifest, *, image: ImageReference
) -> Artifact:
    """The version that is this image; published now, if there was none. Idempotent.

    Raises ConflictError where the artifact of that name is no image, or where others recorded
    images of it all the time.
    """
    found = find_recorded(repository, name, manifest.digest)
    for _ in range(_TRIES):
        if found:
            return found
        repository.put_artifact(
            name,
            manifest.content,
            content_type=manifest.media_type,
            metadata={"image": str(image.by_digest(manifest.digest))},
        )
        published = repository.publish_artifact_version(name)
        is_ours = digest_of_sha256(published.sha256) == manifest.digest
        found = published if is_ours else find_recorded(repository, name, manifest.digest)
    raise ConflictError(
        f"{name} was not recorded: others record images of it at the same time", hint="repeat"
    )


def find_recorded(repository: Repository, name: str, digest: str) -> Artifact | None:
    """The oldest version that is this image. Raises ConflictError for an artifact that is none."""
    try:
        versions = repository.list_artifact_versions(name)
    except ArtifactNotFoundError:
        return None
    published = [v for v in versions if v.version != LATEST_VERSION]
    match = next((v for v in reversed(published) if digest_of_sha256(v.sha256) == digest), None)
    if match is None and versions:
        _refuse_other_kind(repository, name, versions[0].version)
    return match


def _refuse_other_kind(repository: Repository, name: str, version: str) -> None:
    kind = repository.get_version_details(name, version).content_type
    if kind not in MEDIA_TYPES:
        raise ConflictError(
            f"the artifact {name!r} is no image: its {version} is {kind or 'of no known type'}",
            hint="give the image another name, or keep images in a repository of their own",
        )

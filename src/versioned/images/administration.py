"""Setting up a repository of images, and telling everything about one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from versioned.images.errors import RepositoryRetainedError
from versioned.images.lifecycle import default_lifecycle_policy
from versioned.images.manifest import Descriptor
from versioned.images.reference import ImageReference
from versioned.images.registries.ecr import EcrRegistry
from versioned.images.registry import Deletion, Registry, StoredImage
from versioned.images.whereabouts import Located


@dataclass(frozen=True, slots=True)
class Initialized:
    """What became of a repository. `has_policy` says whether there is a lifecycle policy, which
    only ECR has; `retained` whether it is marked to be kept."""

    repository: str
    created: bool
    has_policy: bool
    retained: bool

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ImageDetails:
    """One image: `image` is as it was asked for, with its digest; `stored` what a listing has;
    `children` are those of an index; `size` is of all blobs, in bytes, each counted once;
    `findings` are those of the registry's own scan by severity, `None` without one."""

    image: ImageReference
    stored: StoredImage
    children: tuple[Descriptor, ...]
    size: int
    referrers: tuple[Descriptor, ...]
    findings: Mapping[str, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "image": str(self.image),
            **self.stored.to_dict(),
            "children": [one.to_dict() for one in self.children],
            "size": self.size,
            "referrers": [one.to_dict() for one in self.referrers],
            "findings": dict(self.findings) if self.findings is not None else None,
        }


def initialize(
    registry: Registry, repository: str, *, retain: bool | None, mark: str, heal: bool
) -> Initialized:
    """See to it that the repository is there, has a lifecycle policy, and is marked as asked:
    `None` leaves the mark as it is. `heal` puts the default policy in place of any other.
    Idempotent."""
    created = registry.ensure_repository(repository)
    if not isinstance(registry, EcrRegistry):
        return Initialized(repository, created, has_policy=False, retained=False)
    if heal or created or registry.get_lifecycle_policy(repository) is None:
        registry.put_lifecycle_policy(repository, default_lifecycle_policy())
    if retain is True:
        registry.mark_retained(repository, mark)
    elif retain is False:
        registry.unmark_retained(repository, mark)
    retained = registry.is_retained(repository, mark) if retain is None else retain
    return Initialized(repository, created, has_policy=True, retained=retained)


def delete_repository(
    registry: Registry, repository: str, name: str, *, force: bool, mark: str
) -> Deletion:
    """Delete the repository of a name; with `force` with all images. Raises RepositoryRetainedError,
    ImageRepositoryNotEmptyError, ImageRepositoryNotFoundError."""
    if isinstance(registry, EcrRegistry) and registry.is_retained(repository, mark):
        raise RepositoryRetainedError(
            f"{repository} is marked to be kept: {mark}=true",
            hint=f"take the mark away first: versioned images init {name} --no-retain",
        )
    return registry.delete_repository(repository, force=force)


def describe(located: Located) -> ImageDetails:
    """Raises ImageNotFoundError, ImageRepositoryNotFoundError."""
    registry, repository = located.place.registry, located.place.repository
    manifest = registry.get_manifest(repository, located.named)
    stored = registry.find_image(repository, manifest.digest)
    parts = [manifest, *(registry.get_manifest(repository, c.digest) for c in manifest.children)]
    sizes = {blob.digest: blob.size for part in parts for blob in part.blobs}
    ecr = registry if isinstance(registry, EcrRegistry) else None
    return ImageDetails(
        ImageReference(registry.host, repository, located.tag, manifest.digest),
        stored,
        manifest.children,
        sum(sizes.values()),
        tuple(registry.list_referrers(repository, manifest.digest)),
        ecr.scan_findings(repository, manifest.digest) if ecr else None,
    )

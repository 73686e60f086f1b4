"""A repository of a registry: where images come from, and where they go."""

from __future__ import annotations

from dataclasses import dataclass

from versioned.errors import ContentMismatchError
from versioned.images.errors import ImageNotFoundError, ImageRepositoryNotFoundError
from versioned.images.manifest import Manifest
from versioned.images.reference import ImageReference
from versioned.images.registry import Registry


@dataclass(frozen=True, slots=True)
class Place:
    """A repository by its whole path in its registry."""

    registry: Registry
    repository: str

    @property
    def reference(self) -> ImageReference:
        """The whole repository."""
        return ImageReference(self.registry.host, self.repository)

    def is_same_as(self, other: Place) -> bool:
        """Whether both are one repository of one registry."""
        return self.reference == other.reference

    def digest_at(self, reference: str) -> str | None:
        """What a tag or a digest names now; `None` where there is no such, or no repository."""
        try:
            return self.registry.resolve(self.repository, reference).digest
        except (ImageNotFoundError, ImageRepositoryNotFoundError):
            return None

    def put_tag(self, manifest: Manifest, tag: str) -> None:
        """Let a tag name the very manifest, which is there already, and prove it. Idempotent.

        Raises TagImmutableError; ContentMismatchError where the registry names something else by
        it afterwards, which it does, too, where somebody else moved the tag at the same moment.
        """
        self.registry.put_manifest(self.repository, manifest, tag=tag)
        found = self.registry.resolve(self.repository, tag).digest
        if found != manifest.digest:
            raise ContentMismatchError(
                f"{self.reference.by_tag(tag)} was to be {manifest.digest}, and is {found}",
                hint="somebody else moved the tag at the same time: look who, then repeat",
            )

"""What images add to the exception tree of `versioned.errors`.

* VersionedError
  x NotFoundError (FileNotFoundError)
    - ImageNotFoundError          no such tag or digest in that repository
    - ImageRepositoryNotFoundError   no such repository in that registry
    - BuildFileNotFoundError      a build context or Dockerfile that is not there
  x InvalidInputError (ValueError)
    - InvalidImageError           no image name, tag, digest or reference
    - InvalidBuildError           a context, Dockerfile, argument or platform that can't be meant
    - InvalidLifecyclePolicyError no lifecycle policy
    - InvalidImagesConfigError    a table [images] that can't be meant
  x ConflictError
    - TagImmutableError (RuntimeError)   the tag is taken, and the repository keeps tags as they are
    - TagMovedError                      a tag names another image than was expected
    - ImageRepositoryNotEmptyError       there are images in the repository to be deleted
  x StoreError (OSError)
    - RegistryError               the registry answered with an error of its own
    - UnsupportedByRegistryError  this kind of registry knows no such thing
  x ImageError
    - TagBehindError              a rank was moved, and its tag could not follow
    - ImageInUseError             something refers to the image, or may
    - RepositoryRetainedError     the repository is marked to be kept
    - ReferencesUnknownError      a source of references did not answer
    - IncompleteDeletionError     some of what was to go is still there
    - RuntimeNotFoundError (RuntimeError)   no container runtime that runs
    - RuntimeFailedError (RuntimeError)     the container runtime did not do it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioned.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StoreError,
    VersionedError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioned.images.registry import Deletion
    from versioned.images.sources.base import SourceReport

__all__ = [
    "BuildFileNotFoundError",
    "ImageError",
    "ImageInUseError",
    "ImageNotFoundError",
    "ImageRepositoryNotEmptyError",
    "ImageRepositoryNotFoundError",
    "IncompleteDeletionError",
    "InvalidBuildError",
    "InvalidImageError",
    "InvalidImagesConfigError",
    "InvalidLifecyclePolicyError",
    "ReferencesUnknownError",
    "RegistryError",
    "RepositoryRetainedError",
    "RuntimeFailedError",
    "RuntimeNotFoundError",
    "TagBehindError",
    "TagImmutableError",
    "TagMovedError",
    "UnsupportedByRegistryError",
]


class ImageNotFoundError(NotFoundError):
    """No such tag or digest in that repository of a registry."""

    code = "image-not-found"


class ImageRepositoryNotFoundError(NotFoundError):
    """No such repository in that registry."""

    code = "image-repository-not-found"


class BuildFileNotFoundError(NotFoundError):
    """The build context or the Dockerfile is not there."""

    code = "build-file-not-found"


class InvalidImageError(InvalidInputError):
    """No image name, tag, digest or reference."""

    code = "invalid-image"


class InvalidBuildError(InvalidInputError):
    """A build context, Dockerfile, build argument or platform that can't be meant."""

    code = "invalid-build"


class InvalidLifecyclePolicyError(InvalidInputError):
    """Not JSON, or no lifecycle policy that the registry takes."""

    code = "invalid-lifecycle-policy"


class InvalidImagesConfigError(InvalidInputError):
    """A table `[images]` that can't be meant."""

    code = "invalid-images-config"


class TagImmutableError(ConflictError, RuntimeError):
    """The tag names another image already, and the repository does not let tags move."""

    code = "tag-immutable"


class TagMovedError(ConflictError):
    """A tag names another image than the one that was expected."""

    code = "tag-moved"


class ImageRepositoryNotEmptyError(ConflictError):
    """There are images in the repository that was to be deleted."""

    code = "image-repository-not-empty"


class RegistryError(StoreError):
    """The registry answered with an error of its own."""

    code = "registry-error"


class UnsupportedByRegistryError(StoreError):
    """A kind of registry knows no such thing."""

    code = "unsupported-by-registry"


class ImageError(VersionedError):
    """Base of what only images raise."""

    code = "image-error"


class TagBehindError(ImageError):
    """A rank was moved, and its tag could not follow: both are as the message says."""

    code = "tag-behind"


class ImageInUseError(ImageError):
    """Something refers to the image, so it is not deleted."""

    code = "image-in-use"


class RepositoryRetainedError(ImageError):
    """The repository is marked to be kept."""

    code = "repository-retained"


class ReferencesUnknownError(ImageError):
    """A source of references did not answer, so nothing counts as unused.

    `reports` has every source, also those that did answer.
    """

    code = "references-unknown"

    def __init__(self, message: str, *, reports: Sequence[SourceReport], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reports = tuple(reports)


class IncompleteDeletionError(ImageError):
    """Some of what was to go is still there; `deletions` say what went and what did not."""

    code = "incomplete-deletion"

    def __init__(self, message: str, *, deletions: Sequence[Deletion], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.deletions = tuple(deletions)


class RuntimeNotFoundError(ImageError, RuntimeError):
    """No container runtime is installed, or none of those that are answers."""

    code = "container-runtime-not-found"


class RuntimeFailedError(ImageError, RuntimeError):
    """The container runtime did not do it. `output` is the end of what it wrote, at most 4 KiB."""

    code = "container-runtime-failed"

    def __init__(self, message: str, *, output: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.output = output

"""What a registry of images does: the one seam between images and the network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from versioned.images.manifest import Descriptor, Manifest


@dataclass(frozen=True, slots=True)
class ImageRepository:
    """A repository of a registry. `name` is its whole path, `uri` has the host before it; what a
    kind of registry doesn't tell is `None`. `image_count` is asked for only by a listing."""

    name: str
    uri: str
    arn: str | None = None
    created_at: datetime | None = None
    tag_mutability: str | None = None
    image_count: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        document = asdict(self)
        document["created_at"] = self.created_at.isoformat() if self.created_at else None
        return document


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A manifest or an index in a repository, with all tags that name it.

    `size` is in bytes as the registry holds them, `None` where it doesn't say. `pushed_at` is
    the registry's own word, `None` where it keeps none; `created_at` is what the image says of
    itself, which may be made up. `children` are digests; `subject` is the digest that a referrer
    is about, also of one that only its tag (`sha256-....sig`) ties to it.
    """

    digest: str
    tags: tuple[str, ...]
    media_type: str
    size: int | None = None
    pushed_at: datetime | None = None
    created_at: datetime | None = None
    pulled_at: datetime | None = None
    children: tuple[str, ...] = ()
    subject: str | None = None
    artifact_type: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        document = asdict(self)
        for key in ("pushed_at", "created_at", "pulled_at"):
            value = getattr(self, key)
            document[key] = value.isoformat() if value else None
        document["tags"], document["children"] = list(self.tags), list(self.children)
        return document


@dataclass(frozen=True, slots=True)
class Undeleted:
    """What a registry did not delete, and why in its own words."""

    identity: str
    """A digest or a tag."""
    reason: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """What became of a deletion: digests that are gone, tags that are gone, and failures."""

    repository: str
    digests: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    failures: tuple[Undeleted, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "repository": self.repository,
            "digests": list(self.digests),
            "tags": list(self.tags),
            "failures": [asdict(one) for one in self.failures],
        }


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a container runtime logs in with. The password is never shown."""

    username: str
    password: str = field(repr=False)


class Registry(Protocol):
    """One registry. `repository` is always a whole path in it.

    Safe to use from several threads. Every method may raise AccessDeniedError (credentials are
    wrong, missing, expired, or may not do this), StoreUnavailableError (not reached, or too busy
    after several tries), RegistryError (any other answer). Reading methods raise
    ImageRepositoryNotFoundError and ImageNotFoundError.
    """

    @property
    def host(self) -> str:
        """What stands before the first slash of its images."""

    def list_repositories(self, prefix: str = "") -> list[ImageRepository]:
        """All repositories whose path begins with `prefix`, sorted by name; without counts."""

    def list_images(self, repository: str) -> list[StoredImage]:
        """Every image that can be seen in a repository: on ECR all; elsewhere what a tag, an
        index or a referrer leads to. Sorted: tagged first, by tag."""

    def find_image(self, repository: str, reference: str) -> StoredImage:
        """What a listing has of the image that a tag or a digest names, with all its tags."""

    def count_images(self, repository: str) -> int:
        """How many images a listing has."""

    def resolve(self, repository: str, reference: str) -> Descriptor:
        """What a tag or a digest names now. One request; nothing is downloaded."""

    def get_manifest(self, repository: str, reference: str) -> Manifest:
        """The manifest of a tag or a digest, its bytes checked against the digest."""

    def put_manifest(self, repository: str, manifest: Manifest, *, tag: str | None = None) -> None:
        """Write the very bytes, by digest or under a tag. Idempotent; the digest that the
        registry made of them is checked. Raises TagImmutableError; RegistryError where blobs or
        children are missing."""

    def list_referrers(self, repository: str, digest: str) -> list[Descriptor]:
        """Signatures, SBOMs and others whose subject is that digest, by the referrers API or its
        fallback tag. Empty where there are none."""

    def list_tags(self, repository: str) -> list[str]:
        """All tags of a repository, sorted."""

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether the repository holds a blob."""

    def mount_blob(self, repository: str, digest: str, source: str) -> bool:
        """Make a blob of the repository `source` one of this repository too, inside the registry.
        False where the registry won't: then upload it."""

    def read_blob(self, repository: str, digest: str) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes of a blob in chunks, not checked. Flat memory."""

    def write_blob(self, repository: str, blob: Descriptor, chunks: Iterable[bytes]) -> None:
        """Upload a blob in one go. Idempotent. Raises ContentMismatchError where the registry
        finds another digest."""

    def delete_images(self, repository: str, digests: Iterable[str]) -> Deletion:
        """Delete images with all their tags, in the order given. What is not there counts as
        deleted; whatever the registry refuses is among the failures."""

    def delete_tag(self, repository: str, tag: str) -> Deletion:
        """Take a tag away; the image stays while another tag names it, and goes with its last.
        Raises ImageNotFoundError."""

    def ensure_repository(self, repository: str) -> bool:
        """See to it that one can push there. True where it was created now. Idempotent."""

    def delete_repository(self, repository: str, *, force: bool) -> Deletion:
        """Delete a repository; with `force` with all images. Raises
        ImageRepositoryNotEmptyError."""

    def check_tag_is_free(self, repository: str, tag: str) -> None:
        """Raises TagImmutableError where the tag is taken and the repository lets none move.
        A repository that is not there has room for any tag."""

    def login(self) -> Credentials | None:
        """What a container runtime has to log in with before it pushes; `None` where it has
        credentials of its own, in Docker's config."""

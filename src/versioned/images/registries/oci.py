"""Any registry that speaks the OCI Distribution API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType

from versioned.images.manifest import Descriptor, Manifest
from versioned.images.reference import validate_repository, validate_tag
from versioned.images.registries import (
    oci_blobs,
    oci_deleting,
    oci_listing,
    oci_manifests,
    oci_pages,
    oci_referrers,
)
from versioned.images.registries.docker_config import CredentialStore
from versioned.images.registries.origin import Origin
from versioned.images.registries.transport import Transport
from versioned.images.registry import Credentials, Deletion, ImageRepository, StoredImage


class OciRegistry:
    """As the protocol `Registry` says. Construction asks nothing of anybody.

    `url` is a host or `http(s)://host[:port]`; a bare host is asked by https, one of this machine
    by http. To a registry that was named by `http://` credentials go in the clear, because that
    was said. `credentials` go to that registry and the server of tokens that it names, and only
    when they are demanded. `ca_file` has certificates that are trusted beside the system's.
    Raises InvalidInputError.
    """

    def __init__(
        self,
        url: str,
        *,
        credentials: CredentialStore | Credentials | None = None,
        ca_file: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._origin = Origin.parse(url)
        self._credentials = credentials
        self._transport = Transport(self._origin, self._find, ca_file=ca_file, sleep=sleep)

    @classmethod
    def open(cls, url: str, *, environ: Mapping[str, str]) -> OciRegistry:
        """With the credentials of an environment, see `credentials_for`. Those of
        `VERSIONED_REGISTRY_USER` are meant for one registry: leave them out for any other."""
        return cls(url, credentials=CredentialStore(environ))

    def close(self) -> None:
        """Ends all connections; they are made anew when they are needed."""
        self._transport.close()

    def __enter__(self) -> OciRegistry:  # noqa: PYI034 - nobody subclasses it
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def host(self) -> str:
        return self._origin.host

    def list_repositories(self, prefix: str = "") -> list[ImageRepository]:
        names = oci_pages.list_repositories(self._transport)
        return [
            ImageRepository(name, f"{self.host}/{name}")
            for name in names
            if name.startswith(prefix)
        ]

    def list_images(self, repository: str) -> list[StoredImage]:
        return oci_listing.list_images(self._transport, repository)

    def find_image(self, repository: str, reference: str) -> StoredImage:
        """As the protocol says; costs a listing, because only that tells the tags of an image."""
        found = self.resolve(repository, reference)
        listed = (one for one in self.list_images(repository) if one.digest == found.digest)
        return next(listed, StoredImage(found.digest, (), found.media_type))

    def count_images(self, repository: str) -> int:
        return len(self.list_images(repository))

    def resolve(self, repository: str, reference: str) -> Descriptor:
        return oci_manifests.resolve(self._transport, repository, reference)

    def get_manifest(self, repository: str, reference: str) -> Manifest:
        return oci_manifests.get_manifest(self._transport, repository, reference)

    def put_manifest(self, repository: str, manifest: Manifest, *, tag: str | None = None) -> None:
        is_ours = oci_manifests.put_manifest(self._transport, repository, manifest, tag)
        if is_ours:
            oci_referrers.list_under_tag(self._transport, repository, manifest)

    def list_referrers(self, repository: str, digest: str) -> list[Descriptor]:
        return oci_referrers.list_referrers(self._transport, repository, digest)

    def list_tags(self, repository: str) -> list[str]:
        return oci_pages.list_tags(self._transport, repository)

    def has_blob(self, repository: str, digest: str) -> bool:
        return oci_blobs.has_blob(self._transport, repository, digest)

    def mount_blob(self, repository: str, digest: str, source: str) -> bool:
        return oci_blobs.mount_blob(self._transport, repository, digest, source)

    def read_blob(self, repository: str, digest: str) -> AbstractContextManager[Iterator[bytes]]:
        return oci_blobs.read_blob(self._transport, repository, digest)

    def write_blob(self, repository: str, blob: Descriptor, chunks: Iterable[bytes]) -> None:
        oci_blobs.write_blob(self._transport, repository, blob, chunks)

    def delete_images(self, repository: str, digests: Iterable[str]) -> Deletion:
        return oci_deleting.delete_images(self._transport, repository, digests)

    def delete_tag(self, repository: str, tag: str) -> Deletion:
        return oci_deleting.delete_tag(self._transport, repository, tag)

    def ensure_repository(self, repository: str) -> bool:
        """False: here a repository is made by the first push."""
        validate_repository(repository)
        return False

    def delete_repository(self, repository: str, *, force: bool) -> Deletion:
        """As the protocol says, as far as a registry lets go: the name may stay in its list, and
        what can't be seen stays until it collects its garbage. Without `force` nothing is done."""
        return oci_deleting.delete_repository(self._transport, repository, force=force)

    def check_tag_is_free(self, repository: str, tag: str) -> None:
        """Nothing: whether tags can't be moved is told by these registries only when one is
        written."""
        validate_repository(repository)
        validate_tag(tag)

    def login(self) -> Credentials | None:
        """Those that were given to this program; a container runtime reads Docker's config
        itself."""
        if isinstance(self._credentials, CredentialStore):
            return self._credentials.own
        return self._credentials

    def _find(self, repository: str) -> Credentials | None:
        if isinstance(self._credentials, CredentialStore):
            return self._credentials.find(self.host, repository)
        return self._credentials

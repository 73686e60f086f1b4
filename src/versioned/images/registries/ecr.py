"""ECR: the private registry of an AWS account in a region."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from versioned.errors import AccessDeniedError
from versioned.images.errors import ImageRepositoryNotFoundError
from versioned.images.lifecycle import LifecyclePreview
from versioned.images.manifest import Descriptor, Manifest
from versioned.images.registries import (
    ecr_deleting,
    ecr_lifecycle,
    ecr_listing,
    ecr_manifests,
    ecr_replication,
)
from versioned.images.registries.ecr_connection import Clients, EcrConnection, make_client
from versioned.images.registries.ecr_token import EcrToken
from versioned.images.registries.oci import OciRegistry
from versioned.images.registry import Credentials, Deletion, ImageRepository, Registry, StoredImage
from versioned.images.replication import (
    ReplicaStatus,
    ReplicationConfiguration,
    ReplicationRule,
)

_EXISTS = "RepositoryAlreadyExistsException"
_NO_SCAN = "ScanNotFoundException"
_SCANNED = ("COMPLETE", "ACTIVE")


def _connect(host: str, credentials: Credentials) -> Registry:
    return OciRegistry(host, credentials=credentials)


class EcrRegistry:
    """As the protocol says; manifests go by the API of ECR, blobs by the Distribution API.

    Construction asks nothing of anybody. `account` spares a question to STS and says whose
    registry is meant; `host` is for endpoints that are not AWS's own; `project` is written on
    repositories that are created, as their tag `Project`. `clients` makes boto3 clients,
    `data_plane` the registry that has the blobs. Raises InvalidInputError.
    """

    def __init__(
        self,
        *,
        region: str,
        account: str | None = None,
        host: str | None = None,
        project: str | None = None,
        clients: Clients = make_client,
        data_plane: Callable[[str, Credentials], Registry] = _connect,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = EcrConnection(region, account=account, host=host, clients=clients)
        self._token = EcrToken(self._connection)
        self._project = project
        self._connect = data_plane
        self._sleep = sleep
        self._lock = threading.Lock()
        self._plane: tuple[Credentials, Registry] | None = None

    @property
    def region(self) -> str:
        """Where the registry is."""
        return self._connection.region

    @property
    def account(self) -> str:
        """Whose registry it is; its id."""
        return self._connection.account

    @property
    def host(self) -> str:
        return self._connection.host

    # the protocol

    def list_repositories(self, prefix: str = "") -> list[ImageRepository]:
        return ecr_listing.list_repositories(self._connection, prefix)

    def list_images(self, repository: str) -> list[StoredImage]:
        return ecr_listing.list_images(self._connection, repository)

    def find_image(self, repository: str, reference: str) -> StoredImage:
        return ecr_listing.find_image(self._connection, repository, reference)

    def count_images(self, repository: str) -> int:
        return len(self.list_digests(repository))

    def resolve(self, repository: str, reference: str) -> Descriptor:
        return ecr_manifests.resolve(self._connection, repository, reference)

    def get_manifest(self, repository: str, reference: str) -> Manifest:
        return ecr_manifests.get_manifest(self._connection, repository, reference)

    def put_manifest(self, repository: str, manifest: Manifest, *, tag: str | None = None) -> None:
        ecr_manifests.put_manifest(self._connection, repository, manifest, tag)

    def list_referrers(self, repository: str, digest: str) -> list[Descriptor]:
        if self._connection.offers("list_image_referrers"):
            return ecr_manifests.list_referrers(self._connection, repository, digest)
        return self._data().list_referrers(repository, digest)  # boto3 is older

    def list_tags(self, repository: str) -> list[str]:
        return ecr_listing.list_tags(self._connection, repository)

    def has_blob(self, repository: str, digest: str) -> bool:
        return self._data().has_blob(repository, digest)

    def mount_blob(self, repository: str, digest: str, source: str) -> bool:
        """As the protocol says. ECR mounts only where the account's setting BLOB_MOUNTING is
        ENABLED."""
        return self._data().mount_blob(repository, digest, source)

    def read_blob(self, repository: str, digest: str) -> AbstractContextManager[Iterator[bytes]]:
        return self._data().read_blob(repository, digest)

    def write_blob(self, repository: str, blob: Descriptor, chunks: Iterable[bytes]) -> None:
        self._data().write_blob(repository, blob, chunks)

    def delete_images(self, repository: str, digests: Iterable[str]) -> Deletion:
        return ecr_deleting.delete_images(self._connection, repository, digests)

    def delete_tag(self, repository: str, tag: str) -> Deletion:
        return ecr_deleting.delete_tag(self._connection, repository, tag)

    def ensure_repository(self, repository: str) -> bool:
        """As the protocol says. New ones are scanned on push, and their tags can be moved. Who
        may push and not create is content with one that is there."""
        tags = [{"Key": "Project", "Value": self._project}] if self._project else []
        try:
            answer = self._connection.call_unless(
                (_EXISTS,),
                "create_repository",
                repository,
                imageTagMutability="MUTABLE",
                imageScanningConfiguration={"scanOnPush": True},
                tags=tags,
            )
        except AccessDeniedError:
            if not self._exists(repository):
                raise
            return False
        return answer is not None

    def delete_repository(self, repository: str, *, force: bool) -> Deletion:
        digests = self.list_digests(repository) if force else []
        tags = self.list_tags(repository) if force else []
        self._connection.call("delete_repository", repository, force=force)
        return Deletion(repository, tuple(digests), tuple(tags))

    def check_tag_is_free(self, repository: str, tag: str) -> None:
        ecr_manifests.check_tag_is_free(self._connection, repository, tag)

    def login(self) -> Credentials:
        return self._token.credentials()

    # what only ECR has

    def list_digests(self, repository: str) -> list[str]:
        """Every image, without a look at any of them: a request for every thousand."""
        ids = ecr_listing.list_ids(self._connection, repository)
        return list(dict.fromkeys(one["imageDigest"] for one in ids))

    def get_lifecycle_policy(self, repository: str) -> dict[str, Any] | None:
        """`None` where there is none."""
        return ecr_lifecycle.get_lifecycle_policy(self._connection, repository)

    def put_lifecycle_policy(self, repository: str, policy: Mapping[str, Any]) -> str:
        """Replace the policy; the id of the registry. Idempotent. Raises
        InvalidLifecyclePolicyError."""
        return ecr_lifecycle.put_lifecycle_policy(self._connection, repository, policy)

    def preview_lifecycle(
        self, repository: str, policy: Mapping[str, Any] | None = None
    ) -> tuple[LifecyclePreview, ...]:
        """What a policy, or the one that is set, would act on now, as ECR itself sees it. Deletes
        nothing; takes up to some minutes. Raises InvalidLifecyclePolicyError, NotFoundError where
        none is set, StoreUnavailableError where ECR takes too long."""
        return ecr_lifecycle.preview_lifecycle(self._connection, repository, policy, self._sleep)

    def get_replication(self) -> ReplicationConfiguration:
        """Of the whole registry; without rules where nothing is replicated."""
        return ecr_replication.get_replication(self._connection)

    def put_replication(self, rules: Sequence[ReplicationRule]) -> ReplicationConfiguration:
        """Replace all rules of the registry, also those of other projects; what holds now.
        Idempotent."""
        return ecr_replication.put_replication(self._connection, rules)

    def replication_status(self, repository: str, digest: str) -> tuple[ReplicaStatus, ...]:
        """How far the copies of an image are; empty where it is replicated nowhere. Raises
        ImageNotFoundError."""
        return ecr_replication.replication_status(self._connection, repository, digest)

    def scan_findings(self, repository: str, digest: str) -> Mapping[str, int] | None:
        """Findings of ECR's scan by severity; `None` while there is no finished scan. Raises
        ImageNotFoundError."""
        answer = self._connection.call_unless(
            (_NO_SCAN,),
            "describe_image_scan_findings",
            repository,
            imageId=ecr_manifests.image_id(digest),
        )
        if answer is None or answer.get("imageScanStatus", {}).get("status") not in _SCANNED:
            return None
        return dict(answer.get("imageScanFindings", {}).get("findingSeverityCounts") or {})

    def mark_retained(self, repository: str, key: str) -> None:
        """Put the resource tag `key` = `true` on the repository. Idempotent."""
        tags = [{"Key": key, "Value": "true"}]
        self._connection.call("tag_resource", resourceArn=self._arn(repository), tags=tags)

    def unmark_retained(self, repository: str, key: str) -> None:
        """Take it away. Idempotent."""
        self._connection.call("untag_resource", resourceArn=self._arn(repository), tagKeys=[key])

    def is_retained(self, repository: str, key: str) -> bool:
        """Whether the resource tag `key` says so."""
        answer = self._connection.call("list_tags_for_resource", resourceArn=self._arn(repository))
        marks = {(tag["Key"], str(tag.get("Value")).lower()) for tag in answer.get("tags", ())}
        return (key, "true") in marks

    def _arn(self, repository: str) -> str:
        answer = self._connection.call("describe_repositories", repository)
        return str(answer["repositories"][0]["repositoryArn"])

    def _exists(self, repository: str) -> bool:
        try:
            self._arn(repository)
        except (AccessDeniedError, ImageRepositoryNotFoundError):
            return False
        return True

    def _data(self) -> Registry:
        credentials = self._token.credentials()
        with self._lock:
            if self._plane is None or self._plane[0] != credentials:
                self._plane = credentials, self._connect(self.host, credentials)
            return self._plane[1]

"""`ImageManager`: the images of a project on ECR, as the founding document has them.

Thin: everything is done by `versioned.images.images.Images`, which has typed results and more to
offer, on any registry.
"""
# ruff: noqa: FBT001, FBT002, PLR0917 - arguments and their order are the founding document's

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from versioned.errors import InvalidInputError, VersionedError
from versioned.images.config import ImagesConfig
from versioned.images.errors import ImageNotFoundError, InvalidImageError
from versioned.images.image_manager_results import (
    CleanupResult,
    DeleteRepoResult,
    DeleteTagResult,
    DescribeResult,
    InitResult,
    LifecycleSetResult,
    OrphanRow,
    PruneResult,
    PushResult,
    ReplicaRow,
    ReplicationSyncResult,
    RepoRow,
    TagRow,
    cleanup_result,
    delete_tag_result,
    describe_result,
    dry_run_result,
    orphan_row,
    push_result,
    replica_row,
    repo_row,
    tag_rows,
)
from versioned.images.opening import open_images
from versioned.images.reference import (
    rewrite_image_uri_for_region,
    validate_image_name,
    validate_tag,
)
from versioned.images.registries.ecr import EcrRegistry
from versioned.images.registry import Undeleted
from versioned.images.removal import Removal
from versioned.images.replication import replica_regions, with_project_rule
from versioned.images.retention import ImagePlan, ImageRetention
from versioned.images.sources.base import References
from versioned.repository import Repository

__all__ = ["ImageManager", "ProjectConfig", "get_image_manager", "rewrite_image_uri_for_region"]

_AT_ONCE = 8


class ProjectConfig(Protocol):
    """Any configuration of a project; it may have `regions`, too."""

    @property
    def project_name(self) -> str:
        """Below this, the project's repositories lie."""

    @property
    def global_region(self) -> str:
        """Where images are, if nothing else says so."""


class ImageManager:
    """Images by name and tag, in repositories below the project's name.

    Construction asks nothing of anybody. The region is the one that is named, else the first of
    `config.regions`, `AWS_DEFAULT_REGION`, `config.global_region`. `repository` has the
    ranks, whose tags are protected, and the aliases that need images; without it none does.
    `images` is what does the work. Bad names and tags raise ValueError; besides, every method
    may raise what `versioned.images.registry.Registry` raises: what could not be looked at is
    never taken for what is not there.
    """

    def __init__(
        self,
        config: ImagesConfig | ProjectConfig | None = None,
        region: str | None = None,
        *,
        repository: Repository | None = None,
    ) -> None:
        self.config = config if config is not None else ImagesConfig()
        ours = _images_config(self.config)
        self.region = ours.region(region, os.environ)
        self.images = open_images(
            ours, environ=os.environ, region=self.region, repository=repository
        )

    # building and pushing

    def build(
        self,
        context: str,
        name: str,
        tag: str | None = None,
        dockerfile: str = "Dockerfile",
        build_args: dict[str, str] | None = None,
        platform: str = "linux/amd64",
        retain: bool = False,
    ) -> PushResult:
        """Build an image and push it; without a tag under git's short hash, else `latest`.

        `retain` marks the repository to be kept. Raises ValueError for a context or Dockerfile
        that can't be meant, FileNotFoundError for one that is not there, RuntimeError without a
        container runtime, for a build or push that fails, and for a tag that may not move.
        """
        pushed = self.images.build(
            context,
            name,
            tag=tag,
            dockerfile=dockerfile,
            build_args=build_args,
            platform=platform,
            retain=retain or None,
        )
        return push_result(pushed, region=self.region, retain=retain)

    def push(self, name: str, tag: str, local_image: str, retain: bool = False) -> PushResult:
        """Push an image that the container runtime has. Raises as `build`."""
        if not local_image:
            raise InvalidImageError("no local image is named", hint="such as app:dev, or its id")
        pushed = self.images.push(name, tag, local_image, retain=retain or None)
        return push_result(pushed, region=self.region, retain=retain)

    # looking

    def list_repos(self) -> list[RepoRow]:
        """Every repository of the project, by name."""
        return [repo_row(one) for one in self.images.list_repositories()]

    def list_tags(self, name: str) -> list[TagRow]:
        """Every tag of a repository, by name; then the images without one."""
        return tag_rows(self.images.list_images(validate_image_name(name)))

    def describe(self, name: str, tag: str) -> DescribeResult:
        """Everything about one image. Raises FileNotFoundError."""
        repository, ecr = self._repository(name), self.images.ecr
        image = ecr.find_image(repository, validate_tag(tag))
        return describe_result(repository, tag, image, ecr.scan_findings(repository, image.digest))

    def get_uri(self, name: str, tag: str = "latest") -> str:
        """The URI of an image, whether it is there or not. Asks no registry."""
        return self.images.uri(f"{validate_image_name(name)}:{validate_tag(tag)}")

    def replication_get(self) -> dict[str, Any]:
        """What ECR copies where, as it describes it: `registryId`, `replicationConfiguration`;
        empty where nothing is replicated."""
        found = self.images.ecr.get_replication()
        return found.to_dict() if found.rules else {}

    def replication_status(self) -> list[ReplicaRow]:
        """How far every copy of every image of the project is. A request for each image."""
        ecr, prefix = self.images.ecr, self.images.config.prefix
        images = [
            (repository.name, digest)
            for repository in ecr.list_repositories(prefix and f"{prefix}/")
            for digest in ecr.list_digests(repository.name)
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(lambda image: self._replicas(*image), images))
        return [row for rows in found for row in rows]

    # setting up

    def init(self, name: str, retain: bool = False) -> InitResult:
        """Create the repository, or see that it is there; set the default lifecycle policy either
        way. Idempotent. Without `retain` a mark that is there stays."""
        done = self.images.init(name, retain=retain or None)
        return {"name": done.repository, "created": done.created, "retain": retain}

    def lifecycle_get(self, name: str) -> dict[str, Any]:
        """`name` and `policy`; empty where there is none."""
        repository = self._repository(name)
        policy = self.images.ecr.get_lifecycle_policy(repository)
        return {"name": repository, "policy": policy} if policy is not None else {}

    def lifecycle_set(self, name: str, policy: dict[str, Any]) -> LifecycleSetResult:
        """Replace the policy. Raises ValueError for one that is not valid."""
        repository = self._repository(name)
        registry_id = self.images.ecr.put_lifecycle_policy(repository, policy)
        return {"name": repository, "registry_id": registry_id, "policy": policy}

    def replication_sync(self) -> ReplicationSyncResult:
        """Let ECR copy the project's images to every other region of `config.regions`. The rules
        of other projects stay. Idempotent."""
        ecr, config = self.images.ecr, self.images.config
        regions = replica_regions(config.regions, ecr.region)
        found = ecr.get_replication()
        destinations = [(region, found.registry_id) for region in regions]
        rules = with_project_rule(found.rules, config.prefix, destinations)
        held = found if rules == found.rules else ecr.put_replication(rules)
        return {
            "configuration": {"rules": [rule.to_dict() for rule in held.rules]},
            "destinations": list(regions),
            "registry_id": held.registry_id,
        }

    # removing

    def delete_tag(self, name: str, tag: str) -> DeleteTagResult:
        """Take a tag away; the image goes with its last. Raises FileNotFoundError."""
        repository = self._repository(name)
        digest = self.images.registry.resolve(repository, validate_tag(tag)).digest
        return delete_tag_result(tag, digest, self.images.delete_tag(name, tag))

    def delete_repo(self, name: str, force: bool = False) -> DeleteRepoResult:
        """Delete a repository; with images only by `force`, one that is marked to be kept never."""
        repository, registry = self._repository(name), self.images.registry
        registry_id = registry.account if isinstance(registry, EcrRegistry) else None
        self.images.delete_repository(name, force=force)
        return {"name": repository, "deleted": True, "registry_id": registry_id}

    def cleanup(
        self,
        name: str | None = None,
        all: bool = False,  # noqa: A002 - the founding document's
    ) -> CleanupResult:
        """Delete every untagged image that nothing needs, in one repository or in all; but for
        what was pushed in the last hour, whose index or tag may be under way.

        What could not be deleted counts for nothing. Raises ValueError for neither a name nor
        `all`, ReferencesUnknownError where it is not known what is in use.
        """
        if not name and not all:
            raise InvalidInputError(
                "cleanup has neither a name nor all", hint="cleanup('app'), or cleanup(all=True)"
            )
        return self._apply(self._plan(ImageRetention.cleanup(), name or None))

    def prune(self, dry_run: bool = True) -> PruneResult:
        """Delete untagged images that are older than 30 days and that nothing needs. As
        `cleanup`; a dry run deletes nothing and says what would go."""
        plans = self._plan(ImageRetention())
        return dry_run_result(plans) if dry_run else {"dry_run": False, **self._apply(plans)}

    def orphans(self, threshold_days: int = 30) -> list[OrphanRow]:
        """Tags that are older than that and to which nothing refers. Raises
        ReferencesUnknownError where a source of references did not answer."""
        report = self.images.orphans(self._references(), threshold_days=threshold_days)
        return [orphan_row(one) for one in report.orphans]

    def _repository(self, name: str) -> str:
        return self.images.config.repository(validate_image_name(name))

    def _replicas(self, repository: str, digest: str) -> list[ReplicaRow]:
        try:
            found = self.images.ecr.replication_status(repository, digest)
        except ImageNotFoundError:  # deleted since it was listed
            return []
        return [replica_row(repository, digest, one) for one in found]

    def _references(self) -> References:
        found = self.images.references()
        if not found.are_known:
            raise found.unknown("it is not known what is in use")
        return found

    def _plan(self, rules: ImageRetention, name: str | None = None) -> list[ImagePlan]:
        if name is not None:
            validate_image_name(name)
        return self.images.plan(self._references(), rules, name=name)

    def _apply(self, plans: Sequence[ImagePlan]) -> CleanupResult:
        """Of every repository. Raises the first error where nothing was deleted."""
        removals, errors = [], []
        for plan in plans:
            try:
                removals.append(self.images.apply(plan))
            except VersionedError as error:
                errors.append(error)
                failures = (Undeleted(image.digest, error.message) for image in plan.removed)
                removals.append(Removal(plan, failures=tuple(failures)))
        if errors and not any(one.deleted for one in removals):
            raise errors[0]
        return cleanup_result(removals)


def get_image_manager(
    config: ImagesConfig | ProjectConfig | None = None,
    region: str | None = None,
    *,
    repository: Repository | None = None,
) -> ImageManager:
    """A manager of the images of a project."""
    return ImageManager(config=config, region=region, repository=repository)


def _images_config(config: ImagesConfig | ProjectConfig) -> ImagesConfig:
    if isinstance(config, ImagesConfig):
        return config
    return ImagesConfig(
        project_name=config.project_name,
        regions=tuple(map(str, getattr(config, "regions", None) or ())),
        global_region=config.global_region,
    )

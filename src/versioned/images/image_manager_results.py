"""What the methods of `ImageManager` return: plain dictionaries, ready for JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from versioned.images.building import PushedImage
from versioned.images.orphans import Orphan
from versioned.images.registry import Deletion, ImageRepository, StoredImage
from versioned.images.removal import Removal
from versioned.images.replication import ReplicaStatus
from versioned.images.retention import ImagePlan


class PushResult(TypedDict):
    """An image that was pushed. `digest` and `size_bytes` are what the registry has now."""

    image_uri: str
    digest: str
    size_bytes: int
    runtime: str
    repository: str
    tag: str
    region: str
    retain: bool


class InitResult(TypedDict):
    """A repository that is there; `created` says whether it is new."""

    name: str
    created: bool
    retain: bool


class RepoRow(TypedDict):
    """A repository; `created_at` in ISO 8601."""

    name: str
    arn: str | None
    uri: str
    created_at: str | None
    image_count: int
    tag_mutability: str | None


class TagRow(TypedDict):
    """A tag, or with `None` an image without one; `pushed_at` in ISO 8601. The size of an index
    is `None`: its images have theirs."""

    tag: str | None
    digest: str
    pushed_at: str | None
    size_bytes: int | None


class DescribeResult(TypedDict):
    """An image. `scan_findings_summary` has `findingSeverityCounts`; `None` without a scan."""

    name: str
    tag: str
    digest: str
    pushed_at: str | None
    size_bytes: int | None
    tags: list[str]
    scan_findings_summary: dict[str, dict[str, int]] | None


class LifecycleSetResult(TypedDict):
    """A policy that was set."""

    name: str
    registry_id: str
    policy: dict[str, Any]


class ReplicaRow(TypedDict):
    """How far the copy of an image in a region is."""

    repository: str
    digest: str
    region: str
    status: str
    registry_id: str


class ReplicationSyncResult(TypedDict):
    """The rules that hold now, those of other projects too, and where ours copies to."""

    configuration: dict[str, Any]
    destinations: list[str]
    registry_id: str


class DeletedRow(TypedDict):
    """A tag that is gone, and what it named."""

    digest: str
    tag: str


class DeleteTagResult(TypedDict):
    """What became of a tag. `failures` are as ECR has them."""

    name: str
    tag: str
    deleted: list[DeletedRow]
    failures: list[dict[str, Any]]


class DeleteRepoResult(TypedDict):
    """A repository that is gone. `registry_id` is `None` where the registry is not ECR."""

    name: str
    deleted: bool
    registry_id: str | None


class LeftRow(TypedDict):
    """An image that is still there, and why."""

    repository: str
    digest: str
    reason: str


class CleanupResult(TypedDict):
    """What is gone, and only that: repositories that lost images, images, and their bytes.
    `failures` could not be deleted; `spared` were left alone, because they are needed by now."""

    repos_touched: int
    tags_deleted: int
    bytes_freed: int
    failures: list[LeftRow]
    spared: list[LeftRow]


class PruneResult(CleanupResult):
    """The same; of a dry run what would go."""

    dry_run: bool


class OrphanRow(TypedDict):
    """A tag that nothing refers to."""

    repository: str
    tag: str
    digest: str
    pushed_at: str | None
    uri: str


def push_result(pushed: PushedImage, *, region: str, retain: bool) -> PushResult:
    return {
        "image_uri": str(pushed.image),
        "digest": pushed.digest,
        "size_bytes": pushed.size,
        "runtime": pushed.runtime,
        "repository": pushed.image.repository,
        "tag": pushed.image.tag or "",
        "region": region,
        "retain": retain,
    }


def repo_row(repository: ImageRepository) -> RepoRow:
    return {
        "name": repository.name,
        "arn": repository.arn,
        "uri": repository.uri,
        "created_at": _iso(repository.created_at),
        "image_count": repository.image_count or 0,
        "tag_mutability": repository.tag_mutability,
    }


def tag_rows(images: Iterable[StoredImage]) -> list[TagRow]:
    """By tag; then the images without one."""
    rows: list[TagRow] = [
        {
            "tag": tag,
            "digest": image.digest,
            "pushed_at": _iso(image.pushed_at),
            "size_bytes": image.size,
        }
        for image in images
        for tag in image.tags or (None,)
    ]
    return sorted(rows, key=lambda row: (row["tag"] is None, row["tag"] or ""))


def describe_result(
    repository: str, tag: str, image: StoredImage, findings: Mapping[str, int] | None
) -> DescribeResult:
    return {
        "name": repository,
        "tag": tag,
        "digest": image.digest,
        "pushed_at": _iso(image.pushed_at),
        "size_bytes": image.size,
        "tags": list(image.tags),
        "scan_findings_summary": (
            {"findingSeverityCounts": dict(findings)} if findings is not None else None
        ),
    }


def replica_row(repository: str, digest: str, replica: ReplicaStatus) -> ReplicaRow:
    return {
        "repository": repository,
        "digest": digest,
        "region": replica.region,
        "status": replica.status,
        "registry_id": replica.registry_id,
    }


def delete_tag_result(tag: str, digest: str, deletion: Deletion) -> DeleteTagResult:
    return {
        "name": deletion.repository,
        "tag": tag,
        "deleted": [{"digest": digest, "tag": gone} for gone in deletion.tags],
        "failures": [
            {
                "imageId": {"imageTag": one.identity},
                "failureCode": one.reason.partition(": ")[0],
                "failureReason": one.reason.partition(": ")[2],
            }
            for one in deletion.failures
        ],
    }


def cleanup_result(removals: Sequence[Removal]) -> CleanupResult:
    return {
        "repos_touched": sum(bool(one.deleted) for one in removals),
        "tags_deleted": sum(len(one.deleted) for one in removals),
        "bytes_freed": sum(one.bytes_freed for one in removals),
        "failures": [
            {"repository": one.plan.repository, "digest": left.identity, "reason": left.reason}
            for one in removals
            for left in one.failures
        ],
        "spared": [
            {"repository": one.plan.repository, "digest": left.image.digest, "reason": left.reason}
            for one in removals
            for left in one.spared
        ],
    }


def dry_run_result(plans: Sequence[ImagePlan]) -> PruneResult:
    return {
        "dry_run": True,
        "repos_touched": sum(bool(plan.removed) for plan in plans),
        "tags_deleted": sum(len(plan.removed) for plan in plans),
        "bytes_freed": sum(plan.removed_bytes for plan in plans),
        "failures": [],
        "spared": [],
    }


def orphan_row(orphan: Orphan) -> OrphanRow:
    return {
        "repository": orphan.repository,
        "tag": orphan.tag,
        "digest": orphan.digest,
        "pushed_at": _iso(orphan.pushed_at),
        "uri": orphan.uri,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

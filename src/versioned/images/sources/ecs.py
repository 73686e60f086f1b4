"""Images that Amazon ECS runs, or may start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from versioned.images.errors import RegistryError
from versioned.images.sources.aws import at_once, code_of, in_batches, listed
from versioned.images.sources.base import ImageUse

_SERVICES = 10
_TASKS = 100
_REVISIONS = 20


@dataclass(slots=True)
class _Found:
    """Of one cluster: uses, and the ARNs of task definitions that are used."""

    uses: list[ImageUse] = field(default_factory=list)
    definitions: set[str] = field(default_factory=set)


class EcsSource:
    """The images of every running task, by the digest that really runs; of all deployments of
    every service, by the digest that ECS fixed for them where it tells it; and of every active
    task definition, because a schedule or a person may start one at any time.

    `client` is a boto3 client for `ecs`; `region` goes into the name, where several are asked.
    Costs a request for each task definition, ten services and hundred tasks.
    """

    def __init__(self, client: Any, *, region: str | None = None) -> None:  # noqa: ANN401 - boto3 makes its clients at run time
        self._client = client
        self.name = f"ecs:{region}" if region else "ecs"

    def uses(self) -> Iterable[ImageUse]:
        """Task definitions come last: one that is registered meanwhile is found among them.

        Raises what botocore raises, RegistryError for an answer that leaves something out,
        InvalidImageError.
        """
        clusters = list(listed(self._client, "list_clusters", "clusterArns"))
        found = at_once(self._of_cluster, clusters)
        active = listed(
            self._client, "list_task_definitions", "taskDefinitionArns", status="ACTIVE"
        )
        definitions = set(active).union(*(one.definitions for one in found))
        images = at_once(self._of_definition, sorted(definitions))
        return [use for uses in (*(one.uses for one in found), *images) for use in uses]

    def _of_cluster(self, cluster: str) -> _Found:
        found = _Found()
        try:
            services = list(listed(self._client, "list_services", "serviceArns", cluster=cluster))
            for batch in in_batches(services, _SERVICES):
                self._look_at_services(cluster, batch, found)
            tasks = list(listed(self._client, "list_tasks", "taskArns", cluster=cluster))
            for batch in in_batches(tasks, _TASKS):
                self._look_at_tasks(cluster, batch, found)
        except ClientError as error:
            if code_of(error) != "ClusterNotFoundException":
                raise  # one that is gone since the listing runs nothing
        return found

    def _look_at_services(self, cluster: str, arns: list[str], found: _Found) -> None:
        answer = self._client.describe_services(cluster=cluster, services=arns)
        services = _complete(answer, "services", arns)
        revisions = []
        for service in services:
            parts = (service, *service.get("deployments", ()), *service.get("taskSets", ()))
            found.definitions |= {
                one["taskDefinition"] for one in parts if one.get("taskDefinition")
            }
            revisions += [one["arn"] for one in service.get("currentServiceRevisions", ())]
        for batch in in_batches(revisions, _REVISIONS):
            answer = self._client.describe_service_revisions(serviceRevisionArns=batch)
            for revision in _complete(answer, "serviceRevisions", batch):
                user = f"ecs service {_tail(revision['serviceArn'])}"
                found.uses += _images(revision.get("containerImages", ()), user)

    def _look_at_tasks(self, cluster: str, arns: list[str], found: _Found) -> None:
        answer = self._client.describe_tasks(cluster=cluster, tasks=arns)
        for task in _complete(answer, "tasks", arns):
            found.definitions.add(task["taskDefinitionArn"])
            found.uses += _images(task.get("containers", ()), f"ecs task {_tail(task['taskArn'])}")

    def _of_definition(self, arn: str) -> list[ImageUse]:
        answer = self._client.describe_task_definition(taskDefinition=arn)
        containers = answer["taskDefinition"]["containerDefinitions"]
        return [
            ImageUse.of(container["image"], f"ecs task definition {_tail(arn)}")
            for container in containers
        ]


def _images(containers: Iterable[Mapping[str, Any]], user: str) -> Iterator[ImageUse]:
    """By the name and by the digest: an image may be named by an index and run by a child."""
    for container in containers:
        if container.get("image"):
            yield ImageUse.of(container["image"], user)
        if container.get("imageDigest"):
            yield ImageUse(user, digest=container["imageDigest"])


def _complete(answer: Mapping[str, Any], key: str, asked: list[str]) -> list[dict[str, Any]]:
    """What was asked for, but for what is gone since it was listed."""
    failures = answer.get("failures", ())
    for failure in failures:
        if failure.get("reason") != "MISSING":
            raise RegistryError(
                f"ECS did not describe {failure.get('arn')}: {failure.get('reason')}", hint="repeat"
            )
    found: list[dict[str, Any]] = answer[key]
    if len(found) + len(failures) < len(asked):
        raise RegistryError(
            f"ECS was asked for {len(asked)} {key} and told of {len(found)}", hint="repeat"
        )
    return found


def _tail(arn: str) -> str:
    """What comes after the kind in an ARN: `cluster/service`, `family:3`."""
    return arn.partition("/")[2] or arn

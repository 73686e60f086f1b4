"""Lifecycle policies in ECR, and what they would do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from versioned.errors import NotFoundError, StoreUnavailableError
from versioned.images.errors import InvalidLifecyclePolicyError, RegistryError
from versioned.images.lifecycle import LifecyclePreview, validate_lifecycle_policy
from versioned.images.registries.ecr_connection import EcrConnection
from versioned.stores.s3_answers import code_of

_NO_POLICY = "LifecyclePolicyNotFoundException"
_IN_PROGRESS = "LifecyclePolicyPreviewInProgressException"
_REFUSED = ("InvalidParameterException", "ValidationException")
_PAGE = 100
_LOOKS = 60
_PAUSE = 2.0
"""Seconds between two looks at a preview: it gets two minutes."""


def get_lifecycle_policy(connection: EcrConnection, repository: str) -> dict[str, Any] | None:
    answer = connection.call_unless((_NO_POLICY,), "get_lifecycle_policy", repository)
    policy: dict[str, Any] | None = json.loads(answer["lifecyclePolicyText"]) if answer else None
    return policy


def put_lifecycle_policy(
    connection: EcrConnection, repository: str, policy: Mapping[str, Any]
) -> str:
    text = json.dumps(validate_lifecycle_policy(policy))
    try:
        answer = connection.call("put_lifecycle_policy", repository, lifecyclePolicyText=text)
    except RegistryError as error:
        raise _as_refused(error) from error
    return str(answer["registryId"])


def preview_lifecycle(
    connection: EcrConnection,
    repository: str,
    policy: Mapping[str, Any] | None,
    sleep: Callable[[float], None],
) -> tuple[LifecyclePreview, ...]:
    _start(connection, repository, policy, sleep)
    _wait(connection, repository, sleep)
    results = connection.pages(
        "previewResults", "get_lifecycle_policy_preview", repository, maxResults=_PAGE
    )
    return tuple(
        LifecyclePreview(
            one["imageDigest"],
            tuple(sorted(one.get("imageTags") or ())),
            one["imagePushedAt"].astimezone(UTC) if one.get("imagePushedAt") else None,
            one["appliedRulePriority"],
            one["action"]["type"].lower(),
        )
        for one in results
    )


def _start(
    connection: EcrConnection,
    repository: str,
    policy: Mapping[str, Any] | None,
    sleep: Callable[[float], None],
) -> None:
    """ECR makes one preview of a repository at a time: another one is waited for."""
    parameters = {}
    if policy is not None:
        parameters["lifecyclePolicyText"] = json.dumps(validate_lifecycle_policy(policy))
    for _ in range(_LOOKS):
        try:
            started = connection.call_unless(
                (_IN_PROGRESS,), "start_lifecycle_policy_preview", repository, **parameters
            )
        except RegistryError as error:
            if code_of(error.__cause__) == _NO_POLICY:
                raise NotFoundError(
                    f"{repository} in {connection.region} has no lifecycle policy to preview",
                    hint="give one, or set it: versioned images lifecycle set",
                ) from error
            raise _as_refused(error) from error
        if started is not None:
            return
        sleep(_PAUSE)
    raise _too_slow(connection, repository, "another preview is under way")


def _wait(connection: EcrConnection, repository: str, sleep: Callable[[float], None]) -> None:
    for _ in range(_LOOKS):
        answer = connection.call("get_lifecycle_policy_preview", repository, maxResults=_PAGE)
        status = answer.get("status")
        if status == "COMPLETE":
            return
        if status != "IN_PROGRESS":
            raise RegistryError(
                f"the lifecycle preview of {repository} in {connection.region} ended as {status}",
                hint="repeat",
            )
        sleep(_PAUSE)
    raise _too_slow(connection, repository, "it is not ready")


def _too_slow(connection: EcrConnection, repository: str, found: str) -> StoreUnavailableError:
    return StoreUnavailableError(
        f"no lifecycle preview of {repository} in {connection.region} after "
        f"{_LOOKS * _PAUSE:.0f} seconds: {found}",
        hint="try again later",
    )


def _as_refused(error: RegistryError) -> RegistryError | InvalidLifecyclePolicyError:
    """The error to raise: a policy that only ECR knows to be wrong is wrong all the same."""
    if code_of(error.__cause__) not in _REFUSED:
        return error
    return InvalidLifecyclePolicyError(error.message, hint="mend what ECR names, then repeat")

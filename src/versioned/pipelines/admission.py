"""Whether a rollout may bring a version into an alias that is a rank."""

from __future__ import annotations

from versioned.context import Context
from versioned.pipelines.assessing import assess, check_force, overridden, pin
from versioned.pipelines.policies import read_policy
from versioned.pipelines.scene import choose, look


def admit(
    context: Context,
    name: str,
    alias: str,
    version: int | str,
    *,
    force: bool,
    message: str | None,
) -> tuple[str, ...]:
    """The gates that are overridden for a version that is to go into an alias by a rollout:
    none where the alias is no rank, or where all gates are met. One to five steps; nothing is
    written, and the gates are those of the moment.

    Raises GateRefusedError with what is not met, unless `force`; InvalidInputError for `force`
    without a message; ArtifactNotFoundError, ContentMismatchError, InvalidVersionError.
    """
    check_force(message, force=force)
    policy = read_policy(context)
    if alias not in policy.ranks:
        return ()
    scene = look(context, policy, name, alias)
    choice = choose(scene, version)
    candidate = pin(context, scene, choice)
    return overridden(candidate, assess(context, scene, choice, candidate), force=force)

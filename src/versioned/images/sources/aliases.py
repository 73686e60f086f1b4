"""Images that aliases of this product's own repository need: ranks and rollouts, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from versioned.alias_records import HeldAlias
from versioned.aliases import list_held
from versioned.context import Context
from versioned.errors import ArtifactNotFoundError
from versioned.images.recording import digest_of_sha256
from versioned.images.sources.base import ImageUse, SourceSkippedError
from versioned.naming import LATEST_VERSION
from versioned.repository import Repository
from versioned.rollout_records import rollout_references
from versioned.steps import Step
from versioned.versions import get_version

_AT_ONCE = 8


class AliasSource:
    """Every version that an alias of any artifact points at, both sides of a split and all
    canaries, and those that a rollout may have to go back to. An image that is tracked is an
    artifact whose bytes are the manifest, so the sha256 of a version is the digest of the image.

    Costs two listings for each artifact, and one request for each alias, rollout and version
    that they need.
    """

    name = "aliases"

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def uses(self) -> Iterable[ImageUse]:
        """Raises ContaminatedError for a damaged alias or rollout, ArtifactNotFoundError where
        one points at a version that is gone without saying which bytes it meant;
        SourceSkippedError where there is no alias: that proves nothing."""
        names = self._repository.list_artifact_names()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="versioned-aliases") as pool:
            found = list(pool.map(partial(_uses_of, self._repository.context), names))
        if not any(found):
            raise SourceSkippedError("there is no alias")
        return [use for uses in found for use in uses]


def _uses_of(context: Context, name: str) -> list[ImageUse]:
    """The rollouts are read after the aliases, because they are written before them."""
    aliases = list_held(context, name)
    rollouts = rollout_references(context, name, aliases)
    needed = {f"alias {name}@{one.alias.alias}": one.alias.versions for one in aliases}
    needed |= {
        f"rollout of {name}@{user.removeprefix('rollout of ')}": versions
        for user, versions in rollouts.items()
    }
    pinned = _pinned(name, aliases)
    stored = _stored(context, name, set().union(*needed.values()))
    return [
        ImageUse(user, digest=digest_of_sha256(sha256))
        for user, versions in needed.items()
        for version in sorted(versions)
        for sha256 in _known(name, user, version, {pinned.get((user, version)), stored[version]})
    ]


def _pinned(name: str, aliases: Iterable[HeldAlias]) -> dict[tuple[str, str], str]:
    """The bytes that were meant when the alias was written; LATEST means those of now."""
    return {
        (f"alias {name}@{one.alias.alias}", version): sha256
        for one in aliases
        for version in one.alias.versions - {LATEST_VERSION}
        if (sha256 := one.alias.sha256_of(version))
    }


def _stored(context: Context, name: str, versions: Iterable[str]) -> dict[str, str | None]:
    """The bytes that are there, by version; `None` for a version that is not."""
    with Step(context.store) as step:
        found = {version: step.add(_reading(context, name, version)) for version in versions}
    return {version: pending.result for version, pending in found.items()}


def _reading(context: Context, name: str, version: str) -> Callable[[], str | None]:
    def read() -> str | None:
        try:
            return get_version(context, name, version).sha256
        except ArtifactNotFoundError:
            return None

    return read


def _known(name: str, user: str, version: str, sha256s: set[str | None]) -> list[str]:
    known = sorted(sha256 for sha256 in sha256s if sha256)
    if not known:
        raise ArtifactNotFoundError(
            f"{user} needs version {version} of {name!r}, which is not there",
            hint="move the alias to a version that is, or delete it",
        )
    return known

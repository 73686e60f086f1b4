"""Carrying a plan out, after looking again, so that nothing goes that is needed by now."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from versioned.errors import NotFoundError, StoreError, VersionedError
from versioned.images.graph import ImageGraph
from versioned.images.planning import plan_images
from versioned.images.registry import Deletion, Registry, StoredImage, Undeleted
from versioned.images.retention import ImageDecision, ImagePlan, Rule
from versioned.images.sources.base import References
from versioned.images.users import ImageUsers, find_users

_FOLLOWING = {Rule.CHILD_OF_REMOVED, Rule.REFERRER_OF_REMOVED}


@dataclass(frozen=True, slots=True)
class SparedImage:
    """An image that was planned to go and was left alone after all, and why."""

    image: StoredImage
    reason: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a plan. Every image that was to go is deleted, spared, or among the failures
    by its digest."""

    plan: ImagePlan
    deleted: tuple[StoredImage, ...] = ()
    spared: tuple[SparedImage, ...] = ()
    failures: tuple[Undeleted, ...] = ()

    @property
    def bytes_freed(self) -> int:
        """The sum of the sizes of what is gone, as far as they are known. Layers that other
        images share are only freed with the last of those."""
        return sum(image.size or 0 for image in self.deleted)

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "plan": self.plan.to_dict(),
            "deleted": [image.to_dict() for image in self.deleted],
            "spared": [{"image": one.image.to_dict(), "reason": one.reason} for one in self.spared],
            "failures": [asdict(failure) for failure in self.failures],
            "bytes_freed": self.bytes_freed,
        }


def apply_plan(
    registry: Registry, plan: ImagePlan, *, recheck: Callable[[], References]
) -> Removal:
    """Delete what a plan removes, but for what is referenced by now, has changed, or is needed by
    something that is no part of the plan.

    References are asked for by `recheck`, then the repository is listed, then the images go:
    whatever needs others before those, and nothing whose index or referrer is still there. Can be
    repeated after a crash. Whatever the registry refuses is among the failures; raises what
    `Registry` raises where nothing was deleted.
    """
    if not plan.removed:
        return Removal(plan)
    references = recheck()
    images = registry.list_images(plan.repository)
    users = find_users(registry, plan.repository, images, references)
    second = _SecondLook(registry, plan, images, users)
    spared = second.spared()
    doomed = [image.digest for image in plan.removed if image.digest not in spared]
    graph = ImageGraph(
        [*images, *(image for image in plan.removed if image.digest in second.hidden)]
    )
    return _Deleting(registry, plan, graph, spared).run(doomed)


class _SecondLook:
    """What is in the repository now, held against the plan."""

    def __init__(
        self, registry: Registry, plan: ImagePlan, images: list[StoredImage], users: ImageUsers
    ) -> None:
        self.registry, self.plan, self.users = registry, plan, users
        self.graph = ImageGraph(images)
        again = plan_images(plan.repository, images, users, plan.rules, now=plan.at)
        self.decisions = {decision.image.digest: decision for decision in again.decisions}
        self.hidden: set[str] = set()

    def spared(self) -> dict[str, str]:
        """Why, by digest."""
        planned = [decision for decision in self.plan.decisions if not decision.keep]
        spared = {one.image.digest: reason for one in planned if (reason := self._objection(one))}
        doomed = {one.image.digest for one in planned} - set(spared)
        stays = self.graph.what_stays(set(self.graph.images) - doomed)
        for digest in doomed:
            tie = stays.get(digest)
            if tie:
                spared[digest] = f"{tie.kinship.value} of {tie.of[:19]}, which stays"
        return spared

    def _objection(self, planned: ImageDecision) -> str:
        image = planned.image
        users = self.users.words(image.digest)
        if users:
            return f"referenced by {users}"
        if not self.users.are_known:
            return f"who uses it is not known: {self.users.doubt}"
        decision = self.decisions.get(image.digest)
        if decision is None:
            return self._objection_to_unseen(planned)
        gained = sorted(set(decision.image.tags) - set(image.tags))
        if gained:
            return f"tagged {', '.join(gained)} since the plan"
        if _identity(decision.image) != _identity(image):
            return "pushed again since the plan"
        return decision.reason if decision.keep else ""

    def _objection_to_unseen(self, planned: ImageDecision) -> str:
        """A registry that only lists what a tag leads to does not show the children of an index
        that went already: those are finished, wherever that broke off."""
        digest = planned.image.digest
        if planned.rule in _FOLLOWING and _is_there(self.registry, self.plan.repository, digest):
            self.hidden.add(digest)
            return ""
        return "the registry does not list it any more"


def _identity(image: StoredImage) -> tuple[object, ...]:
    return image.pushed_at, image.subject, image.children


def _is_there(registry: Registry, repository: str, digest: str) -> bool:
    try:
        registry.resolve(repository, digest)
    except NotFoundError:
        return False
    return True


class _Deleting:
    """One wave after the other; what a failure still needs is left alone."""

    def __init__(
        self, registry: Registry, plan: ImagePlan, graph: ImageGraph, spared: dict[str, str]
    ) -> None:
        self.registry, self.plan, self.graph, self.spared = registry, plan, graph, spared
        self.gone: set[str] = set()
        self.failures: dict[str, str] = {}
        self.is_broken = False

    def run(self, doomed: list[str]) -> Removal:
        for wave in self.graph.removal_waves(doomed):
            needed = self.graph.what_stays(self.failures)
            left = "needed by something that could not be deleted"
            self.spared |= {digest: left for digest in wave if digest in needed}
            ready = [digest for digest in wave if digest not in needed]
            if self.is_broken:
                self.failures |= dict.fromkeys(ready, "not tried: the registry had failed before")
            elif ready:
                self._delete(ready)
        removed, spared = self.plan.removed, self.spared
        return Removal(
            self.plan,
            tuple(image for image in removed if image.digest in self.gone),
            tuple(SparedImage(one, spared[one.digest]) for one in removed if one.digest in spared),
            tuple(Undeleted(digest, reason) for digest, reason in self.failures.items()),
        )

    def _delete(self, digests: list[str]) -> None:
        try:
            deletion = self.registry.delete_images(self.plan.repository, digests)
        except (StoreError, NotFoundError) as error:
            self.is_broken = True
            deletion = self._what_went(digests, error)
        reasons = {failure.identity: failure.reason for failure in deletion.failures}
        for digest in digests:
            if digest in deletion.digests and digest not in reasons:
                self.gone.add(digest)
            else:
                self.failures[digest] = reasons.get(digest, "the registry said nothing of it")

    def _what_went(self, digests: list[str], error: VersionedError) -> Deletion:
        """Raises the error where nothing of the plan is known to be gone."""
        gone: list[str] = []
        with suppress(StoreError):
            for digest in digests:
                if not _is_there(self.registry, self.plan.repository, digest):
                    gone.append(digest)  # noqa: PERF401 - what was found before an error counts
        if not gone and not self.gone:
            raise error
        failures = (Undeleted(one, error.message) for one in digests if one not in gone)
        return Deletion(self.plan.repository, tuple(gone), failures=tuple(failures))

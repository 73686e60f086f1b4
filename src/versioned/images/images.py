"""The images of a project in one registry: built, pushed, promoted by digest, cleaned up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

from versioned.images import administration, promotion, recording
from versioned.images.administration import ImageDetails, Initialized
from versioned.images.build_request import check_build
from versioned.images.building import PushedImage, build_image, push_image
from versioned.images.config import ImagesConfig
from versioned.images.default_tag import default_tag
from versioned.images.errors import UnsupportedByRegistryError
from versioned.images.orphans import OrphanReport, orphan_report
from versioned.images.planning import plan_images
from versioned.images.promotion import ImagePromotion
from versioned.images.reference import validate_image_name, validate_repository, validate_tag
from versioned.images.registries.ecr import EcrRegistry
from versioned.images.registry import Deletion, ImageRepository, Registry, StoredImage
from versioned.images.removal import Removal, apply_plan
from versioned.images.replicas import resolve_replicas
from versioned.images.retention import ImagePlan, ImageRetention
from versioned.images.runtimes.base import Runtime
from versioned.images.sources.asking import ask
from versioned.images.sources.base import References, ReferenceSource
from versioned.images.users import ImageUsers, find_users
from versioned.images.whereabouts import DEFAULT_TAG, Whereabouts
from versioned.models import Artifact
from versioned.repository import Repository


class Images:
    """Images by name below the project's prefix, in ECR or in any OCI registry.

    Construction asks nothing of anybody. `repository` has the ranks and the ledger that
    promotions go by; `sources` gives those that know what is in use; `connect` opens any other
    registry by its host; `runtime` finds the container runtime when one is needed. Images are
    named as `app:1.4`, `app@sha256:...`, by an alias that holds one as `app@prod`, or with a registry.
    Besides what a method names, all raise InvalidImageError, and what `Registry` raises.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        config: ImagesConfig,
        connect: Callable[[str], Registry],
        runtime: Callable[[], Runtime],
        repository: Repository | None = None,
        sources: Callable[[], Sequence[ReferenceSource]] = tuple,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.registry = registry
        self.config = config
        self._sources = sources
        self._repository = repository
        self._runtime = runtime
        self._now = now
        self._whereabouts = Whereabouts(registry, config, repository, connect)

    @property
    def ecr(self) -> EcrRegistry:
        """The registry with what only ECR has: lifecycle policies, replication. Raises
        UnsupportedByRegistryError elsewhere."""
        if isinstance(self.registry, EcrRegistry):
            return self.registry
        raise UnsupportedByRegistryError(
            f"{self.registry.host} is not ECR: it has no lifecycle policies and no replication",
            hint="versioned images prune has rules that work everywhere",
        )

    # repositories

    def init(self, name: str, *, retain: bool | None = None) -> Initialized:
        """Create the repository of a new image, with the default lifecycle policy where the
        registry has such, in place of any other, and mark it to be kept, or take the mark away.
        Idempotent."""
        validate_image_name(name)
        return self._initialize(name, retain=retain, heal=True)

    def list_repositories(self) -> list[ImageRepository]:
        """Every repository below the prefix, sorted by name, with the number of its images."""
        return [
            replace(one, image_count=self.registry.count_images(one.name))
            for one in self.registry.list_repositories(self._below)
        ]

    def delete_repository(self, name: str, *, force: bool = False) -> Deletion:
        """Delete a repository; with `force` with all images. Raises RepositoryRetainedError,
        ImageRepositoryNotEmptyError."""
        return administration.delete_repository(
            self.registry, self._path(name), name, force=force, mark=self._mark
        )

    # images

    def list_images(self, name: str) -> list[StoredImage]:
        """Every image of a repository with its tags, as far as the registry tells."""
        return self.registry.list_images(self._path(name))

    def describe(self, image: str) -> ImageDetails:
        """Everything about one image."""
        return administration.describe(self._whereabouts.locate(image))

    def uri(self, image: str) -> str:
        """The image with its registry; `app` alone means `app:latest`. Asks no registry."""
        found = self._whereabouts.locate(image)
        return str(found.reference if found.is_precise else found.reference.by_tag(DEFAULT_TAG))

    def build(
        self,
        context: str,
        name: str,
        *,
        tag: str | None = None,
        dockerfile: str = "Dockerfile",
        build_args: Mapping[str, str] | None = None,
        platform: str = "linux/amd64",
        retain: bool | None = None,
        output: BinaryIO | None = None,
    ) -> PushedImage:
        """Build an image and push it under a tag: git's short hash for the context, else
        `latest`, unless one is named.

        `platform` may have several, parted by commas: then an index is pushed. `output` gets
        what the runtime prints. Nothing is pushed where the build fails. Raises
        InvalidBuildError, BuildFileNotFoundError, RuntimeNotFoundError, RuntimeFailedError,
        TagImmutableError, RankProtectedError for a tag that is a rank.
        """
        validate_image_name(name)
        request = check_build(
            context, dockerfile=dockerfile, build_args=build_args, platform=platform
        )
        if tag is not None:
            promotion.refuse_rank_tag(self._repository, name, validate_tag(tag))
        runtime = self._runtime()
        wanted = tag if tag is not None else default_tag(request.context, runtime.environ)
        self._initialize(name, retain=retain, heal=False)
        image = self._whereabouts.locate(f"{name}:{wanted}").reference
        return build_image(runtime, self.registry, image, request, output=output)

    def push(
        self,
        name: str,
        tag: str,
        local_image: str,
        *,
        retain: bool | None = None,
        output: BinaryIO | None = None,
    ) -> PushedImage:
        """Push an image that the container runtime has already; else as `build`."""
        validate_image_name(name)
        promotion.refuse_rank_tag(self._repository, name, validate_tag(tag))
        runtime = self._runtime()
        self._initialize(name, retain=retain, heal=False)
        image = self._whereabouts.locate(f"{name}:{tag}").reference
        return push_image(runtime, self.registry, image, local_image, output=output)

    def record(self, image: str) -> Artifact:
        """Publish the image as a version of the artifact of its name, so that verdicts,
        approvals and ranks can be about it. Idempotent. Raises ConflictError,
        RepositoryNotFoundError where there is no repository to publish it in."""
        found = self._whereabouts.locate(image)
        ranked = self._whereabouts.ranked(found, found)
        manifest = found.place.registry.get_manifest(found.place.repository, found.resolved())
        return recording.record_image(
            ranked.repository, ranked.name, manifest, image=found.place.reference
        )

    # moving

    def promote(
        self,
        image: str,
        to: str,
        *,
        expect: str | None = None,
        force: bool = False,
        message: str | None = None,
    ) -> ImagePromotion:
        """Let a tag name exactly this image; where it is in another repository or registry, copy
        it there first with its children, signatures and other referrers. Nothing is pulled or
        built anew; the digest is proved. Idempotent.

        Where the tag is a declared rank, its gates decide, and `app` alone means what the rank
        before holds. `expect` is the digest that was tested; `force` overrides gates and takes a
        message. Raises GateRefusedError, TagMovedError, TagImmutableError, ImageNotFoundError,
        and what `Pipeline.promote` raises.
        """
        source = self._whereabouts.locate(image)
        target = self._whereabouts.target(to, source)
        tag = target.tag or ""
        if promotion.is_rank(self._repository, tag):
            named = source.resolved() if source.is_precise else None
            ranked = self._whereabouts.ranked(source, target)
            return ranked.promote(tag, named, expect=expect, force=force, message=message)
        promotion.refuse_rank_options(force=force, message=message)
        digest = source.resolved()
        promotion.check_expected(source.reference, digest, expect)
        return promotion.put_tag(source.place, digest, target.place, tag)

    def retag(self, image: str, tag: str, *, expect: str | None = None) -> ImagePromotion:
        """Let another tag of the same repository name an image. `expect` is the digest that the
        tag has to name now. A rank's tag is only brought back to what the rank holds.

        Raises TagMovedError, TagImmutableError, RankProtectedError.
        """
        source = self._whereabouts.locate(image)
        digest = source.resolved()
        target = self._whereabouts.target(validate_tag(tag), source)
        if promotion.is_rank(self._repository, tag):
            ranked = self._whereabouts.ranked(source, target)
            if ranked.held(tag) != digest:
                promotion.refuse_rank_tag(self._repository, ranked.name, tag)
            return ranked.bring_back(tag, expect=expect)
        return promotion.put_tag(source.place, digest, target.place, tag, expect=expect)

    def copy(self, image: str, to: str, *, expect: str | None = None) -> ImagePromotion:
        """Copy an image to another repository or registry under a tag; no gate is asked. Raises
        TagMovedError, TagImmutableError, RankProtectedError."""
        source = self._whereabouts.locate(image)
        target = self._whereabouts.target(to, source)
        tag = target.tag or ""
        promotion.refuse_rank_tag(self._repository, target.name or source.name, tag)
        return promotion.put_tag(source.place, source.resolved(), target.place, tag, expect=expect)

    # removing

    def delete_tag(self, name: str, tag: str) -> Deletion:
        """Take a tag away; the image goes with its last. Explicit: no reference is looked at but
        the ranks. Raises ImageNotFoundError, RankProtectedError."""
        promotion.refuse_rank_tag(self._repository, name, validate_tag(tag))
        return self.registry.delete_tag(self._path(name), tag)

    # what is in use, and what may go

    def references(self, *, skip: Collection[str] = ()) -> References:
        """Ask every source what is in use, all at once; `skip` names those that are left out.
        Raises InvalidInputError for a source that there is none of."""
        found = ask(self._sources(), skip=skip)
        named = {use.repository for use in found.uses if use.repository}
        return resolve_replicas(
            found,
            host=self.registry.host,
            repositories={path for path in named if path.startswith(self._below)},
            resolve=self._whereabouts.digest_of,
            skip=skip,
        )

    def users(self, name: str, references: References) -> ImageUsers:
        """Who uses each image of a repository, by its digest, and whether all is known."""
        return self._users(self._path(name), references)[1]

    def plan(
        self, references: References, rules: ImageRetention, *, name: str | None = None
    ) -> list[ImagePlan]:
        """What the rules remove and keep of one repository, or of each below the prefix: every
        image with the rule and the reason. Changes nothing."""
        plans = []
        for path in [self._path(name)] if name is not None else self._paths():
            images, users = self._users(path, references)
            plans.append(plan_images(path, images, users, rules, now=self._now()))
        return plans

    def apply(self, plan: ImagePlan, *, skip: Collection[str] = ()) -> Removal:
        """Delete what a plan removes, after looking again at the registry and at the references:
        what is referenced by now, or has changed, is spared. Whatever fails is in the result."""
        return apply_plan(self.registry, plan, recheck=lambda: self.references(skip=skip))

    def orphans(
        self, references: References, *, name: str | None = None, threshold_days: float = 30
    ) -> OrphanReport:
        """Tags older than that to which nothing refers. Nothing counts as unused unless every
        source answered; the report says which did. Raises InvalidInputError."""
        rules = ImageRetention.orphans(threshold_days)
        return orphan_report(
            self.plan(references, rules, name=name),
            references,
            host=self.registry.host,
            at=self._now(),
            threshold_days=threshold_days,
        )

    def _initialize(self, name: str, *, retain: bool | None, heal: bool) -> Initialized:
        path, mark = self.config.repository(name), self._mark
        return administration.initialize(self.registry, path, retain=retain, mark=mark, heal=heal)

    def _users(self, path: str, references: References) -> tuple[list[StoredImage], ImageUsers]:
        images = self.registry.list_images(path)
        return images, find_users(self.registry, path, images, references)

    def _paths(self) -> list[str]:
        return [one.name for one in self.registry.list_repositories(self._below)]

    @property
    def _below(self) -> str:
        return f"{self.config.prefix}/" if self.config.prefix else ""

    @property
    def _mark(self) -> str:
        return f"{self.config.prefix or self.config.project_name}:retain"

    def _path(self, name: str) -> str:
        return self.config.repository(validate_repository(name))

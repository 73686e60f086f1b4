"""Promoting an image: the very bytes get another tag; where the tag is a rank, through its gates."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from versioned.errors import (
    AliasNotFoundError,
    ArtifactNotFoundError,
    InvalidInputError,
    RankEmptyError,
    RankProtectedError,
    VersionedError,
)
from versioned.images.copying import CopyReport, copy_image
from versioned.images.errors import (
    TagBehindError,
    TagMovedError,
)
from versioned.images.place import Place
from versioned.images.recording import (
    digest_of_alias,
    digest_of_sha256,
    find_recorded,
    record_image,
)
from versioned.images.reference import ImageReference
from versioned.naming import LATEST_VERSION
from versioned.pipelines.admission import admit
from versioned.pipelines.pipeline import Pipeline
from versioned.pipelines.promotion import Promotion
from versioned.ranks import read_ranks
from versioned.repository import Repository

_TURNS = 8
"""How often a tag follows a rank that others keep moving."""


@dataclass(frozen=True, slots=True)
class ImagePromotion:
    """What a promotion came to: `image` is the target with its tag and the digest that it names
    now, `was` the digest that the tag named before. `moved` is false where it named this one
    already. `promotion` is what happened in the rank, `None` where the tag is none."""

    image: ImageReference
    was: str | None
    copied: CopyReport
    promotion: Promotion | None = None

    @property
    def digest(self) -> str:
        """What the tag names now."""
        return self.image.digest or self.copied.digest

    @property
    def moved(self) -> bool:
        """Whether the tag named something else before."""
        return self.was != self.digest

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "image": str(self.image),
            "digest": self.digest,
            "was": self.was,
            "moved": self.moved,
            "copied": self.copied.to_dict(),
            "promotion": self.promotion.to_dict() if self.promotion else None,
        }


def check_expected(what: object, digest: str, expect: str | None) -> None:
    """Raises TagMovedError unless the digest is the one that was tested."""
    if expect is not None and expect != digest:
        raise TagMovedError(
            f"{what} was expected to be {expect}, but it is {digest}",
            hint="test what is there now, then repeat with what you expect",
        )


def put_tag(
    source: Place, digest: str, target: Place, tag: str, *, expect: str | None = None
) -> ImagePromotion:
    """Let a tag name the image of a digest, which is copied there first where it is elsewhere.

    Idempotent. Registries have no compare-and-set: `expect`, the digest that the tag has to name
    now, is looked at right before. Raises TagMovedError where it is not met, TagImmutableError,
    ImageNotFoundError.
    """
    was = target.digest_at(tag)
    check_expected(target.reference.by_tag(tag), was or "not there", expect)
    if was != digest:
        target.registry.check_tag_is_free(target.repository, tag)
    target.registry.ensure_repository(target.repository)
    copied = copy_image(source, target, digest, tags=() if was == digest else (tag,))
    image = ImageReference(target.registry.host, target.repository, tag, digest)
    return ImagePromotion(image, was, copied)


@dataclass(frozen=True, slots=True)
class RankedImage:
    """An image by its name in a repository that declares ranks. `home` is where the project has
    it, `target` where it is promoted to, which may be the same."""

    repository: Repository
    name: str
    home: Place
    target: Place

    def promote(
        self,
        rank: str,
        digest: str | None,
        *,
        expect: str | None = None,
        force: bool = False,
        message: str | None = None,
    ) -> ImagePromotion:
        """Move a digest, or exactly what the rank before holds, into a rank; then let the tags of
        that name follow, at home and at the target.

        The rank is moved by one compare-and-set, with its gates and its ledger; it decides, and
        the tags follow it. A run that was cut off between the two is finished by a repeat.
        `expect` is the digest that was tested. Raises what `Pipeline.promote` raises;
        TagImmutableError; TagBehindError where the rank was moved and a tag can't follow.
        """
        pipeline = Pipeline(self.repository)
        version, candidate = self._candidate(pipeline, rank, digest)
        check_expected(f"what is to go into {self.name}@{rank}", candidate, expect)
        was = self.target.digest_at(rank)
        for place in self._places:
            if place.digest_at(rank) != candidate:
                place.registry.check_tag_is_free(place.repository, rank)
        if len(self._places) > 1:  # nothing is copied for a refusal
            admit(self.repository.context, self.name, rank, version, force=force, message=message)
        self.target.registry.ensure_repository(self.target.repository)
        copied = copy_image(self.home, self.target, candidate)
        promotion = pipeline.promote(
            self.name,
            rank,
            version=version if digest else None,
            expect=candidate.partition(":")[2],
            force=force,
            message=message,
        )
        held = self._followed(rank)
        image = ImageReference(self.target.registry.host, self.target.repository, rank, held)
        return ImagePromotion(image, was, copied, promotion)

    def follow(self, rank: str) -> str:
        """Let the tags name what the rank holds, until all agree; the digest. Idempotent.

        Raises AliasNotFoundError; TagMovedError where others move the rank all the time.
        """
        for _ in range(_TURNS):
            digest = self.held(rank)
            behind = [place for place in self._places if place.digest_at(rank) != digest]
            for place in behind:
                copy_image(self.home, place, digest)
                manifest = place.registry.get_manifest(place.repository, digest)
                place.registry.put_manifest(place.repository, manifest, tag=rank)
            if not behind and self.held(rank) == digest:
                return digest
        raise TagMovedError(
            f"{self.name}@{rank} and the tag {rank} were moved by others all the time",
            hint=f"when they are done: versioned images retag {self.name}@{rank} {rank}",
        )

    def bring_back(self, rank: str, *, expect: str | None) -> ImagePromotion:
        """Let the tags follow a rank that was moved in another way, by a rollback. Idempotent."""
        was = self.target.digest_at(rank)
        check_expected(self.target.reference.by_tag(rank), was or "not there", expect)
        digest = self.follow(rank)
        image = ImageReference(self.target.registry.host, self.target.repository, rank, digest)
        return ImagePromotion(image, was, copy_image(self.target, self.target, digest))

    def held(self, alias: str) -> str:
        """The digest that an alias holds; of a split one that of its primary version. Raises
        AliasNotFoundError."""
        return self._version_at(alias)[1]

    @property
    def _places(self) -> list[Place]:
        return [self.home] if self.home.is_same_as(self.target) else [self.home, self.target]

    def _followed(self, rank: str) -> str:
        try:
            return self.follow(rank)
        except VersionedError as error:
            raise TagBehindError(
                f"{self.name}@{rank} was moved, and its tag does not follow: {error.message}",
                hint=f"once that is mended: versioned images retag {self.name}@{rank} {rank}",
            ) from error

    def _version_at(self, alias: str) -> tuple[str, str]:
        held = self.repository.get_alias(self.name, alias)
        return held.version, digest_of_alias(self.repository, held)

    def _candidate(self, pipeline: Pipeline, rank: str, digest: str | None) -> tuple[str, str]:
        """The version and the digest that are to go into the rank: those of the digest, else what
        the rank before holds, for the first rank the newest that was recorded."""
        before = pipeline.policy().before(rank)
        if digest:
            return self._recorded(digest, [alias for alias in (before, rank) if alias]), digest
        if before is not None:
            try:
                return self._version_at(before)
            except AliasNotFoundError:
                raise RankEmptyError(
                    f"nothing of {self.name} is in {before}",
                    hint=f"promote it there first: versioned images promote {self.name}:TAG --to "
                    f"{before}",
                ) from None
        newest = self.repository.get_latest_published_artifact_version_number(self.name)
        if not newest:
            raise ArtifactNotFoundError(
                f"no image of {self.name!r} was recorded",
                hint=f"name the one you mean: versioned images promote {self.name}:TAG --to {rank}",
            )
        found = self.repository.get_artifact_version(self.name, newest)
        return found.version, digest_of_sha256(found.sha256)

    def _recorded(self, digest: str, ranks: Iterable[str]) -> str:
        """The version that a rank holds, where it is this image: two who recorded it at once have
        made two versions of it."""
        for rank in ranks:
            with suppress(AliasNotFoundError):
                version, held = self._version_at(rank)
                if held == digest and version != LATEST_VERSION:
                    return version
        found = find_recorded(self.repository, self.name, digest)
        if found is None:
            manifest = self.home.registry.get_manifest(self.home.repository, digest)
            image = self.home.reference
            found = record_image(self.repository, self.name, manifest, image=image)
        return found.version


def is_rank(repository: Repository | None, tag: str) -> bool:
    """Whether a tag is a rank that the repository declares. One request."""
    return repository is not None and tag in read_ranks(repository.context)


def refuse_rank_tag(repository: Repository | None, name: str | None, tag: str) -> None:
    """Raises RankProtectedError for a tag that is a declared rank."""
    if is_rank(repository, tag):
        raise RankProtectedError(
            f"{tag} is a rank of this repository: its tag follows promotions",
            hint=f"versioned images promote {name or 'NAME'}:TAG --to {tag}",
        )


def refuse_rank_options(*, force: bool, message: str | None) -> None:
    """Raises InvalidInputError for what only ranks take."""
    if force or message is not None:
        raise InvalidInputError(
            "a message and force belong to ranks, and the target is a plain tag",
            hint="declare ranks: versioned pipeline set qa prod",
        )

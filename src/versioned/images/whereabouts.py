"""Where the image lies that somebody named: `app:1.4`, `app@prod`, `host/team/app@sha256:...`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from versioned.errors import RepositoryNotFoundError
from versioned.images.config import ImagesConfig
from versioned.images.errors import InvalidImageError
from versioned.images.place import Place
from versioned.images.promotion import RankedImage
from versioned.images.reference import ImageReference, validate_tag
from versioned.images.registry import Registry
from versioned.repository import Repository

DEFAULT_TAG = "latest"


@dataclass(frozen=True, slots=True)
class Located:
    """An image in its place. `name` is the project's name for it, the path of its repository
    without the prefix; `None` in another registry or below another prefix. `tag` and `digest`
    are what was said."""

    place: Place
    name: str | None
    tag: str | None = None
    digest: str | None = None

    @property
    def reference(self) -> ImageReference:
        """As it was named, with its registry."""
        return ImageReference(
            self.place.registry.host, self.place.repository, self.tag, self.digest
        )

    @property
    def is_precise(self) -> bool:
        """Whether a tag or a digest was said."""
        return bool(self.tag or self.digest)

    @property
    def named(self) -> str:
        """The digest that was said, else the tag, else `latest`."""
        return self.digest or self.tag or DEFAULT_TAG

    def resolved(self) -> str:
        """Its digest: as said, else what the tag names now, else `latest`. Raises
        ImageNotFoundError."""
        if self.digest:
            return self.digest
        return self.place.registry.resolve(self.place.repository, self.named).digest


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The project's registry and prefix, the repository that has its ranks, and the way to any
    other registry."""

    registry: Registry
    config: ImagesConfig
    repository: Repository | None
    connect: Callable[[str], Registry]

    def locate(self, text: str) -> Located:
        """An image by name, below the project's prefix; by URL, anywhere; or by an alias that
        holds it, as `app@prod`. Raises InvalidImageError, AliasNotFoundError."""
        name, at, alias = text.partition("@")
        if at and ":" not in alias:
            return self._held(ImageReference.parse(name), alias)
        image = ImageReference.parse(text)
        if image.registry is None:
            return self._home(image)
        is_home = image.registry == self.registry.host
        registry = self.registry if is_home else self.connect(image.registry)
        below = f"{self.config.prefix}/" if self.config.prefix else ""
        is_ours = is_home and image.repository.startswith(below)
        ours = image.repository.removeprefix(below) if is_ours else None
        return Located(Place(registry, image.repository), ours, image.tag, image.digest)

    def digest_of(self, image: ImageReference) -> str:
        """What a tag or digest with its registry names now. Raises ImageNotFoundError,
        ImageRepositoryNotFoundError."""
        return self.locate(str(image)).resolved()

    def target(self, text: str, source: Located) -> Located:
        """Where to: a tag in the same repository, or `app:tag` and `host/app:tag` for another;
        without a tag there the one of the source. Raises InvalidImageError."""
        if not set(text) & set("/:@"):
            return Located(source.place, source.name, validate_tag(text))
        found = self.locate(text)
        tag = found.tag or source.tag
        if found.digest or tag is None:
            raise InvalidImageError(
                f"{text!r} names no tag to move", hint=f"such as {text.partition('@')[0]}:prod"
            )
        return Located(found.place, found.name, tag)

    def ranked(self, source: Located, target: Located) -> RankedImage:
        """For moving it through ranks. Raises RepositoryNotFoundError, InvalidImageError for what is no image of the
        project, for a name with a slash, and for a target that has ranks under another name."""
        if self.repository is None:
            raise RepositoryNotFoundError(
                f"{source.reference} has no ranks and no aliases: no repository is there for them",
                hint="name one: --repo, VERSIONED_REPO or .versioned.toml; versioned init makes one",
            )
        if source.name is None or "/" in source.name:
            raise InvalidImageError(
                f"{source.reference} can't go through ranks: it is no image of this project",
                hint="copy it to a repository right below the project's prefix, and promote that",
            )
        if target.name not in {None, source.name}:
            raise InvalidImageError(
                f"{target.reference} is the rank of {target.name}, and can't hold {source.name}",
                hint=f"versioned images copy {source.name}:TAG {target.name}:TAG, then promote it",
            )
        return RankedImage(self.repository, source.name, source.place, target.place)

    def _home(self, image: ImageReference) -> Located:
        place = Place(self.registry, self.config.repository(image.repository))
        return Located(place, image.repository, image.tag, image.digest)

    def _held(self, image: ImageReference, alias: str) -> Located:
        located = self.locate(str(image))
        if not alias or image.tag or located.name is None:
            raise InvalidImageError(
                f"{image}@{alias} is no image: only the project's own have aliases, and no tag then",
                hint="use app@prod, app:1.4 or app@sha256:...",
            )
        digest = self.ranked(located, located).held(alias)
        return Located(located.place, located.name, digest=digest)

"""An image in parts, `{registry, repository, tag, digest}`, as Helm's values have it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from versioned.errors import InvalidInputError
from versioned.images.errors import InvalidImageError
from versioned.images.sources.base import ImageUse
from versioned.images.sources.documents import Fields
from versioned.images.sources.image_texts import uses_of_text

_MAX_COMBINATIONS = 100
_OTHER_KEYS = {"registry", "tag", "digest", "pullPolicy", "imagePullPolicy"}


@dataclass(frozen=True, slots=True)
class ImageParts:
    """What the parts say. `path` are the keys that lead to them, `where` is the file and line.

    A key that repeats, or is merged in, has several values: then all count. `repositories` is
    empty where only another file says which is meant; `has_tag` is false where the tag may be
    any; `is_certain` is whether this can be nothing but an image.
    """

    path: tuple[str, ...]
    where: str
    registries: tuple[str, ...]
    repositories: tuple[str, ...]
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    has_tag: bool
    is_certain: bool

    @classmethod
    def of(cls, fields: Fields, path: tuple[str, ...], name: str) -> ImageParts | None:
        """`None` for a mapping that is no image: one without a repository, unless it is called an
        image and has a tag or digest; and one with a repository that is neither called an image
        nor has any other key of one."""
        key = path[-1].lower() if path else ""
        is_called_so = key.endswith("image") or path[-2:-1] in {("image",), ("images",)}
        repositories = _texts(fields, "repository")
        if not repositories and key == "image":
            repositories = _texts(fields, "name") or _texts(fields, "reference")
        tags, digests = _texts(fields, "tag"), _texts(fields, "digest")
        is_like_one = is_called_so or any(one in _OTHER_KEYS for one, _ in fields.pairs)
        if not (is_like_one if repositories else is_called_so and (tags or digests)):
            return None
        written = fields.filled("tag")
        return cls(
            path,
            f"{name}:{fields.line}",
            _texts(fields, "registry"),
            repositories,
            tags,
            digests,
            has_tag=bool(digests) or (len(written) == 1 and written[0].is_text),
            is_certain=is_called_so,
        )

    def based_on(self, other: ImageParts) -> ImageParts:
        """The same with the repository that another file says."""
        return replace(
            self,
            registries=(*self.registries, *other.registries),
            repositories=other.repositories,
            is_certain=other.is_certain,
        )

    def uses(self, registries: tuple[str, ...] = ()) -> list[ImageUse]:
        """What it uses; `registries` may take the place of its own. Where the tag may be any, the
        whole repository, too. Raises InvalidInputError, with file and line, for what is certain
        to be an image and can't be one."""
        try:
            return [
                use for text in self._written(registries) for use in uses_of_text(text, self.where)
            ]
        except InvalidImageError as error:
            if not self.is_certain:
                return []
            raise InvalidInputError(
                f"{self.where}: {error.message}",
                hint="mend the file, or don't name it among those that are looked at",
            ) from None

    def _written(self, registries: tuple[str, ...]) -> Iterator[str]:
        hosts = list(dict.fromkeys((*self.registries, *registries))) or [""]
        tags = [f":{tag}" for tag in self.tags] or [""]
        digests = [f"@{digest}" for digest in self.digests] or [""]
        names = [
            f"{host.rstrip('/')}/{name}".lstrip("/") for host in hosts for name in self.repositories
        ]
        if len(names) * len(tags) * len(digests) > _MAX_COMBINATIONS:
            raise InvalidImageError(
                f"the parts of an image are more than {_MAX_COMBINATIONS} images", hint="say less"
            )
        yield from (f"{name}{tag}{digest}" for name in names for tag in tags for digest in digests)
        if not self.has_tag:
            yield from names


def _texts(fields: Fields, key: str) -> tuple[str, ...]:
    """A number may be meant as a text."""
    return tuple(dict.fromkeys(node.text.strip() for node in fields.filled(key)))

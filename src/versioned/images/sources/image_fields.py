"""The images that a document of YAML or JSON names, whatever kind of document it is. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from versioned.errors import InvalidInputError
from versioned.images.errors import InvalidImageError
from versioned.images.sources.base import ImageUse
from versioned.images.sources.documents import (
    Fields,
    Items,
    Node,
    Scalar,
    TooManyMergesError,
    read_yaml,
)
from versioned.images.sources.image_parts import ImageParts
from versioned.images.sources.image_texts import Lookup, uses_of_text, uses_within

_MAX_COMBINATIONS = 100

KeyPath = tuple[str, ...]


@dataclass(slots=True)
class NamedImages:
    """What some documents name: uses; images in parts, of which some need another file; the paths
    of images in one piece; and of Helm's values registries that may take the place of those of all
    images, and every text by its path."""

    uses: set[ImageUse] = field(default_factory=set)
    parts: list[ImageParts] = field(default_factory=list)
    paths: set[KeyPath] = field(default_factory=set)
    registries: set[str] = field(default_factory=set)
    texts: defaultdict[KeyPath, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def image_paths(self) -> set[KeyPath]:
        """Where a repository is named."""
        return {parts.path for parts in self.parts if parts.repositories} | self.paths


def is_global_registry(path: KeyPath) -> bool:
    """Whether it is what charts call the registry of all their images."""
    return "global" in path[:-1] and path[-1].lower().endswith("registry")


class ImageFields:
    """Reads documents of one file into `found`. `lookup` knows the variables of its texts;
    `has_values` is whether they are Helm's values.

    An image is: a text under the key `image` at any depth; a mapping of its parts; an entry of
    Kustomize's `images`; the value of a JSON patch of an `image`; and, anywhere, a text that
    names one in full or by its digest.
    """

    def __init__(
        self, name: str, found: NamedImages, lookup: Lookup, *, has_values: bool = False
    ) -> None:
        self.name, self.found, self.lookup, self.has_values = name, found, lookup, has_values
        self._seen: dict[tuple[int, bool, KeyPath], Node] = {}
        """By identity, which only holds while they are there."""
        self._parts: set[int] = set()
        """Texts that are a part of an image, whose other parts say which one; by identity, too."""

    def read(self, document: Node, path: KeyPath = ()) -> None:
        """Add what a document names. Raises InvalidInputError with the file and the line."""
        pending: list[tuple[Node, KeyPath, bool]] = [(document, path, False)]
        while pending:
            node, path, is_merged = pending.pop()
            if isinstance(node, Scalar):
                self._add_leaf(node, path)
            elif (id(node), is_merged, path[-2:]) not in self._seen:
                self._seen[id(node), is_merged, path[-2:]] = node
                try:
                    pending += self._inside(node, path, is_merged=is_merged)
                except TooManyMergesError as error:
                    raise self._failed(error.line, "it merges too many mappings") from None

    def _inside(
        self, node: Items | Fields, path: KeyPath, *, is_merged: bool
    ) -> list[tuple[Node, KeyPath, bool]]:
        """What is to be read next. A mapping that is merged into another is a part of that one,
        and no image by itself."""
        if isinstance(node, Items):
            return [(item, path, is_merged) for item in node.items]
        if not is_merged:
            self._add_mapping(node, path)
        for key, value in node.pairs:
            self._add_field(key, value, path)
        return [
            (value, path, True) if key == "<<" else (value, (*path, key), False)
            for key, value in node.pairs
        ]

    def _add_field(self, key: str, value: Node, path: KeyPath) -> None:
        if isinstance(value, Scalar):
            if key == "image":
                self._add_image(value, (*path, key))
            elif key == "values" and path[-1:] == ("helm",) and "\n" in value.text:
                self._parts.add(id(value))
                for document in read_yaml(f"{self.name}:{value.line}", value.text):
                    self.read(document)
        elif isinstance(value, Items) and key == "images":
            for item in value.items:
                if isinstance(item, Fields):
                    self._add_kustomized(item)
        elif isinstance(value, Fields) and key == "imageTag":
            self._add_kustomized(value)

    def _add_mapping(self, node: Fields, path: KeyPath) -> None:
        parts = ImageParts.of(node, path, self.name)
        if parts:
            self.found.parts.append(parts)
            self._mark_parts(node, ("repository", "name", "reference"))
        elif path and path[-1].lower().endswith("image"):
            self.found.registries |= {one.text.strip() for one in node.filled("registry")}
        for name in node.filled("name"):
            for folder in node.filled("repository"):  # as the dependencies of a chart have it
                if folder.text.startswith("oci://"):
                    text = f"{folder.text.rstrip('/')}/{name.text}"
                    self.found.uses |= set(uses_within(text, f"{self.name}:{folder.line}"))
        patched = any(
            isinstance(one, Scalar) and one.text.endswith("/image") for one in node.every("path")
        )
        for value in node.every("value") if patched else ():
            if isinstance(value, Scalar):
                self._add_image(value, path)

    def _mark_parts(self, node: Fields, keys: tuple[str, ...]) -> None:
        self._parts |= {id(one) for key in keys for one in node.filled(key)}

    def _add_kustomized(self, entry: Fields) -> None:
        """`name` where `newName` does not say another; a tag of the base where there is no new
        one: then the whole repository."""
        self._mark_parts(entry, ("name", "newName"))
        changes = [one for key in ("newName", "newTag", "digest") for one in entry.filled(key)]
        if not changes:
            return
        names = entry.filled("newName") or entry.filled("name")
        tags = [f":{one.text}" for one in entry.filled("newTag")]
        digests = [f"@{one.text}" for one in entry.filled("digest")]
        suffixes = tags + digests or [""]
        if any(not one.is_text for one in entry.filled("newTag")):
            suffixes.append("")
        if len(names) * len(suffixes) > _MAX_COMBINATIONS:
            raise self._failed(entry.line, "it says too many things at once")
        for name in names:
            for suffix in suffixes:
                self._add_text(f"{name.text}{suffix}", name.line)

    def _add_image(self, value: Scalar, path: KeyPath) -> None:
        if value.is_text and not value.is_empty:
            self._add_text(value.text, value.line)
            self.found.paths.add(path)

    def _add_text(self, text: str, line: int) -> None:
        try:
            self.found.uses |= set(uses_of_text(text, f"{self.name}:{line}", self.lookup))
        except InvalidImageError as error:
            raise self._failed(line, error.message) from None

    def _add_leaf(self, node: Scalar, path: KeyPath) -> None:
        where, is_part = f"{self.name}:{node.line}", id(node) in self._parts
        self.found.uses |= set(uses_within(node.text, where, is_part=is_part))
        if node.is_empty:
            return
        if self.has_values:
            self.found.texts[path].add(node.text.strip())
        if is_global_registry(path):
            self.found.registries.add(node.text.strip())

    def _failed(self, line: int, problem: str) -> InvalidInputError:
        return InvalidInputError(
            f"{self.name}:{line}: {problem}",
            hint="mend the file, or don't name it among those that are looked at",
        )

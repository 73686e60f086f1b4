"""Images that files name: Kubernetes, Kustomize, Compose, Helm."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from versioned.errors import InvalidInputError
from versioned.images.sources.base import ImageUse, SourceSkippedError
from versioned.images.sources.charts import TemplateLine, lines_with_images, uses_of_line
from versioned.images.sources.documents import Node, Scalar, read_json, read_yaml
from versioned.images.sources.found_files import FoundFile, find_files
from versioned.images.sources.image_fields import ImageFields, KeyPath, NamedImages
from versioned.images.sources.image_parts import ImageParts
from versioned.images.sources.pointed_files import pointed_files

_COMPOSE = re.compile(r"(?:docker-)?compose.*\.ya?ml")
_MAX_COMPLETED = 100_000
_SETTING = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=(?P<value>.*)")


class FilesSource:
    """The images of manifests of Kubernetes, Kustomize and Compose, of values and charts of Helm,
    and of any other YAML or JSON.

    `paths` are files and directories. An image is what stands under the key `image` at any depth,
    in one piece or in parts; an entry of Kustomize's `images`; and any text that names an image
    in full. Where a tag depends on a variable or a template, the whole repository counts, and
    where a registry does, any; variables have the values of the file `.env` beside a Compose file.
    Files that Kustomize and Compose add are looked at, too; remote bases and charts in a registry
    are not.
    """

    def __init__(self, paths: Sequence[str | os.PathLike[str]], name: str = "files") -> None:
        self._paths = [Path(path) for path in paths]
        self.name = name

    def uses(self) -> Iterable[ImageUse]:
        """Raises NotFoundError for a path that is not there; InvalidInputError, with file and
        line, for what can't be read, for a text that has to be an image and is none, and for an
        image whose repository is not known; SourceSkippedError without any path, and where none
        names an image: that proves nothing."""
        if not self._paths:
            raise SourceSkippedError("no file is named")
        reading = _Reading()
        for path in self._paths:
            reading.read_all(path)
        uses = reading.uses()
        if not uses:
            raise SourceSkippedError("no file names an image")
        return sorted(uses, key=lambda use: (use.user, str(use)))


class _Reading:
    """What was found so far, by chart; `None` is outside of all charts."""

    def __init__(self) -> None:
        self.named: dict[Path | None, NamedImages] = {}
        self.lines: list[tuple[Path, TemplateLine]] = []
        self.seen: set[tuple[Path, Path | None]] = set()

    def read_all(self, path: Path) -> None:
        """The file, or all below the directory, and what they point at; each once. Raises
        InvalidInputError, NotFoundError."""
        for file in find_files(path):
            key = (file.path.resolve(), file.chart)
            if key not in self.seen:
                self.seen.add(key)
                self._read(file)

    def _read(self, file: FoundFile) -> None:
        named = self.named.setdefault(file.chart, NamedImages())
        if file.chart and file.is_template:
            lines, uses = lines_with_images(file.name, file.read())
            named.uses |= uses
            self.lines += [(file.chart, line) for line in lines]
            return
        reading = ImageFields(
            file.name, named, _variables(file.path).get, has_values="values" in file.path.name
        )
        reader = read_json if file.path.suffix.casefold() == ".json" else read_yaml
        documents = reader(file.name, file.read())
        _check_has_content(file, documents)
        for document in documents:
            reading.read(document)
        for path in pointed_files(file.path, documents):
            self.read_all(path)

    def uses(self) -> set[ImageUse]:
        """All of them, once everything is read. Raises InvalidInputError."""
        found = {use for named in self.named.values() for use in named.uses}
        registries = {one for named in self.named.values() for one in named.registries}
        for parts in self._whole():
            found |= set(parts.uses(tuple(sorted(registries))))
        for chart, line in self.lines:
            above = [self.named[one] for one in (*chart.parents, None) if one in self.named]
            found |= set(uses_of_line(line, self.named[chart], above, tuple(sorted(registries))))
        return found

    def _whole(self) -> Iterator[ImageParts]:
        """All images in parts, with the repository where another file says it under the same
        keys: one of the same chart, else any. A digest needs none: it counts by itself."""
        everywhere = _by_path(one for named in self.named.values() for one in named.parts)
        completed = 0
        for named in self.named.values():
            own = _by_path(named.parts)
            for parts in named.parts:
                if parts.repositories:
                    yield parts
                elif parts.tags:
                    bases = _bases(parts, own) or _bases(parts, everywhere)
                    completed += len(bases)
                    if not bases or completed > _MAX_COMPLETED:
                        raise _without_repository(parts)
                    yield from (parts.based_on(base) for base in bases)


def _check_has_content(file: FoundFile, documents: Sequence[Node]) -> None:
    """Raises InvalidInputError for a file that says nothing, as what failed to write it leaves it;
    the values of a chart may."""
    texts = [one for one in documents if isinstance(one, Scalar) and not one.is_empty]
    has_any = any(not isinstance(one, Scalar) for one in documents)
    if texts or not (has_any or file.chart):
        raise InvalidInputError(
            f"{file.name} has no mapping and no list",
            hint="if it was to be written by a program: see whether that failed",
        )


def _by_path(all_parts: Iterable[ImageParts]) -> dict[KeyPath, list[ImageParts]]:
    """Those that name a repository."""
    found: dict[KeyPath, list[ImageParts]] = {}
    for parts in all_parts:
        if parts.repositories:
            found.setdefault(parts.path, []).append(parts)
    return found


def _bases(parts: ImageParts, by_path: Mapping[KeyPath, list[ImageParts]]) -> list[ImageParts]:
    """A chart may be a part of another one: then its keys come after that one's name for it."""
    path = parts.path
    return [base for start in range(len(path)) for base in by_path.get(path[start:], ())]


def _without_repository(parts: ImageParts) -> InvalidInputError:
    return InvalidInputError(
        f"{parts.where}: an image has a tag and no repository, and not one chart says which",
        hint="look at the chart, too, whose values name it; or name it here",
    )


def _variables(path: Path) -> Mapping[str, str]:
    """What Compose finds in the file `.env` beside its own; nothing for any other file."""
    settings = path.with_name(".env")
    if not _COMPOSE.fullmatch(path.name) or not settings.exists():
        return {}
    found = {}
    for line in FoundFile(settings).read().splitlines():
        match = _SETTING.fullmatch(line)
        if match:
            value = match["value"].strip()
            quoted = len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]
            found[match["name"]] = value[1:-1] if quoted else value.partition(" #")[0].strip()
    return found

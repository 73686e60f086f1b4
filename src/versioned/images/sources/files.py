"""Images that files name: Kubernetes, Kustomize, Compose, Helm."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from versioned.errors import InvalidInputError
from versioned.images.sources.base import ImageUse, SourceSkippedError
from versioned.images.sources.charts import TemplateLine, lines_with_images, uses_of_line
from versioned.images.sources.documents import read_json, read_yaml
from versioned.images.sources.found_files import FoundFile, find_files
from versioned.images.sources.image_fields import ImageFields, NamedImages
from versioned.images.sources.image_parts import ImageParts

_COMPOSE = re.compile(r"(?:docker-)?compose.*\.ya?ml")
_SETTING = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=(?P<value>.*)")


class FilesSource:
    """The images of manifests of Kubernetes, Kustomize and Compose, of values and charts of Helm,
    and of any other YAML or JSON.

    `paths` are files and directories. An image is what stands under the key `image` at any depth,
    in one piece or in parts; an entry of Kustomize's `images`; and any text that names an image
    in full. Where a tag depends on a variable or a template, the whole repository counts;
    variables have the values of the file `.env` beside a Compose file, else their defaults. What
    a file only points at (remote bases, charts in a registry, included files) is not looked at.
    """

    def __init__(self, paths: Sequence[str | os.PathLike[str]], name: str = "files") -> None:
        self._paths = [Path(path) for path in paths]
        self.name = name

    def uses(self) -> Iterable[ImageUse]:
        """Raises NotFoundError for a path that is not there; InvalidInputError, with file and
        line, for what can't be read, for a text that has to be an image and is none, and for an
        image whose repository is not known; SourceSkippedError without any path."""
        if not self._paths:
            raise SourceSkippedError("no file is named")
        reading = _Reading()
        for path in self._paths:
            for file in find_files(path):
                reading.read(file)
        return sorted(reading.uses(), key=lambda use: (use.user, str(use)))


class _Reading:
    """What was found so far, by chart; `None` is outside of all charts."""

    def __init__(self) -> None:
        self.named: dict[Path | None, NamedImages] = {}
        self.lines: list[tuple[Path, TemplateLine]] = []

    def read(self, file: FoundFile) -> None:
        """Raises InvalidInputError."""
        named = self.named.setdefault(file.chart, NamedImages())
        if file.chart and file.is_template:
            lines, uses = lines_with_images(file.name, file.read())
            named.uses |= uses
            self.lines += [(file.chart, line) for line in lines]
            return
        reading = ImageFields(
            file.name, named, _variables(file.path).get, has_values="values" in file.path.name
        )
        reader = read_json if file.path.suffix == ".json" else read_yaml
        for document in reader(file.name, file.read()):
            reading.read(document)

    def uses(self) -> set[ImageUse]:
        """All of them, once everything is read. Raises InvalidInputError."""
        found = {use for named in self.named.values() for use in named.uses}
        for named in self.named.values():
            registries = tuple(sorted(named.registries))
            for parts in named.parts:
                found |= {use for one in self._whole(parts, named) for use in one.uses(registries)}
        for chart, line in self.lines:
            above = [self.named[one] for one in chart.parents if one in self.named]
            found |= set(uses_of_line(line, self.named[chart], above))
        return found

    def _whole(self, parts: ImageParts, named: NamedImages) -> list[ImageParts]:
        """With the repository, where it is said in another file under the same keys: of the same
        chart, else of any. A digest needs none: it counts by itself."""
        if parts.repositories:
            return [parts]
        if not parts.tags:
            return []
        everywhere = [one for other in self.named.values() for one in other.parts]
        for among in (named.parts, everywhere):
            bases = [
                one
                for one in among
                if one.repositories and parts.path[-len(one.path) :] == one.path
            ]
            if bases:
                return [parts.based_on(base) for base in bases]
        raise InvalidInputError(
            f"{parts.where}: an image has a tag and no repository",
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

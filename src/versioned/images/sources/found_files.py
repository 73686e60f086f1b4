"""Which files below a path name images, and what is in them."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from versioned.errors import InvalidInputError, NotFoundError

MAX_BYTES = 8 * 1024 * 1024
MAX_FILES = 20_000

_DOCUMENTS = ("*.yaml", "*.yml", "*.json", "kustomization")
_TEMPLATES = ("*.yaml", "*.yml", "*.json", "*.tpl")
_GENERATED = re.compile(
    r".+\.(?:ya?ml|json)\.(?:j2|jinja2?|gotmpl|go?tmpl|tmpl|tpl|tftpl|erb|ejs|template|mustache)"
)
_CHART = "Chart.yaml"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file to look at. `chart` is the directory of the Helm chart that it belongs to;
    a template of it is no YAML."""

    path: Path
    chart: Path | None = None
    is_template: bool = False

    @property
    def name(self) -> str:
        """As people know it."""
        return str(self.path)

    def read(self) -> str:
        """Its text. Raises InvalidInputError for what is no text, no file, or over 8 MiB."""
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise self._failed("it is no file")
            with self.path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                raise self._failed(f"it has more than {MAX_BYTES} bytes")
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise self._failed(f"line {line} is no UTF-8") from None
        except (OSError, ValueError) as error:
            raise self._failed(str(getattr(error, "strerror", None) or error)) from None

    def _failed(self, problem: str) -> InvalidInputError:
        return InvalidInputError(
            f"{self.name} can't be read: {problem}",
            hint="mend the file, or don't name it among those that are looked at",
        )


def find_files(path: Path) -> Iterator[FoundFile]:
    """The file itself; of a directory all manifests, values and templates below it, also behind
    links, in order.

    Raises NotFoundError for a path that is not there, InvalidInputError for a directory that
    can't be read, has none of them, or more than 20,000; and for what can't be looked at: a link
    to nothing, a packed chart, a file that only a template engine can read.
    """
    if not path.exists():
        raise NotFoundError(f"{path} is not there", hint="it was to be looked at for images")
    if not path.is_dir():
        yield FoundFile(path)
        return
    count = 0
    for count, found in enumerate(_below(path, None, set()), start=1):
        if count > MAX_FILES:
            raise InvalidInputError(
                f"{path} has more than {MAX_FILES} files", hint="name directories further down"
            )
        yield found
    if not count:
        raise InvalidInputError(
            f"{path} has no file of YAML or JSON", hint="name the directory that has the manifests"
        )


def _below(folder: Path, chart: Path | None, seen: set[tuple[int, int]]) -> Iterator[FoundFile]:
    """Depth first, without recursion into a directory that was seen already."""
    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InvalidInputError(
            f"{folder} can't be read: {error.strerror}",
            hint="see to it that it can, or name others",
        ) from None
    if any(entry.name == _CHART for entry in entries):
        chart = folder
    in_templates = chart is not None and chart / "templates" in {folder, *folder.parents}
    patterns = _TEMPLATES if in_templates else _DOCUMENTS
    for entry in entries:
        if entry.is_dir():
            yield from _below(entry, chart, seen)
        elif any(fnmatchcase(entry.name.casefold(), pattern) for pattern in patterns):
            yield FoundFile(entry, chart, in_templates)
        else:
            _check_is_no_manifest(entry, chart)


def _check_is_no_manifest(entry: Path, chart: Path | None) -> None:
    name = entry.name.casefold()
    problem = ""
    if not entry.exists():
        problem = "is a link to nothing"
    elif _GENERATED.fullmatch(name):
        problem = "is a template, which only its engine can read"
    elif chart and entry.parent == chart / "charts" and name.endswith((".tgz", ".tar.gz")):
        problem = "is a packed chart"
    if problem:
        raise InvalidInputError(
            f"{entry} {problem}", hint="name what is made of it instead, or directories without it"
        )

"""Files that Kustomize and Compose add to one: what it uses is not known without them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from versioned.errors import InvalidInputError
from versioned.images.sources.documents import Fields, Items, Node, Scalar

_KUSTOMIZATION = {"kustomization", "kustomization.yaml", "kustomization.yml"}
_ADDED = ("resources", "bases", "components", "patchesStrategicMerge")
_REMOTE = re.compile(r".*(?:://|\?ref=|^git@|^[\w.-]+:).*|(?:[\w-]+\.)+[a-z]{2,}/[^/]+/.*")


def pointed_files(path: Path, documents: Sequence[Node]) -> Iterator[Path]:
    """The paths that the documents of a file add to it, as far as they lie on this machine.
    Raises InvalidInputError for one that is not there."""
    for document in documents:
        if not isinstance(document, Fields):
            continue
        nodes = _of_kustomize(document) if path.name.casefold() in _KUSTOMIZATION else []
        if "compose" in path.name.casefold() or any(document.every("services")):
            nodes = [*nodes, *_of_compose(document)]
        for node in nodes:
            if "\n" in node.text:
                continue  # a patch in place
            target = path.parent / node.text
            if target.exists():
                yield target
            elif not _REMOTE.fullmatch(node.text):
                raise InvalidInputError(
                    f"{path}:{node.line}: {node.text[:120]!r} is not there",
                    hint="it belongs to this file: put it there, or don't look at this file",
                )


def _of_kustomize(document: Fields) -> list[Scalar]:
    return [node for key in _ADDED for value in document.every(key) for node in _texts(value)]


def _of_compose(document: Fields) -> list[Scalar]:
    found: list[Scalar] = []
    for services in document.every("services"):
        for _, service in services.pairs if isinstance(services, Fields) else ():
            for extends in service.every("extends") if isinstance(service, Fields) else ():
                found += extends.filled("file") if isinstance(extends, Fields) else []
    for included in document.every("include"):
        found += _texts(included)
        for entry in included.items if isinstance(included, Items) else ():
            for value in entry.every("path") if isinstance(entry, Fields) else ():
                found += _texts(value)
    return found


def _texts(node: Node) -> list[Scalar]:
    items = node.items if isinstance(node, Items) else [node]
    return [one for one in items if isinstance(one, Scalar) and one.is_text and not one.is_empty]

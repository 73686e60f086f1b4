"""What is in an image that a registry has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from versioned.images.errors import RegistryError
from versioned.images.manifest import MAX_SIZE, Descriptor, Manifest, digest_of
from versioned.images.platforms import platform_of
from versioned.images.registry import Registry


@dataclass(frozen=True, slots=True)
class Contents:
    """The images of a manifest or an index, with the platforms that their own configs say, which
    an index may have wrong; attestations left out. `size` is in bytes, of all blobs together."""

    images: tuple[Descriptor, ...]
    size: int


def read_contents(registry: Registry, repository: str, manifest: Manifest) -> Contents:
    """Asks for every child of an index, and for every config. Raises RegistryError where a config
    is damaged, and what `Registry` raises."""
    blobs: dict[str, int] = {}
    images: list[Descriptor] = []
    left, seen = [manifest], {manifest.digest}
    while left:
        one = left.pop(0)
        children = dict.fromkeys(child.digest for child in one.children if child.digest not in seen)
        seen |= children.keys()
        left += [registry.get_manifest(repository, child) for child in children]
        blobs |= {blob.digest: blob.size for blob in one.blobs}
        if one.config is not None:
            platform = platform_of(_config(registry, repository, one.config))
            images += [replace(one.descriptor, platform=platform)] if platform else []
    return Contents(tuple(images), sum(blobs.values()))


def _config(registry: Registry, repository: str, config: Descriptor) -> Mapping[str, Any]:
    content = b""
    if config.size <= MAX_SIZE:
        with registry.read_blob(repository, config.digest) as chunks:
            for chunk in chunks:
                content += chunk
                if len(content) > config.size:
                    break
    try:
        document = json.loads(content) if digest_of(content) == config.digest else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise RegistryError(
            f"the config {config.digest} of an image in {repository} is damaged",
            hint="push the image again",
        )
    return document

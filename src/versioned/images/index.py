"""Making one index of images that were pushed one by one. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from versioned.images.manifest import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, Descriptor, Manifest


def assemble_index(children: Iterable[Descriptor]) -> Manifest:
    """An index of images that say their platforms. The same images make the same bytes in any
    order. A list of Docker's where all are Docker's manifests, since not every registry takes
    those in an OCI index."""
    listed = sorted(children, key=lambda child: (child.platform or "", child.digest))
    is_docker = all(child.media_type == DOCKER_MANIFEST for child in listed)
    document = {
        "schemaVersion": 2,
        "mediaType": DOCKER_LIST if is_docker else OCI_INDEX,
        "manifests": [child.to_dict() for child in listed],
    }
    return Manifest.parse(json.dumps(document, separators=(",", ":")).encode())

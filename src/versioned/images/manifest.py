"""Manifests and indexes as the OCI image specification 1.1 and Docker's v2 schema 2 have them.

Pure: no I/O. The bytes are the identity: a manifest is never written anew, only passed on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from versioned.errors import ContentMismatchError
from versioned.images.errors import InvalidImageError, RegistryError
from versioned.images.reference import validate_digest

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
INDEXES = (OCI_INDEX, DOCKER_LIST)
MEDIA_TYPES = (OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST)
MAX_SIZE = 4 * 1024 * 1024
"""Of a manifest, in bytes: what registries take."""
_MAX_BLOB = 2**63
_FOREIGN = (".foreign.", ".nondistributable.")
"""In the media types of layers, Docker's and OCI's."""


def digest_of(content: bytes) -> str:
    """The sha256 digest of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What a manifest says of something else: `size` is in bytes, `platform` is `os/arch` or
    `os/arch/variant` where it is said. One with URLs may lie there alone."""

    media_type: str
    digest: str
    size: int
    platform: str | None = None
    artifact_type: str | None = None
    has_urls: bool = False

    @property
    def is_foreign(self) -> bool:
        """Whether it is a layer that lies elsewhere and may not be passed on."""
        return self.has_urls and any(word in self.media_type for word in _FOREIGN)

    @property
    def is_index(self) -> bool:
        """Whether it is an index of other manifests."""
        return self.media_type in INDEXES

    def to_dict(self) -> dict[str, Any]:
        """As the specification writes it."""
        document: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.platform:
            names = ("os", "architecture", "variant")
            document["platform"] = dict(zip(names, self.platform.split("/"), strict=False))
        if self.artifact_type:
            document["artifactType"] = self.artifact_type
        return document


@dataclass(frozen=True, slots=True)
class Manifest:
    """The bytes of a manifest or an index, and what they say.

    `children` are the manifests of an index; `blobs` the config and the layers of a manifest,
    those that may not be passed on (foreign ones with URLs) left out; `subject` is the digest that a
    signature, an SBOM or another referrer is about.
    """

    content: bytes = field(repr=False)
    media_type: str
    digest: str
    children: tuple[Descriptor, ...] = ()
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    subject: str | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(
        cls, content: bytes, *, media_type: str | None = None, digest: str | None = None
    ) -> Manifest:
        """Of the bytes that a registry gave, with the type and the digest that were expected.

        Raises ContentMismatchError where they have another digest, RegistryError where they are
        no manifest that can be promoted.
        """
        found = digest_of(content)
        if digest is not None and digest.startswith("sha512:"):
            found = f"sha512:{hashlib.sha512(content).hexdigest()}"
        if digest is not None and digest != found:
            raise ContentMismatchError(
                f"a manifest was expected to be {digest}, and is {found}",
                hint="the registry, or something on the way, changed it: don't use it",
            )
        data = _json(content, found)
        kind = str(data.get("mediaType") or media_type or "").partition(";")[0].strip()
        if not kind:
            kind = OCI_INDEX if "manifests" in data else OCI_MANIFEST
        if kind not in MEDIA_TYPES:
            raise RegistryError(
                f"manifest {found} is of the type {kind!r}, which can't be promoted",
                hint="push it anew with a current tool, as an OCI image or Docker schema 2",
            )
        try:
            return _read(content, kind, found, data)
        except (InvalidImageError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise RegistryError(
                f"manifest {found} is damaged: {error}", hint="push the image again"
            ) from error

    @property
    def is_index(self) -> bool:
        """Whether it lists other manifests."""
        return self.media_type in INDEXES

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The config and the layers."""
        return ((self.config,) if self.config else ()) + self.layers

    @property
    def size(self) -> int:
        """Bytes of config and layers as the registry holds them; of an index 0."""
        return sum(blob.size for blob in self.blobs)

    @property
    def descriptor(self) -> Descriptor:
        """What others may say of it."""
        return Descriptor(self.media_type, self.digest, len(self.content))


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


def _json(content: bytes, digest: str) -> dict[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or len(content) > MAX_SIZE:
        raise RegistryError(f"manifest {digest} is no manifest", hint="push the image again")
    return data


def _read(content: bytes, kind: str, digest: str, data: Mapping[str, Any]) -> Manifest:
    foreign = ("config", "layers") if kind in INDEXES else ("manifests",)
    if any(data.get(key) is not None for key in foreign):
        raise ValueError("it can be read as an image and as an index")
    subject = data.get("subject")
    config = _descriptor(data["config"]) if kind not in INDEXES else None
    named = data.get("artifactType") or (config.media_type if config else None)
    return Manifest(
        content,
        kind,
        digest,
        tuple(_descriptor(one) for one in data.get("manifests") or ()),
        config,
        tuple(one for one in map(_descriptor, data.get("layers") or ()) if not one.is_foreign),
        validate_digest(subject["digest"]) if subject is not None else None,
        str(named) if named else None,
        {str(k): str(v) for k, v in (data.get("annotations") or {}).items()},
    )


def _descriptor(data: Mapping[str, Any]) -> Descriptor:
    platform = data.get("platform") or {}
    parts = [str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key)]
    size = data["size"]
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _MAX_BLOB:
        raise ValueError("a size is no number of bytes")
    artifact = data.get("artifactType")
    return Descriptor(
        str(data["mediaType"]),
        validate_digest(data["digest"]),
        size,
        "/".join(parts) or None,
        str(artifact) if artifact else None,
        bool(data.get("urls")),
    )

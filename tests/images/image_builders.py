"""Images without a container runtime: small, true to the specification, written by any `Registry`."""

import json

from versioned.images.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, Manifest, digest_of

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
EMPTY = "application/vnd.oci.empty.v1+json"


def push_image(
    registry,
    repository,
    tag,
    *,
    layers=(b"layer",),
    platform="linux/amd64",
    created=None,
    annotations=None,
):
    """An image of one manifest, under a tag or (None) by its digest alone. `created` is the text
    of its config, none where it is None."""
    system, architecture, *variant = platform.split("/")
    config = {"os": system, "architecture": architecture, "config": {}}
    config |= {"variant": variant[0]} if variant else {}
    config |= {"created": created} if created else {}
    digests = [digest_of(layer) for layer in layers]
    config["rootfs"] = {"type": "layers", "diff_ids": digests}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": push_blob(registry, repository, json.dumps(config).encode(), CONFIG),
        "layers": [push_blob(registry, repository, layer, LAYER) for layer in layers],
    }
    return _put(registry, repository, tag, document, annotations)


def push_index(registry, repository, tag, images, *, annotations=None):
    """An index of images that are in the repository already, each with the platform of its
    config's order: linux/amd64, linux/arm64, then linux/v2 and on."""
    platforms = ["amd64", "arm64", *(f"v{number}" for number in range(2, len(images)))]
    children = [
        {**image.descriptor.to_dict(), "platform": {"os": "linux", "architecture": platform}}
        for image, platform in zip(images, platforms, strict=False)
    ]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}
    return _put(registry, repository, tag, document, annotations)


def push_referrer(registry, repository, subject, artifact_type, *, tag=None, content=b"{}"):
    """A manifest about `subject` (a Manifest), such as an SBOM, by its digest alone."""
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": artifact_type,
        "config": push_blob(registry, repository, b"{}", EMPTY),
        "layers": [push_blob(registry, repository, content, artifact_type)],
        "subject": subject.descriptor.to_dict(),
    }
    return _put(registry, repository, tag, document, None)


def push_blob(registry, repository, content, media_type):
    """A blob; returns what a manifest says of it."""
    blob = Descriptor(media_type, digest_of(content), len(content))
    registry.write_blob(repository, blob, [content])
    return blob.to_dict()


def _put(registry, repository, tag, document, annotations):
    if annotations:
        document["annotations"] = annotations
    manifest = Manifest.parse(json.dumps(document).encode())
    registry.put_manifest(repository, manifest, tag=tag)
    return manifest

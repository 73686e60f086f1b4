"""Building images and pushing them: what came of it is the registry's word, not the runtime's."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from versioned.errors import NotFoundError
from versioned.images.build_request import BuildRequest
from versioned.images.contents import Contents, read_contents
from versioned.images.errors import InvalidImageError, RuntimeFailedError, TagMovedError
from versioned.images.manifest import Manifest, assemble_index
from versioned.images.platforms import is_platform
from versioned.images.reference import ImageReference
from versioned.images.registry import Registry
from versioned.images.runtimes.base import LocalImage, Runtime, platform_tag


@dataclass(frozen=True, slots=True)
class PushedImage:
    """What the registry has now. `size` is in bytes, of all layers and configs together, each
    counted once; `platforms` are what the images in it say of themselves."""

    image: ImageReference
    digest: str
    size: int
    media_type: str
    runtime: str
    platforms: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "image": str(self.image),
            "digest": self.digest,
            "size": self.size,
            "media_type": self.media_type,
            "runtime": self.runtime,
            "platforms": list(self.platforms),
        }


def build_image(
    runtime: Runtime,
    registry: Registry,
    reference: ImageReference,
    request: BuildRequest,
    *,
    output: BinaryIO | None = None,
) -> PushedImage:
    """Build an image and push it under the reference's tag, in a repository that is there.

    `output` gets what the runtime writes, as it writes it. Nothing is pushed unless every build
    has succeeded and the tag is still free. Raises TagImmutableError, RuntimeFailedError;
    TagMovedError where somebody else pushed to the tag at the same time; what `Registry` raises.
    """
    target = _target(registry, reference)
    parts = _parts(runtime, target, request)
    _check_tags(registry, [target, *parts])
    _login(runtime, registry, target)
    built = [runtime.build(asked, part, output=output) for part, asked in parts.items()]
    _check_tags(registry, [target, *parts])
    pushed = [_push(runtime, registry, image, output) for image in built]
    if target in parts:
        return _pushed(runtime, target, *pushed[0])
    index = assemble_index(
        next(image for image in contents.images if is_platform(platform, image.platform))
        for platform, (_, contents) in zip(request.platforms, pushed, strict=True)
    )
    registry.put_manifest(target.repository, index, tag=target.tag)
    confirmed = _confirm(registry, target, index.digest, request.platforms)
    return _pushed(runtime, target, *confirmed)


def push_image(
    runtime: Runtime,
    registry: Registry,
    reference: ImageReference,
    local_image: str,
    *,
    output: BinaryIO | None = None,
) -> PushedImage:
    """Push an image that the runtime has, whole, under the reference's tag. Else as
    `build_image`; raises InvalidImageError for what is no local image."""
    target = _target(registry, reference)
    _check_tags(registry, [target])
    _login(runtime, registry, target)
    image = runtime.tag(local_image, target)
    return _pushed(runtime, target, *_push(runtime, registry, image, output))


def _target(registry: Registry, reference: ImageReference) -> ImageReference:
    if reference.tag is None or reference.registry not in {None, registry.host}:
        raise InvalidImageError(
            f"{reference} can't be pushed to {registry.host}",
            hint="name an image of that registry by its tag",
        )
    return replace(reference, registry=registry.host, digest=None)


def _parts(
    runtime: Runtime, target: ImageReference, request: BuildRequest
) -> dict[ImageReference, BuildRequest]:
    """What is built and pushed by itself, under which tag."""
    if len(request.platforms) == 1 or runtime.joins_platforms():
        return {target: request}
    return {
        platform_tag(target, platform): request.for_platform(platform)
        for platform in request.platforms
    }


def _check_tags(registry: Registry, references: Iterable[ImageReference]) -> None:
    for reference in dict.fromkeys(references):
        registry.check_tag_is_free(reference.repository, reference.tag or "")


def _login(runtime: Runtime, registry: Registry, target: ImageReference) -> None:
    credentials = registry.login()
    if credentials is None:
        return
    try:
        runtime.login(registry.host, credentials)
    except RuntimeFailedError:
        with suppress(NotFoundError):  # what keeps it from answering is said by its own error
            registry.resolve(target.repository, target.tag or "")
        raise


def _push(
    runtime: Runtime, registry: Registry, image: LocalImage, output: BinaryIO | None
) -> tuple[Manifest, Contents]:
    said = runtime.push(image, output=output)
    platforms = image.request.platforms if image.request else ()
    return _confirm(registry, image.reference, said, platforms)


def _confirm(
    registry: Registry, reference: ImageReference, said: str | None, platforms: Iterable[str]
) -> tuple[Manifest, Contents]:
    """What the tag names now, once that is proved to be what was pushed."""
    found = registry.resolve(reference.repository, reference.tag or "")
    if said is not None and said != found.digest:
        raise TagMovedError(
            f"{reference} was pushed as {said} and names {found.digest}: somebody else pushed",
            hint="agree on who pushes this tag, or push another one",
        )
    manifest = registry.get_manifest(reference.repository, found.digest)
    contents = read_contents(registry, reference.repository, manifest)
    missing = [
        wanted
        for wanted in platforms
        if not any(is_platform(wanted, image.platform) for image in contents.images)
    ]
    if missing:
        there = ", ".join(image.platform or "no platform" for image in contents.images)
        raise RuntimeFailedError(
            f"{reference} was asked for {', '.join(missing)}, and was pushed as {found.digest} "
            f"for {there or 'no platform'}",
            output="",
            hint="don't use it; build again without the runtime's cache, and push the tag anew",
        )
    return manifest, contents


def _pushed(
    runtime: Runtime, target: ImageReference, manifest: Manifest, contents: Contents
) -> PushedImage:
    return PushedImage(
        target,
        manifest.digest,
        contents.size,
        manifest.media_type,
        runtime.name,
        tuple(image.platform for image in contents.images if image.platform),
    )

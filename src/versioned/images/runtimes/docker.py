"""Docker: the engine's own builder, or the plugin buildx where that can build for several platforms."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

from versioned.images.build_request import BuildRequest
from versioned.images.errors import TagMovedError
from versioned.images.reference import ImageReference
from versioned.images.runtimes.base import LocalImage, Runtime

_SAID = re.compile(rb"digest: (sha256:[0-9a-f]{64})\b")
_NAMED = re.compile(rb'"containerimage.digest":\s*"(sha256:[0-9a-f]{64})"')
_DRIVER = re.compile(rb"^Driver:\s*(\S+)", re.MULTILINE)
_IMAGE_STORE = b"io.containerd.snapshotter"
"""In the status of an engine whose image store holds indexes."""


@dataclass(frozen=True, slots=True)
class Docker(Runtime):
    """See `Runtime`. Platforms are joined by buildx, with a builder or an engine that can hold
    an index; the engine's classic store can't."""

    name: ClassVar[str] = "docker"
    probe: ClassVar[tuple[str, ...]] = ("version", "--format", "{{.Server.Version}}")
    build_hint: ClassVar[str] = (
        f"{Runtime.build_hint}; for another platform than this machine's it needs BuildKit"
    )

    def joins_platforms(self) -> bool:
        """See `Runtime`."""
        builder = self._run(("buildx", "inspect"))
        driver = _DRIVER.search(builder.output)
        if builder.code != 0 or driver is None:
            return False
        if driver[1] != b"docker":
            return True
        return _IMAGE_STORE in self._run(("info", "--format", "{{.DriverStatus}}")).output

    def build(
        self, request: BuildRequest, reference: ImageReference, *, output: BinaryIO | None
    ) -> LocalImage:
        """See `Runtime`. Several platforms stay in the builder's cache until they are pushed."""
        if len(request.platforms) == 1:
            return Runtime.build(self, request, reference, output=output)
        self._build(request, ("-t", str(reference)), output, command=("buildx", "build"))
        return LocalImage(reference, request=request)

    def push(self, image: LocalImage, *, output: BinaryIO | None) -> str | None:
        """See `Runtime`. Docker pushes whatever has the name."""
        if image.request and not image.ids:
            return self._push_built(image.reference, image.request, output)
        name = str(image.reference)
        said = _SAID.findall(self._push(("push", name), output).output)
        if self._ids(name) != image.ids:
            raise TagMovedError(
                f"{name} was given to another image here before it was pushed: "
                "that one may have been pushed instead",
                hint="build under a tag of your own, or one after the other",
            )
        return said[-1].decode() if said else None

    def _push_built(
        self, reference: ImageReference, request: BuildRequest, output: BinaryIO | None
    ) -> str | None:
        with tempfile.NamedTemporaryFile() as metadata:
            options = ("--push", "--metadata-file", metadata.name, "-t", str(reference))
            self._push(("buildx", "build", *options), output, request=request)
            named = _NAMED.search(Path(metadata.name).read_bytes())
            return named[1].decode() if named else None

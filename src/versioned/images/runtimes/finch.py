"""Finch: nerdctl, which builds and pushes an index by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from versioned.images.build_request import BuildRequest
from versioned.images.reference import ImageReference
from versioned.images.runtimes.base import LocalImage, Runtime


@dataclass(frozen=True, slots=True)
class Finch(Runtime):
    """See `Runtime`. Its builder is BuildKit, whose cache tells platforms apart."""

    name: ClassVar[str] = "finch"
    passes_environment: ClassVar[bool] = False  # to its virtual machine only what it knows
    probe: ClassVar[tuple[str, ...]] = ("version",)

    def build(
        self, request: BuildRequest, reference: ImageReference, *, output: BinaryIO | None
    ) -> LocalImage:
        """See `Runtime`."""
        self._build(request, ("-t", str(reference)), output)
        return LocalImage(reference, request=request)

    def push(self, image: LocalImage, *, output: BinaryIO | None) -> str | None:
        """See `Runtime`. Without the option it would push what is for this machine, and no more."""
        self._push(("push", "--all-platforms", str(image.reference)), output)
        return None

    def _ids(self, name: str) -> tuple[str, ...]:  # noqa: ARG002 - it looks only at images for this machine
        return ()

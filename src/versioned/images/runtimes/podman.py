"""Podman: no daemon, and digests that it writes to a file."""

from __future__ import annotations

import ipaddress
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, ClassVar

from versioned.images.build_request import BuildRequest
from versioned.images.reference import ImageReference
from versioned.images.runtimes.base import LocalImage, Runtime, platform_tag


@dataclass(frozen=True, slots=True)
class Podman(Runtime):
    """See `Runtime`. Platforms are built one by one, under local tags of their own, and joined in
    a list that is there only while it is pushed: with such a list in the store `podman images`
    of 4.3 fails."""

    name: ClassVar[str] = "podman"
    probe: ClassVar[tuple[str, ...]] = ("info", "--format", "{{.Version.Version}}")

    def build(
        self, request: BuildRequest, reference: ImageReference, *, output: BinaryIO | None
    ) -> LocalImage:
        """See `Runtime`."""
        if len(request.platforms) == 1:
            return Runtime.build(self, request, reference, output=output)
        ids = [
            self._build_one(request.for_platform(one), platform_tag(reference, one), output)
            for one in request.platforms
        ]
        return LocalImage(reference, tuple(ids), request)

    def push(self, image: LocalImage, *, output: BinaryIO | None) -> str | None:
        """See `Runtime`. A plain push of a list would push one of its images."""
        place = f"docker://{image.reference}"
        if len(image.ids) > 1:
            with self._list(image.ids, output) as name:
                return self._push_to(image, ("manifest", "push", "--all"), (name, place), output)
        (source,) = image.ids
        is_list = self._run(("manifest", "exists", source)).code == 0
        command = ("manifest", "push", "--all") if is_list else ("push",)
        return self._push_to(image, command, (source, place), output)

    def _ids(self, name: str) -> tuple[str, ...]:
        return (name,)  # it is pushed by that very name

    def _untag(self, name: str) -> None:
        self._run(("untag", name, name))  # the image stays, though it may have no other name

    def _push_to(
        self,
        image: LocalImage,
        command: tuple[str, ...],
        places: tuple[str, ...],
        output: BinaryIO | None,
    ) -> str | None:
        with tempfile.NamedTemporaryFile() as said:
            options = ("--digestfile", said.name, *self._tls(image.reference.registry or ""))
            self._push((*command, *options, *places), output)
            return Path(said.name).read_text(encoding="utf-8").strip() or None

    @contextmanager
    def _list(self, ids: tuple[str, ...], output: BinaryIO | None) -> Iterator[str]:
        name = f"localhost/versioned-{secrets.token_hex(8)}"
        images = [f"containers-storage:@{one}" for one in ids]
        try:
            made = self._run(("manifest", "create", name, *images))
            self._check(made, "list of platforms", hint="the images are there; push again")
            yield name
        finally:
            self._run(("manifest", "rm", name), output=output)

    def _tls(self, host: str) -> tuple[str, ...]:
        return ("--tls-verify=false",) if _is_loopback(host) else ()


def _is_loopback(host: str) -> bool:
    """As Docker has it: a registry on this machine needs no TLS."""
    name = host.partition("]")[0].removeprefix("[") if "[" in host else host.partition(":")[0]
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False

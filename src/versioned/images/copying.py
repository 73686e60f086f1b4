"""Copying an image as it is: the very bytes, with all children, signatures and other referrers.

Nothing names the image at the target before all of it is there, so a copy that was cut off
leaves nothing that can be pulled by a tag, and a repeat goes on where it broke off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from versioned.errors import AccessDeniedError, ContentMismatchError, StoreUnavailableError
from versioned.images.attachment_tag import AttachmentTag
from versioned.images.manifest import Descriptor, Manifest
from versioned.images.place import Place

_AT_ONCE = 4
"""Blobs of a manifest that are asked for and copied at the same time."""
_TRIES = 3
"""To read a blob and write it, each from its beginning."""
_MAX_DEPTH = 8
"""Of indexes in indexes, and of referrers of referrers."""


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy came to. Digests of manifests that were written, and of referrers among them;
    numbers of blobs that were there, mounted and uploaded, and the bytes of the latter.

    `left` are signature tags that the target has already, with other content: they stay.
    """

    digest: str
    manifests: tuple[str, ...]
    referrers: tuple[str, ...]
    left: tuple[str, ...]
    present: int
    mounted: int
    uploaded: int
    uploaded_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


def copy_image(
    source: Place, target: Place, digest: str, *, tags: Iterable[str] = ()
) -> CopyReport:
    """Copy the manifest or index of a digest, then let `tags` name it. Idempotent.

    Blobs are mounted where both places are of one registry that mounts, else streamed, with flat
    memory and their digests checked on the way. Raises ImageNotFoundError,
    ContentMismatchError, TagImmutableError, and what the registries raise.
    """
    copying = _Copying(source, target)
    root = source.registry.get_manifest(source.repository, digest)
    if not source.is_same_as(target):
        copying.image(root)
        copying.attachments()
        _prove(target, root)
    for tag in tags:
        target.put_tag(root, tag)
    return copying.report(root.digest)


def _prove(target: Place, root: Manifest) -> None:
    found = target.registry.get_manifest(target.repository, root.digest)
    if found.content != root.content:
        raise ContentMismatchError(
            f"{target.reference.by_digest(root.digest)} does not hold the bytes that were copied",
            hint="don't use that registry before you know why",
        )


@dataclass(slots=True)
class _Copying:
    """One copy on its way."""

    source: Place
    target: Place
    written: dict[str, None] = field(default_factory=dict)
    referrers: dict[str, None] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    uploaded_bytes: int = 0

    def report(self, digest: str) -> CopyReport:
        return CopyReport(
            digest,
            tuple(self.written),
            tuple(self.referrers),
            tuple(self.left),
            self.counts.get("present", 0),
            self.counts.get("mounted", 0),
            self.counts.get("uploaded", 0),
            self.uploaded_bytes,
        )

    def image(self, manifest: Manifest, depth: int = 0) -> None:
        """Children first, then blobs, then the manifest: never one that lacks a part."""
        if manifest.digest in self.written:
            return
        if depth > _MAX_DEPTH:
            raise ContentMismatchError(
                f"{manifest.digest} lies {depth} indexes deep", hint="flatten the index"
            )
        for child in manifest.children:
            if child.digest not in self.written:
                self.image(self._read(child.digest), depth + 1)
        blobs = {blob.digest: blob for blob in manifest.blobs}.values()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for outcome, size in pool.map(self._blob, blobs):
                self.counts[outcome] = self.counts.get(outcome, 0) + 1
                self.uploaded_bytes += size if outcome == "uploaded" else 0
        self.target.registry.put_manifest(self.target.repository, manifest)
        self.written[manifest.digest] = None

    def attachments(self) -> None:
        """What refers to the image, or to what it consists of, and what refers to that."""
        about = list(self.written)
        for _ in range(_MAX_DEPTH):
            listed = {one.digest for digest in about for one in self._referrers(digest)}
            found = map(self._read, sorted(listed - self.written.keys()))
            referrers = [one for one in found if one.subject in about]  # a list may have others
            for manifest in referrers:
                self.image(manifest)
                self.referrers[manifest.digest] = None
            about = [one.digest for one in referrers]
            if not about:
                break
        self._attached_tags()

    def _attached_tags(self) -> None:
        copied = set(self.written)
        for tag in self.source.registry.list_tags(self.source.repository):
            found = AttachmentTag.parse(tag)
            if found and found.kind and found.subject in copied:
                manifest = self._read(tag)
                if self.target.digest_at(tag) not in {None, manifest.digest}:
                    self.left.append(tag)
                    continue
                self.image(manifest)
                self.referrers[manifest.digest] = None
                self.target.put_tag(manifest, tag)

    def _referrers(self, digest: str) -> list[Descriptor]:
        return self.source.registry.list_referrers(self.source.repository, digest)

    def _read(self, reference: str) -> Manifest:
        return self.source.registry.get_manifest(self.source.repository, reference)

    def _blob(self, blob: Descriptor) -> tuple[str, int]:
        source, target = self.source, self.target
        if target.registry.has_blob(target.repository, blob.digest):
            return "present", blob.size
        if source.registry.host == target.registry.host and target.registry.mount_blob(
            target.repository, blob.digest, source.repository
        ):
            return "mounted", blob.size
        if blob.has_urls and not source.registry.has_blob(source.repository, blob.digest):
            return "elsewhere", blob.size
        for left in reversed(range(_TRIES)):
            try:
                self._upload(blob)
                break
            except (StoreUnavailableError, ContentMismatchError):
                if not left:
                    raise
            except AccessDeniedError:  # a token that expired meanwhile; no password is tried thrice
                if left < _TRIES - 1:
                    raise
        return "uploaded", blob.size

    def _upload(self, blob: Descriptor) -> None:
        with self.source.registry.read_blob(self.source.repository, blob.digest) as chunks:
            self.target.registry.write_blob(self.target.repository, blob, _checked(blob, chunks))


def _checked(blob: Descriptor, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks; raises ContentMismatchError before the last one is passed on, so that no
    upload of wrong bytes is ever completed."""
    algorithm, _, wanted = blob.digest.partition(":")
    content, size, held = hashlib.new(algorithm), 0, b""
    for chunk in chunks:
        content.update(chunk)
        size += len(chunk)
        if held:
            yield held
        held = chunk
    if size != blob.size or content.hexdigest() != wanted:
        raise ContentMismatchError(
            f"blob {blob.digest} was read with {size} bytes of {blob.size}, or with others",
            hint="repeat; if it stays so, the registry it comes from is damaged",
        )
    yield held

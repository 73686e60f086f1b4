"""Tags that tie an image to a digest: the referrers tag of the OCI distribution specification 1.1
(`sha256-<hex>`), and those that cosign writes (`sha256-<hex>.sig`, `.att`, `.sbom`). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from versioned.images.manifest import INDEXES

_TAG = re.compile(r"sha256-(?P<value>[0-9a-f]{64})(?:\.(?P<kind>[a-z0-9]+))?")
_KINDS = ("sig", "att", "sbom")


@dataclass(frozen=True, slots=True)
class AttachmentTag:
    """What such a tag says: the digest that its image is about, and what the image is, by the
    tag's suffix; `None` without one."""

    subject: str
    kind: str | None

    @classmethod
    def parse(cls, tag: str) -> AttachmentTag | None:
        """`None` for any other tag."""
        match = _TAG.fullmatch(tag)
        return cls(f"sha256:{match['value']}", match["kind"]) if match else None

    def ties(self, *, digest: str, media_type: str) -> bool:
        """Whether it ties that image to its subject. No image to itself; and without a suffix only
        an index: on any other image people gave the tag. Nor does a suffix that nobody knows."""
        is_known = self.kind in _KINDS if self.kind else media_type in INDEXES
        return is_known and self.subject != digest


def subject_by_tag(tag: str, *, digest: str, media_type: str) -> str | None:
    """The digest that a tag ties an image to; `None` where it ties it to none."""
    found = AttachmentTag.parse(tag)
    return found.subject if found and found.ties(digest=digest, media_type=media_type) else None

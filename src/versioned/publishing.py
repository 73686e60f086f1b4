"""Publishing LATEST as the next number. `docs/design/publishing.md` has the reasons.

A number is claimed by a create-only object before anything is written under it, and a claim
stays: so no number is used twice, not even after a deletion. (One that turned out not to be
needed is taken back, by a conditional delete where that was proved.) What differs is how the bytes get to the version's key:

* small: read together with LATEST, written create-only;
* large, where a conditional copy was proved: one copy, pinned to the LATEST that was seen;
* large elsewhere: first a private copy, checked; the claim names it; then an unconditional copy
  from it, which anyone may repeat or finish because its source never changes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from versioned import layout, naming
from versioned.content import Content
from versioned.context import Context, new_identity, stamp
from versioned.documents import dump
from versioned.errors import (
    ArtifactNotFoundError,
    ConflictError,
    ContentMismatchError,
    ObjectNotFoundError,
    PreconditionFailedError,
    VersionNumbersExhaustedError,
)
from versioned.models import Artifact
from versioned.steps import Step
from versioned.stores.base import Attributes, ListedObject, ObjectInfo
from versioned.versions import artifact_of, listed_versions, sha256_of

SMALL = 8 * 1024 * 1024
"""Versions up to this many bytes are read with LATEST and written again: one request less."""

HIGHEST_NUMBER = 10**layout.VERSION_ZFILL - 1
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class _Look:
    """LATEST, the newest version and the newest number taken, as one step saw them.

    `data` are the bytes of a small LATEST, read together with `info`.
    """

    info: ObjectInfo
    data: bytes | None
    newest: tuple[int, ListedObject] | None
    taken: int

    @property
    def next_number(self) -> int:
        return max(self.taken, self.newest[0] if self.newest else 0) + 1

    @property
    def surely_changed(self) -> bool:
        return self.newest is None or self.newest[1].size != self.info.size

    @property
    def probably_changed(self) -> bool:
        """ETags hint at a change. They prove nothing: equal bytes may have different ones."""
        if self.surely_changed or self.newest is None:
            return True
        return self.newest[1].etag.partition("-")[0] != self.info.etag.partition("-")[0]


def publish(context: Context, name: str) -> Artifact:
    """Publish LATEST as the next number, unless the newest version holds the same bytes.

    Two or three steps; six for a large LATEST where no conditional copy was proved.
    """
    naming.validate_artifact_name(name)
    for _ in range(_ATTEMPTS):
        published = _publish_once(context, name)
        if published:
            context.on_change(name)
            return published
    raise ConflictError(
        f"{name!r} changed {_ATTEMPTS} times while it was being published; nothing was published",
        hint="publish again when the other writers are done",
    )


def _publish_once(context: Context, name: str) -> Artifact | None:
    """`None` where something else happened to the artifact meanwhile."""
    look = _look(context, name)
    if look.data is not None and hashlib.sha256(look.data).hexdigest() != sha256_of(look.info):
        raise ContentMismatchError(
            f"{naming.LATEST_VERSION} of {name!r} is damaged; nothing was published",
            hint="put other content, then this again",
        )
    try:
        if look.data is None and not context.capabilities().conditional_copy:
            return _publish_by_private_copy(context, name, look)
        return _publish_at_once(context, name, look)
    except ObjectNotFoundError:
        return None


def _look(context: Context, name: str) -> _Look:
    started = context.monotonic()
    with Step(context.store) as step:
        versions = step.add(lambda: listed_versions(context, name, limit=3))
        numbers = step.add(lambda: context.listed(layout.numbers_folder(name), limit=1))
        latest = step.add_optional(lambda: _read_latest(context, name))
        step.add(context.capabilities)
    if latest.result is None:
        raise ArtifactNotFoundError(
            f"artifact {name!r} has no {naming.LATEST_VERSION} to publish",
            hint=f"put it first: versioned put {name} FILE",
        )
    info, data = latest.result
    taken = numbers.result
    if context.monotonic() - started > context.store.settle:
        # A deletion may have begun and ended in between: what it claimed is seen now.
        taken = context.listed(layout.numbers_folder(name), limit=1)
    numbered = [(int(v), line) for v, line in versions.result if v != naming.LATEST_VERSION]
    return _Look(
        info=info,
        data=data,
        newest=numbered[0] if numbered else None,
        taken=layout.number_of_claim(taken[0].key) if taken else 0,
    )


def _read_latest(context: Context, name: str) -> tuple[ObjectInfo, bytes | None]:
    with context.store.get(layout.version_key(name, None, context.suffix)) as body:
        return body.info, b"".join(body) if body.info.size <= SMALL else None


def _publish_at_once(context: Context, name: str, look: _Look) -> Artifact | None:
    """Claim the number, then write the version under a condition; `None` after a conflict."""
    with Step(context.store) as step:
        newest = None if look.surely_changed else step.add(lambda: _newest(context, name, look))
        claimed = step.add(lambda: _claim(context, name, look)) if look.probably_changed else None
        tags = step.add(lambda: context.store.tags(look.info.key)) if look.info.tag_count else None
    claim = claimed.result if claimed else None
    if newest and newest.result and newest.result.sha256 == sha256_of(look.info):
        if claim and context.capabilities().conditional_delete:
            context.store.delete(claim.key, if_match=claim.etag)
        elif claim:
            _abandon(context, claim)
        return newest.result
    claim = claim or _claim(context, name, look)
    number = layout.number_of_claim(claim.key)
    key = layout.version_key(name, number, context.suffix)
    try:
        if look.data is None:
            info = context.store.copy(look.info, key, if_absent=True)
        else:
            with Content.open(look.data) as content:
                attributes = _attributes_of(look.info, tags.result if tags else {})
                info = context.store.put(key, content, attributes=attributes, if_absent=True)
    except PreconditionFailedError:
        _abandon(context, claim)
        return None
    return _published(context, name, number, look, info)


def _publish_by_private_copy(context: Context, name: str, look: _Look) -> Artifact | None:
    """Copy, check, claim, copy from the copy; `None` where LATEST changed in between."""
    identity = new_identity()
    private = layout.private_key(name, identity)
    with Step(context.store) as step:
        newest = None if look.surely_changed else step.add(lambda: _newest(context, name, look))
        if look.probably_changed:
            step.add(lambda: context.store.copy(look.info, private))
    if newest and newest.result and newest.result.sha256 == sha256_of(look.info):
        if look.probably_changed:
            context.store.delete(private)
        return newest.result
    if not look.probably_changed:
        context.store.copy(look.info, private)
    with Step(context.store) as step:
        copied = step.add(lambda: context.store.head(private))
        still = step.add_optional(lambda: context.store.head(look.info.key))
    meant = still.result is not None and still.result.etag == look.info.etag
    if not meant or sha256_of(copied.result) != sha256_of(look.info):
        context.store.delete(private)
        return None
    claim = _claim(context, name, look, source=identity)
    number = layout.number_of_claim(claim.key)
    info = finish_claim(context, name, number, copied.result)
    return _published(context, name, number, look, info)


def finish_claim(context: Context, name: str, number: int, private: ObjectInfo) -> ObjectInfo:
    """Copy a claim's private copy to its version's key, and remove the private copy.

    Whoever does this, and however often, the same bytes arrive. Raises PreconditionFailedError
    where the private copy is gone and the version holds something else.
    """
    key = layout.version_key(name, number, context.suffix)
    try:
        info = context.store.copy(private, key)
    except ObjectNotFoundError:
        info = context.store.head(key)
        if sha256_of(info) != sha256_of(private):
            raise PreconditionFailedError(
                f"{key!r} holds other bytes than its claim", hint="run versioned doctor"
            ) from None
    context.store.delete(private.key)
    return info


def _newest(context: Context, name: str, look: _Look) -> Artifact | None:
    """The newest version, or `None` if it was deleted since the look."""
    if look.newest is None:
        return None
    number, line = look.newest
    try:
        return artifact_of(context, name, str(number), context.store.head(line.key))
    except ObjectNotFoundError:
        return None


def _claim(context: Context, name: str, look: _Look, *, source: str | None = None) -> ObjectInfo:
    """Take the next free number. One request, and one more for each number lost to another."""
    claim = {
        "format": 1,
        "sha256": sha256_of(look.info),
        "size": look.info.size,
        "source": source,
        "by": context.actor,
        "at": stamp(context.store.now()),
        "identity": new_identity(),
    }
    for number in range(look.next_number, HIGHEST_NUMBER + 1):
        try:
            return context.write(layout.claim_key(name, number), dump(claim), if_absent=True)
        except PreconditionFailedError:
            continue
    raise VersionNumbersExhaustedError(
        f"artifact {name!r} has used its last number, {HIGHEST_NUMBER}",
        hint="go on under a new artifact name",
    )


def _abandon(context: Context, claim: ObjectInfo) -> None:
    """Say that a claim is not used. It stays: an unconditional DELETE may arrive late, when the
    number is somebody else's, and a deletion may rely on the claim."""
    context.write(claim.key, dump({"format": 1, "abandoned": True}), if_match=claim.etag)


def _attributes_of(info: ObjectInfo, tags: dict[str, str]) -> Attributes:
    metadata = {key: value for key, value in info.metadata.items() if key != "versioned-nonce"}
    return Attributes(metadata=metadata, content_type=info.content_type, tags=tags)


def _published(context: Context, name: str, number: int, look: _Look, info: ObjectInfo) -> Artifact:
    seen = replace(info, metadata=look.info.metadata, size=look.info.size)
    return artifact_of(context, name, str(number), seen)

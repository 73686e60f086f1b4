"""One file to one rank: what is replaced is archived, and only what was looked at is replaced.

docs/formats/s3-pipeline.md has the argument; the order of the requests is part of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from s3pipeline.archiving import archive, archive_content, holds, taken
from s3pipeline.candidate import Candidate
from s3pipeline.errors import PromotionConflictError, SkippedRankError
from s3pipeline.held import VERSION_KEY, Held, label
from s3pipeline.layout import archive_key, release_key
from s3pipeline.names import validate_version
from s3pipeline.object_store import ObjectStore
from s3pipeline.order import Order
from s3pipeline.proof import Proof
from s3pipeline.ranks import Ranks
from s3pipeline.reading import spooled
from versioned.content import Content
from versioned.errors import ObjectNotFoundError, PreconditionFailedError
from versioned.stores.s3_outcomes import Condition


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is to be in the rank: bytes, and what is known about them. `source` is the release
    that they were read from, `None` for a local file."""

    content: Content
    version: str | None
    uploaded_timestamp: int
    path: str | None
    source: Held | None = None

    def labelled(self, version: str, path: str | None) -> dict[str, str]:
        others: Mapping[str, str] = self.source.metadata if self.source else {}
        return label(
            others,
            version=version,
            uploaded_timestamp=self.uploaded_timestamp,
            sha256=self.content.sha256,
            path=path,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rank holds after a promotion; `changed` is false where it did so before."""

    held: Held
    changed: bool


@dataclass(frozen=True, slots=True)
class Promotion:
    """Carries out one order. `new_version` makes the version of an upload that has none;
    `allow` may raise to stop it, when all is known and nothing is written."""

    store: ObjectStore
    proof: Proof
    ranks: Ranks
    order: Order
    new_version: Callable[[int], str]
    allow: Callable[[Candidate], None]

    def run(self) -> Outcome:
        """What the rank holds now, and whether that had to be written.

        Raises the errors of `s3pipeline.errors`, and of the store.
        """
        # The target before the source: a newer release that overtakes this one all the way
        # is then noticed when the target is written.
        target = self.store.look(self._key)
        if self.order.previous is None:
            with Content.open(self.order.source) as content:
                now = time.time_ns() // 1_000_000
                order = self.order
                return self._place(target, Incoming(content, order.version, now, order.path))
        return self._advance(target, self.order.previous)

    @property
    def _key(self) -> str:
        return release_key(self.order.rank, self.order.filename)

    def _advance(self, target: Held | None, previous: str) -> Outcome:
        order = self.order
        try:
            reading = self.store.open(release_key(previous, order.filename))
        except ObjectNotFoundError as error:
            raise SkippedRankError(order.filename, order.rank, previous) from error
        with reading:
            held = reading.held
            order.check_version(held.version)
            order.check_path(order.path, held.path, previous)
            if held.sha256 is not None:
                order.check_sha256(held.sha256)
            if target is not None and _is_known_copy(target, held):
                return Outcome(target, changed=False)
            with spooled(reading) as content:
                reading.check(content.sha256)
                incoming = Incoming(content, held.version, held.uploaded_timestamp, held.path, held)
                return self._place(target, incoming)

    def _place(self, target: Held | None, incoming: Incoming) -> Outcome:
        order, content = self.order, incoming.content
        order.check_sha256(content.sha256)
        path = incoming.path
        if target is not None:
            order.check_path(path, target.path, order.rank)
            path = path or target.path
        if target is not None and self._is_done(target, incoming):
            return Outcome(target, changed=False)
        version = incoming.version or validate_version(
            self.new_version(incoming.uploaded_timestamp)
        )
        self._check_version(version, target, incoming)
        self.allow(
            Candidate(
                filename=order.filename,
                rank=order.rank,
                previous_rank=order.previous,
                version=version,
                size=content.size,
                sha256=content.sha256,
                path=path,
                replaces=target.version if target else None,
            )
        )
        self.proof.check()
        return self._write(target, incoming, incoming.labelled(version, path))

    def _write(self, target: Held | None, incoming: Incoming, metadata: dict[str, str]) -> Outcome:
        content, filename = incoming.content, self.order.filename
        condition = Condition(if_match=target.etag) if target else Condition(if_absent=True)
        try:
            if target is not None:
                self._archive(target, incoming, metadata)
            held = self.store.put(self._key, content, metadata, condition, like=incoming.source)
        except (PreconditionFailedError, PromotionConflictError) as error:
            found = self.store.look(self._key)
            if found is not None and self._is_done(found, incoming):
                return Outcome(found, changed=False)  # somebody else promoted the same
            raise PromotionConflictError(
                f"somebody else changed {filename!r} in {self.order.rank} meanwhile",
                hint="look which version is there now, then try again",
            ) from error
        return Outcome(held, changed=True)

    def _archive(self, target: Held, incoming: Incoming, metadata: dict[str, str]) -> None:
        content, filename = incoming.content, self.order.filename
        archive(self.store, target, filename)
        if holds(self.store, target, content.size, content.sha256):
            # Equal bytes have equal ETags, so another promotion that looked before can't tell
            # the new release from the one it archived, and may replace it unseen.
            key = archive_key(metadata[VERSION_KEY], filename)
            archive_content(self.store, key, content, metadata, incoming.source)

    def _is_done(self, target: Held, incoming: Incoming) -> bool:
        """Whether the rank holds these bytes under this version, or under any where the
        version is ours to choose."""
        return (
            incoming.version in {None, target.version}
            and _same_path(target.path, incoming.path)
            and holds(self.store, target, incoming.content.size, incoming.content.sha256)
        )

    def _check_version(self, version: str, target: Held | None, incoming: Incoming) -> None:
        """Raises VersionTakenError where the version stands for other bytes: in the archive, in
        the rank itself, and for an upload in any other rank."""
        filename, content = self.order.filename, incoming.content
        in_ranks = [target]
        if self.order.previous is None:
            others = [rank for rank in self.ranks.names if rank != self.order.rank]
            in_ranks += [self.store.look(release_key(rank, filename)) for rank in others]
        same_version = [held for held in in_ranks if held and held.version == version]
        if archived := self.store.look(archive_key(version, filename)):
            same_version.append(archived)
        for held in same_version:
            if not holds(self.store, held, content.size, content.sha256):
                raise taken(self.store, held, filename, version)


def _is_known_copy(target: Held, source: Held) -> bool:
    """Whether the rank holds what the rank before holds, by what was recorded alone."""
    return (
        source.sha256 is not None
        and (target.sha256, target.size, target.version)
        == (source.sha256, source.size, source.version)
        and _same_path(target.path, source.path)
    )


def _same_path(found: str | None, given: str | None) -> bool:
    return given is None or found is None or found == given

"""Deleting from ECR, so that what is said to be gone is gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from versioned.errors import VersionedError
from versioned.images.errors import ImageNotFoundError
from versioned.images.reference import validate_digest, validate_tag
from versioned.images.registries.ecr_connection import EcrConnection, in_batches
from versioned.images.registries.ecr_listing import list_ids
from versioned.images.registries.ecr_manifests import describe_image
from versioned.images.registry import Deletion, Undeleted

_NOT_FOUND = "ImageNotFound"
_HAS_PARENT = "ImageReferencedByManifestList"
_SAID_NOTHING = "ECR did not say what became of it"


def delete_images(connection: EcrConnection, repository: str, digests: Iterable[str]) -> Deletion:
    """A request for every hundred, in the order given; children that ECR held back for their
    index are tried once more at the end.

    Where ECR refuses a whole request after others were done, what was not reached is among the
    failures, so that nothing that is gone is forgotten. Raises where nothing was done.
    """
    wanted = list(dict.fromkeys(validate_digest(digest) for digest in digests))
    tally = _Tally(connection, repository)
    tally.delete(wanted)
    if tally.held_back and tally.gone:
        tally.delete([digest for digest in wanted if digest in tally.held_back])
    tally.look()
    left = [digest for digest in wanted if digest not in tally.gone]
    return Deletion(
        repository,
        tuple(digest for digest in wanted if digest in tally.gone),
        tuple(tally.tags),
        tuple(Undeleted(digest, tally.reasons[digest]) for digest in left),
    )


@dataclass(slots=True)
class _Tally:
    """What became of each so far."""

    connection: EcrConnection
    repository: str
    gone: set[str] = field(default_factory=set)
    tags: dict[str, None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    held_back: set[str] = field(default_factory=set)

    def delete(self, digests: Sequence[str]) -> None:
        for batch in in_batches(digests):
            ids = [{"imageDigest": digest} for digest in batch]
            try:
                answer = self.connection.call("batch_delete_image", self.repository, imageIds=ids)
            except VersionedError as error:
                if not self.gone:
                    raise
                self.reasons = dict.fromkeys(digests, error.message) | self.reasons
                return
            self._add(batch, answer)

    def _add(self, batch: Sequence[str], answer: Mapping[str, Any]) -> None:
        deleted = answer.get("imageIds", ())
        self.tags.update((one["imageTag"], None) for one in deleted if one.get("imageTag"))
        self.reasons.update(dict.fromkeys(batch, _SAID_NOTHING))
        self.gone.update(one["imageDigest"] for one in deleted)
        for failure in answer.get("failures", ()):
            digest, code = failure["imageId"].get("imageDigest"), failure.get("failureCode")
            if code == _NOT_FOUND:
                self.gone.add(digest)
                continue
            self.gone.discard(digest)
            self.reasons[digest] = _reason(failure)
            if code == _HAS_PARENT:
                self.held_back.add(digest)

    def look(self) -> None:
        """Whether what was not spoken of is there still: servers that are not AWS are silent
        about images without tags."""
        unsaid = {d for d, reason in self.reasons.items() if reason == _SAID_NOTHING} - self.gone
        if unsaid:
            with suppress(VersionedError):  # what was done has to be told all the same
                there = list_ids(self.connection, self.repository)
                self.gone |= unsaid - {one["imageDigest"] for one in there}


def _reason(failure: Mapping[str, Any]) -> str:
    return f"{failure.get('failureCode')}: {failure.get('failureReason')}"


def delete_tag(connection: EcrConnection, repository: str, tag: str) -> Deletion:
    """Two requests: looking whether it is the last tag, and taking it away."""
    before = describe_image(connection, repository, validate_tag(tag))
    answer = connection.call("batch_delete_image", repository, imageIds=[{"imageTag": tag}])
    failures = answer.get("failures", ())
    if any(one.get("failureCode") == _NOT_FOUND for one in failures):
        raise ImageNotFoundError(
            f"{repository}:{tag} is not in {connection.region} any more",
            hint="somebody else was faster",
        )
    if not answer.get("imageIds"):
        reasons = [_reason(one) for one in failures] or [_SAID_NOTHING]
        return Deletion(repository, failures=tuple(Undeleted(tag, one) for one in reasons))
    is_last = list(before["imageTags"]) == [tag]
    return Deletion(repository, (before["imageDigest"],) if is_last else (), (tag,))

"""Which versions a hook may have to be told of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from versioned import layout
from versioned.context import Context
from versioned.documents import parse
from versioned.errors import ContaminatedError
from versioned.events.reading import Listing, numbered
from versioned.models import Artifact
from versioned.steps import Step, or_none
from versioned.stores.base import ListedObject
from versioned.versions import artifact_of, listed_versions, sha256_of


@dataclass(frozen=True, slots=True)
class Published:
    """A version, with who published it where that is known."""

    artifact: Artifact
    by: str | None


def list_numbers(
    context: Context, listing: Listing, limit: int | None
) -> tuple[tuple[int, ListedObject], ...]:
    """The newest numbers, as many as asked for or all; no request where they are known."""
    if listing.all_versions or (limit is not None and limit <= len(listing.versions)):
        return listing.versions
    asked = None if limit is None else limit + 1
    return numbered(listed_versions(context, listing.name, limit=asked))


def read_published(context: Context, name: str, numbers: list[int]) -> list[Published]:
    """Versions by number, without those that are gone. One step, two requests each.

    Raises ContaminatedError.
    """
    with Step(context.store) as step:
        infos = [
            step.add_optional(
                partial(context.store.head, layout.version_key(name, n, context.suffix))
            )
            for n in numbers
        ]
        claims = [step.add(partial(_claimed_by, context, name, n)) for n in numbers]
    found: list[Published] = []
    for number, info, claim in zip(numbers, infos, claims, strict=True):
        if info.result is not None:
            artifact = artifact_of(context, name, str(number), info.result)
            by = claim.result.get(sha256_of(info.result))
            found.append(Published(artifact, by))
    return found


def _claimed_by(context: Context, name: str, number: int) -> dict[str, str]:
    """Who claimed a number, by the sha256 that it was claimed for."""
    key = layout.claim_key(name, number)
    try:
        raw = or_none(lambda: context.read(key)[1])
        claim = parse(key, raw) if raw is not None else None
        return {claim.text("sha256"): claim.text("by")} if claim else {}
    except ContaminatedError:
        return {}


def newest_claim(context: Context, name: str) -> int:
    """The highest number that was ever taken, 0 for none. One request."""
    found = context.listed(layout.numbers_folder(name), limit=1)
    return layout.number_of_claim(found[0].key) if found else 0

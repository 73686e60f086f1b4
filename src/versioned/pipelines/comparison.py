"""How two aliases of an artifact differ: their versions, and what was published in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from versioned import layout, naming
from versioned.aliases import get_alias
from versioned.context import Context
from versioned.models import Alias, Artifact
from versioned.steps import Step
from versioned.stores.base import ObjectInfo
from versioned.versions import artifact_of, head_version, listed_versions, own_metadata


@dataclass(frozen=True, slots=True)
class Published:
    """A version with the metadata that its publisher gave."""

    artifact: Artifact
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class Side:
    """An alias, and the primary version that it points at."""

    alias: Alias
    published: Published


@dataclass(frozen=True, slots=True)
class Difference:
    """Two aliases of one artifact.

    `between` has the numbers above the lower version up to the higher one, newest first: what
    comes in, or goes, when one gets what the other has.
    """

    name: str
    one: Side
    other: Side
    between: tuple[Published, ...]

    @property
    def same_bytes(self) -> bool:
        """Whether both have the same content, whatever its number."""
        return self.one.published.artifact.sha256 == self.other.published.artifact.sha256

    @property
    def metadata_changes(self) -> dict[str, tuple[str | None, str | None]]:
        """The values of one and the other for each key that differs; `None` where it is missing."""
        one, other = self.one.published.metadata, self.other.published.metadata
        pairs = {key: (one.get(key), other.get(key)) for key in sorted(one.keys() | other.keys())}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}

    def to_dict(self) -> dict[str, Any]:
        """All fields, and what follows from them, ready for JSON."""
        derived = {
            "same_bytes": self.same_bytes,
            "metadata_changes": {k: list(pair) for k, pair in self.metadata_changes.items()},
        }
        return asdict(self) | derived


def diff(context: Context, name: str, one: str, other: str) -> Difference:
    """Two steps. Raises AliasNotFoundError, ArtifactNotFoundError where a version is gone."""
    with Step(context.store) as step:
        aliases = [step.add(partial(get_alias, context, name, alias)) for alias in (one, other)]
        listing = step.add(lambda: listed_versions(context, name))
    first, second = (alias.result for alias in aliases)
    numbers = [version for version, _ in listing.result]
    inner = numbers_between(numbers, first.version, second.version)
    with Step(context.store) as step:
        sides = [step.add(partial(head_version, context, name, a.version)) for a in (first, second)]
        heads = [
            step.add_optional(
                partial(context.store.head, layout.version_key(name, number, context.suffix))
            )
            for number in inner
        ]
    describe = partial(_published, context, name)
    return Difference(
        name=name,
        one=Side(first, describe(first.version, sides[0].result)),
        other=Side(second, describe(second.version, sides[1].result)),
        between=tuple(
            describe(number, head.result)
            for number, head in zip(inner, heads, strict=True)
            if head.result
        ),
    )


def numbers_between(numbers: Sequence[str], one: str, other: str) -> list[str]:
    """Of published numbers those above the lower version up to the higher one, in their order;
    LATEST is above all of them. Pure."""
    if one == other:
        return []
    limit = 10**layout.VERSION_ZFILL
    ends = [limit if v == naming.LATEST_VERSION else int(v) for v in (one, other)]
    return [
        number
        for number in numbers
        if number != naming.LATEST_VERSION and min(ends) < int(number) <= max(ends)
    ]


def _published(context: Context, name: str, version: str, info: ObjectInfo) -> Published:
    return Published(artifact_of(context, name, version, info), own_metadata(info))

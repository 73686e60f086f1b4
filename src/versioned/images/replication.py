"""Which repositories ECR copies to which regions. Pure: no I/O.

A registry has one configuration for all projects of an account and region, and a write replaces
it whole: so the project's rule is put among those that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from versioned.images.reference import validate_region


@dataclass(frozen=True, slots=True)
class ReplicationRule:
    """Images of repositories whose path begins with one of `prefixes`, of all where there is
    none, are copied to `destinations`: pairs of a region and the id of a registry, which is an
    account. `deletes` says whether deletions are copied too, `None` that nothing is said."""

    destinations: tuple[tuple[str, str], ...]
    prefixes: tuple[str, ...] = ()
    deletes: bool | None = None

    @classmethod
    def of_dict(cls, document: Mapping[str, Any]) -> ReplicationRule:
        """As ECR writes it."""
        said = document.get("deleteReplication")
        return cls(
            tuple((one["region"], one["registryId"]) for one in document.get("destinations", ())),
            tuple(one["filter"] for one in document.get("repositoryFilters", ())),
            bool(said.get("enabled")) if said is not None else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """As ECR takes it."""
        document: dict[str, Any] = {
            "destinations": [
                {"region": region, "registryId": registry} for region, registry in self.destinations
            ]
        }
        if self.prefixes:
            document["repositoryFilters"] = [
                {"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in self.prefixes
            ]
        if self.deletes is not None:
            document["deleteReplication"] = {"enabled": self.deletes}
        return document


@dataclass(frozen=True, slots=True)
class ReplicationConfiguration:
    """All rules of one registry."""

    registry_id: str
    rules: tuple[ReplicationRule, ...]

    def to_dict(self) -> dict[str, Any]:
        """As ECR describes it, ready for JSON."""
        return {
            "registryId": self.registry_id,
            "replicationConfiguration": {"rules": [rule.to_dict() for rule in self.rules]},
        }


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """How far the copy of an image is in a region: `IN_PROGRESS`, `COMPLETE` or `FAILED`, then
    with ECR's own code."""

    region: str
    registry_id: str
    status: str
    failure: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self)


def replica_regions(regions: Iterable[str], source: str) -> tuple[str, ...]:
    """Each region once, in the order given, without the one that the images come from. Raises
    InvalidImageError for what is no region."""
    return tuple(dict.fromkeys(validate_region(r) for r in regions if r != source))


def with_project_rule(
    rules: Sequence[ReplicationRule], prefix: str, destinations: Sequence[tuple[str, str]]
) -> tuple[ReplicationRule, ...]:
    """The rules with the one of a project, which is about repositories below `prefix` and nothing
    else, put at its place, or at the end; without destinations it is taken away. Whether it
    copies deletions stays as it was, and so do the rules of others."""
    prefixes = (f"{prefix}/",) if prefix else ()
    is_ours = [rule.prefixes == prefixes for rule in rules]
    place = is_ours.index(True) if True in is_ours else len(rules)
    kept = [rule for rule, ours in zip(rules, is_ours, strict=True) if not ours]
    if destinations:
        deletes = rules[place].deletes if place < len(rules) else None
        kept.insert(place, ReplicationRule(tuple(destinations), prefixes, deletes))
    return tuple(kept)

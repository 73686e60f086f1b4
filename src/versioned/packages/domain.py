"""The domain: one store of packages, with its repositories. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from versioned import naming
from versioned.documents import Document, dump, parse
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.packages.coordinates import validate_repository_name
from versioned.packages.errors import PackageRepositoryNotFoundError, PromotionOnlyError
from versioned.packages.layout import DOMAIN_KEY
from versioned.pipelines.fields import FORMAT, check_format


@dataclass(frozen=True, slots=True)
class PackageRepository:
    """A repository of a domain. Into it only those assets are promoted that have a passing verdict
    of each check in `requires`. Where it has `sources`, it takes only what is promoted into it
    from one of these repositories, and nothing is published into it."""

    name: str
    created_at: str
    description: str = ""
    requires: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def refuse_publishing(self) -> None:
        """Raises PromotionOnlyError where it has sources."""
        if self.sources:
            raise PromotionOnlyError(
                f"nothing is published into {self.name}: it takes promotions from "
                f"{_any_of(self.sources)} only",
                unmet={"sources": f"promoted from {_any_of(self.sources)} only, not published"},
                hint=f"publish it where it is built, then promote it: versioned packages promote "
                f"{self.sources[0]}/... --to {self.name}",
            )

    def refuse_source(self, name: str) -> None:
        """Raises PromotionOnlyError where it has sources, and this is none of them."""
        if self.sources and name not in self.sources:
            raise PromotionOnlyError(
                f"{self.name} takes promotions from {_any_of(self.sources)} only, not from {name}",
                unmet={"sources": f"from {_any_of(self.sources)} only, not from {name}"},
                hint=f"promote it there first, then on: versioned packages promote "
                f"{self.sources[0]}/... --to {self.name}",
            )


def refuse_circle(domain: Domain, name: str) -> None:
    """Raises InvalidInputError where a repository would come from itself through its sources, and
    nothing could ever be published for it."""
    above, seen = list(domain.repository(name).sources), set[str]()
    while above:
        one = above.pop()
        if one == name:
            raise InvalidInputError(
                f"{name} would be promoted from itself, by way of its sources",
                hint="are the names the wrong way round? versioned packages ls shows from where "
                "each is promoted",
            )
        if one not in seen:
            seen.add(one)
            above += domain.repository(one).sources


def _any_of(names: Sequence[str]) -> str:
    return " or ".join(names)


@dataclass(frozen=True, slots=True)
class Domain:
    """Repositories that share tokens and verdicts, and among which packages are promoted."""

    name: str
    created_at: str
    repositories: tuple[PackageRepository, ...] = ()

    def repository(self, name: str) -> PackageRepository:
        """Raises PackageRepositoryNotFoundError, InvalidPackageError."""
        validate_repository_name(name)
        found = next((one for one in self.repositories if one.name == name), None)
        if found is None:
            names = ", ".join(one.name for one in self.repositories) or "none"
            raise PackageRepositoryNotFoundError(
                f"the domain {self.name!r} has no repository {name!r}",
                hint=f"there are {names}; versioned packages create makes one",
            )
        return found


def encode_domain(domain: Domain) -> bytes:
    """The document of a domain."""
    repositories: dict[str, Any] = {
        one.name: {
            "created_at": one.created_at,
            "description": one.description,
            "requires": list(one.requires),
            "sources": list(one.sources),
        }
        for one in domain.repositories
    }
    return dump(
        {
            "format": FORMAT,
            "name": domain.name,
            "created_at": domain.created_at,
            "repositories": repositories,
        }
    )


def decode_domain(raw: bytes) -> Domain:
    """Raises ContaminatedError."""
    document = parse(DOMAIN_KEY, raw)
    check_format(document)
    found = document.mapping("repositories")
    try:
        return Domain(
            name=validate_repository_name(document.text("name")),
            created_at=document.time("created_at"),
            repositories=tuple(
                _decode_repository(name, found.mapping(name)) for name in sorted(found.data)
            ),
        )
    except InvalidInputError as error:
        raise ContaminatedError(
            f"{DOMAIN_KEY!r}: {error.message}", hint="restore it from a backup"
        ) from error


def _decode_repository(name: str, one: Document) -> PackageRepository:
    return PackageRepository(
        name=validate_repository_name(name),
        created_at=one.time("created_at"),
        description=one.text("description"),
        requires=tuple(naming.validate_word("a check", check) for check in one.texts("requires")),
        # Domains of before there were sources lack the field.
        sources=tuple(validate_repository_name(source) for source in one.texts("sources"))
        if "sources" in one.data
        else (),
    )

"""npm's tags of a package: names for versions, such as `latest`, with who moved them, and why.

Each state of all tags is a document of its own, created once under the next position, as
revisions are; the newest is what counts. A tag whose version is deleted or not listed is left out
of what npm sees, and there again when the version is: so a removal stays one write.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from versioned.context import Context
from versioned.documents import dump, parse
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.packages import layout
from versioned.packages.coordinates import Package, PackageFormat, package_version
from versioned.packages.errors import InvalidPackageError
from versioned.packages.history import Heads
from versioned.packages.semver import is_release, semver_key
from versioned.pipelines.fields import FORMAT, check_format, check_place, read_link
from versioned.steps import or_none

LATEST = "latest"
_TAG = re.compile(r"(?!v?[0-9])(?![xX](?:\.|$))[A-Za-z][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class DistTags:
    """The tags of a package as somebody left them. `position` counts from 1, `digest` is the
    SHA-256 of the document, `previous` that of the one before, empty for the first; `at` is ISO
    8601 in UTC by the store's clock."""

    repository: str
    package: Package
    tags: Mapping[str, str]
    position: int
    digest: str
    previous: str
    at: str
    by: str | None
    message: str | None

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return asdict(self) | {"package": str(self.package)}


def validate_tag(tag: str) -> str:
    """Raises InvalidPackageError for what could be taken for a version."""
    if not isinstance(tag, str) or not _TAG.fullmatch(tag):
        raise InvalidPackageError(
            f"{tag!r:.80} can't be a tag",
            hint="1 to 64 letters, digits, '.', '_' or '-', and nothing like a version",
        )
    return tag


def shown_tags(said: Mapping[str, str], listed: Collection[str]) -> dict[str, str]:
    """The tags that npm sees: those of listed versions. Where nobody says which version is
    `latest`, it is the highest release, or the highest version where none is a release. Pure."""
    shown = {tag: version for tag, version in said.items() if version in listed}
    if listed and LATEST not in shown:
        shown[LATEST] = max(listed, key=lambda one: (is_release(one), semver_key(one)))
    return shown


def read_tags(context: Context, heads: Heads) -> DistTags | None:
    """The newest state of the tags. At most one request."""
    position = heads.position(layout.DIST_TAGS)
    if not position:
        return None
    folder = layout.dist_tags_folder(heads.repository, heads.package)
    key = layout.revision_key(folder, position)
    found = or_none(lambda: context.read(key))
    if found is None:
        raise ContaminatedError(
            f"{key!r} was listed and is gone",
            hint="something else removed it; restore it from a backup",
        )
    return decode_tags(heads.repository, heads.package, key, found[1])


def tags_entry(tags: DistTags) -> dict[str, Any]:
    """What the tags contribute to the pages."""
    return {"at": tags.at, "tags": dict(tags.tags)}


def encode_tags(
    heads: Heads,
    tags: Mapping[str, str],
    before: DistTags | None,
    *,
    at: str,
    by: str | None,
    message: str | None,
    identity: str,
) -> bytes:
    """The document of what comes after a state of the tags."""
    return dump(
        {
            "format": FORMAT,
            "repository": heads.repository,
            "package": str(heads.package),
            "tags": dict(tags),
            "position": before.position + 1 if before else 1,
            "previous": before.digest if before else "",
            "at": at,
            "by": by,
            "message": message,
            "identity": identity,
        }
    )


def decode_tags(repository: str, package: Package, key: str, raw: bytes) -> DistTags:
    """Raises ContaminatedError for what is no state of these tags, at this position."""
    document = parse(key, raw)
    check_format(document)
    found = DistTags(
        repository=document.text("repository"),
        package=package,
        tags=_checked(key, document.mapping("tags").data),
        position=document.integer("position"),
        digest=hashlib.sha256(raw).hexdigest(),
        previous=read_link(document),
        at=document.time("at"),
        by=document.text_or_none("by"),
        message=document.text_or_none("message"),
    )
    check_place(document, layout.dist_tags_folder(repository, package), found.position)
    if (found.repository, document.text("package")) != (repository, str(package)):
        raise _fault(key, "it says of itself that it is of another package")
    return found


def _checked(key: str, tags: Mapping[str, Any]) -> Mapping[str, str]:
    try:
        return {
            validate_tag(tag): package_version(PackageFormat.NPM, version)
            for tag, version in tags.items()
        }
    except InvalidInputError as error:
        raise _fault(key, error.message) from error


def _fault(key: str, reason: str) -> ContaminatedError:
    return ContaminatedError(
        f"{key!r}: {reason}", hint="something else wrote it; restore it from a backup"
    )

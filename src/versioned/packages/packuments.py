"""What npm reads of a package: all its versions and tags in one document. Pure, but for reading.

Each version is what package.json in its active tarball says, with the digests of these bytes. Its
address is relative to the registry; who serves the document makes it absolute. Only Published
versions are listed; those Unlisted can still be had by who knows the address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from versioned.context import Context
from versioned.documents import Document, dump, parse
from versioned.errors import ContaminatedError
from versioned.packages import layout
from versioned.packages.assets import beside_key_of, read_beside
from versioned.packages.coordinates import Package
from versioned.packages.dist_tags import LATEST, read_tags, shown_tags, tags_entry
from versioned.packages.errors import AssetNotFoundError
from versioned.packages.history import Heads, no_such_package, read_newest
from versioned.packages.pages import Page, Rendered
from versioned.packages.revision import Asset, PackageStatus, Revision
from versioned.steps import or_none
from versioned.stores.base import Attributes

FIRST_SET = "1"
"""The set of a version that was published once, without naming one."""

_OF_LATEST = (
    "author",
    "bugs",
    "contributors",
    "description",
    "homepage",
    "keywords",
    "license",
    "maintainers",
    "repository",
)
_Entry = dict[str, Any]


class Packuments:
    """`versioned.packages.pages.Pages` for npm: one page a package, no copies, no root."""

    def key(self, repository: str, package: Package) -> str:
        return layout.packument_key(repository, package)

    def decode(self, key: str, raw: bytes) -> Page:
        document = parse(key, raw)
        seen = document.mapping("_revisions")
        positions: dict[str, int] = {}
        entries: dict[str, _Entry] = {}
        for version in seen.data:
            one = seen.mapping(version)
            positions[version] = one.integer("position")
            entries[version] = {"at": one.time("at")}
        if layout.DIST_TAGS in entries:
            entries[layout.DIST_TAGS]["tags"] = dict(document.mapping("_dist-tags").data)
        versions, times = document.mapping("versions"), document.mapping("time")
        for version in versions.data:
            if version not in entries:
                raise ContaminatedError(
                    f"{key!r} is no page of this program",
                    hint="versioned packages reindex makes it anew",
                )
            entries[version]["time"] = times.text(version)
            entries[version]["described"] = versions.mapping(version).data
        return Page(positions, entries)

    def render(self, repository: str, package: Package, page: Page) -> Rendered:
        listed = {v: one for v, one in page.entries.items() if "described" in one}
        said = page.entries.get(layout.DIST_TAGS, {}).get("tags", {})
        tags = shown_tags(said, listed)
        newest = listed[tags[LATEST]]["described"] if listed else {}
        times = {version: one["time"] for version, one in listed.items()}
        body = {
            "_id": str(package),
            "_rev": str(page.serial),
            "_revisions": {
                version: {"position": position, "at": page.entries[version]["at"]}
                for version, position in page.positions.items()
            },
            "_dist-tags": said,
            "name": str(package),
            "dist-tags": tags,
            "versions": {version: one["described"] for version, one in listed.items()},
            "time": {**times, **_frame(page, times)},
            **{field: newest[field] for field in _OF_LATEST if field in newest},
        }
        return Rendered(
            self.key(repository, package), dump(body), Attributes(content_type="application/json")
        )

    def copy_keys(self, _repository: str, _package: Package) -> list[str]:
        return []

    def copies(self, _repository: str, _package: Package, _page: Page) -> list[Rendered]:
        return []

    def serial(self, _raw: bytes) -> int:
        return 0

    def root(self, _repository: str, _packages: Sequence[str]) -> list[Rendered]:
        return []

    def listed(self, _raw: bytes) -> list[str]:
        return []

    def entry(self, context: Context, heads: Heads, version: str) -> _Entry:
        if version == layout.DIST_TAGS:
            tags = read_tags(context, heads)
            assert tags is not None  # noqa: S101 - its position was listed
            return tags_entry(tags)
        (revision,) = read_newest(context, heads, [version])
        return version_entry(context, revision)


def version_entry(context: Context, revision: Revision) -> _Entry:
    """What a revision contributes. Asks for what lies beside the tarball; one that is gone is not
    listed, as nobody could install it."""
    entry: _Entry = {"at": revision.at}
    shown = shown_tarball(revision)
    if shown is None:
        return entry
    try:
        key = beside_key_of(revision.place, shown)
        described = json.loads(read_beside(context, key, shown))
    except AssetNotFoundError:
        return entry
    if revision.state.deprecated:
        described["deprecated"] = revision.state.deprecated
    described["dist"] = _dist(revision, shown)
    return {**entry, "time": _time(shown.uploaded_at), "described": described}


def shown_tarball(revision: Revision) -> Asset | None:
    """The tarball that npm is offered, `None` where none is."""
    state = revision.state
    if state.status is not PackageStatus.PUBLISHED:
        return None
    found = [one for one in state.active_assets if one.beside is not None and one.yanked is None]
    return found[0] if found else None


def read_packument(context: Context, repository: str, package: Package) -> Document:
    """The page as it is. One request. Raises PackageNotFoundError, also where no version is
    listed."""
    key = layout.packument_key(repository, package)
    found = or_none(lambda: context.read(key))
    document = None if found is None else parse(key, found[1])
    if document is None or not document.mapping("versions").data:
        raise no_such_package(repository, package)
    return document


def _dist(revision: Revision, asset: Asset) -> dict[str, Any]:
    """Another set than the first has an address of its own, so that what was locked before stays
    what it was."""
    path = f"{quote(str(revision.package), safe='@/')}/-/{quote(asset.name)}"
    other = asset.asset_set not in {None, FIRST_SET}
    numbers = {"fileCount": "file_count", "unpackedSize": "unpacked_size"}
    return {
        "tarball": f"{path}?set={quote(asset.asset_set or '', safe='')}" if other else path,
        "shasum": asset.details["shasum"],
        "integrity": asset.details["integrity"],
        **{
            field: int(asset.details[name])
            for field, name in numbers.items()
            if name in asset.details
        },
    }


def _frame(page: Page, times: Mapping[str, str]) -> dict[str, str]:
    """When the first listed version came, and the last change of any."""
    changed = max((_time(one["at"]) for one in page.entries.values()), default=None)
    created = min(times.values(), default=changed)
    return {"created": created, "modified": changed} if created and changed else {}


def _time(at: str) -> str:
    return at.replace("+00:00", "Z")

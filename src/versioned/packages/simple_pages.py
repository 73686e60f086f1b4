"""The pages that pip and uv read, for Python packages. Pure, but for reading a revision.

HTML as PEP 503 and JSON as PEP 691 have it, with yanks (592), metadata (658, 714), sizes and
times (700). Links are relative, so the same bytes are right in a bucket and behind a server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from versioned.context import Context
from versioned.documents import Document, dump, parse
from versioned.errors import ContaminatedError
from versioned.packages import layout
from versioned.packages.assets import key_of
from versioned.packages.build_tag import NO_BUILD, build_key
from versioned.packages.coordinates import Package, PackageFormat, package_version
from versioned.packages.errors import InvalidPackageError
from versioned.packages.history import Heads, read_newest
from versioned.packages.pages import Page, Rendered
from versioned.packages.revision import Asset, PackageStatus, Revision, State, ordered_assets
from versioned.stores.base import Attributes

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "text/html; charset=utf-8"
_API = "1.1"
_SERIAL = re.compile(rb'<meta name="versioned:serial" content="([0-9]{1,18})">')
_VISIBLE = {PackageStatus.PUBLISHED, PackageStatus.UNLISTED}
_Entry = list[dict[str, Any]]


class SimplePages:
    """`versioned.packages.pages.Pages` for Python packages."""

    def key(self, repository: str, package: Package) -> str:
        return f"{_folder(repository, package)}index.json"

    def decode(self, key: str, raw: bytes) -> Page:
        document = parse(key, raw)
        positions = document.mapping("meta").mapping("_revisions")
        entries: dict[str, _Entry] = {version: [] for version in positions.data}
        for one in _files(document):
            entries[_version(document, one, entries)].append(one)
        if not all(map(_is_version, positions.data)):
            raise _fault(key)
        return Page({version: positions.integer(version) for version in positions.data}, entries)

    def render(self, repository: str, package: Package, page: Page) -> Rendered:
        versions = _in_order(page)
        body = {
            "meta": {"api-version": _API, "_revisions": dict(page.positions)},
            "name": package.name,
            "versions": [version for version in versions if page.entries[version]],
            "files": [one for version in versions for one in page.entries[version]],
        }
        return Rendered(
            self.key(repository, package), dump(body), Attributes(content_type=JSON_TYPE)
        )

    def copy_keys(self, repository: str, package: Package) -> list[str]:
        folder = _folder(repository, package)
        return [folder, f"{folder}index.html"]

    def copies(self, repository: str, package: Package, page: Page) -> list[Rendered]:
        """The first is what a bucket itself answers for the address of the project, the second
        what web servers in front of one take for it."""
        body = _html(
            f"Links for {package.name}",
            [_link(one) for version in _in_order(page) for one in page.entries[version]],
            serial=page.serial,
        )
        attributes = Attributes(content_type=HTML_TYPE)
        return [Rendered(key, body, attributes) for key in self.copy_keys(repository, package)]

    def serial(self, raw: bytes) -> int:
        match = _SERIAL.search(raw)
        return int(match[1]) if match else 0

    def root(self, repository: str, packages: Sequence[str]) -> list[Rendered]:
        folder = layout.simple_folder(repository)
        names = sorted(packages)
        body = {"meta": {"api-version": _API}, "projects": [{"name": name} for name in names]}
        links = [f'<a href="{quote(name)}/">{escape(name)}</a><br>' for name in names]
        page = _html("Simple index", links, serial=len(names))
        return [
            Rendered(f"{folder}index.json", dump(body), Attributes(content_type=JSON_TYPE)),
            Rendered(folder, page, Attributes(content_type=HTML_TYPE)),
            Rendered(f"{folder}index.html", page, Attributes(content_type=HTML_TYPE)),
        ]

    def listed(self, raw: bytes) -> list[str]:
        found = parse("simple/index.json", raw).data.get("projects")
        try:
            return [str(one["name"]) for one in found or []]
        except (KeyError, TypeError) as error:
            raise ContaminatedError(
                "'simple/index.json' lists no projects", hint="versioned packages reindex"
            ) from error

    def entry(self, context: Context, heads: Heads, version: str) -> _Entry:
        (revision,) = read_newest(context, heads, [version])
        return file_entries(revision)


def file_entries(revision: Revision) -> _Entry:
    """What a revision shows of its files. The active set is there to be installed; what it
    superseded is listed as yanked, so that locks with a hash go on working and nobody else gets
    it. What installers would take all the same is left out; its address goes on working."""
    state = revision.state
    if state.status not in _VISIBLE:
        return []
    return [
        _file(revision, asset)
        for asset in ordered_assets(PackageFormat.PYPI, state)
        if asset.asset_set in {None, state.active} or _comes_after_active(asset, state)
    ]


def _comes_after_active(asset: Asset, state: State) -> bool:
    """Whether all installers prefer the active set. For `==1.0.0`, and in locks, uv looks at tags
    and builds alone, and takes a wheel that is yanked."""
    if build_key(asset.asset_set or NO_BUILD) >= build_key(state.active or NO_BUILD):
        return False
    tags = _tags(asset)
    return any(tags <= _tags(one) for one in state.active_assets if one.asset_set is not None)


def _tags(asset: Asset) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(asset.name)[-1]
    except InvalidWheelFilename as error:
        raise ContaminatedError(
            f"{asset.name!r} is in build {asset.asset_set!r} and is no wheel",
            hint="something else wrote that revision; restore it from a backup",
        ) from error


def _yanked(revision: Revision, asset: Asset) -> str | bool:
    state = revision.state
    if asset.yanked is not None:
        return asset.yanked or True
    if state.status is PackageStatus.UNLISTED:
        return "unlisted"
    if asset.asset_set not in {None, state.active}:
        return f"build {state.active} is active"
    return False


def _file(revision: Revision, asset: Asset) -> dict[str, Any]:
    key = key_of(revision.place, asset)
    root = layout.format_folder(revision.repository, PackageFormat.PYPI)
    found: dict[str, Any] = {
        "filename": asset.name,
        "url": quote(f"../../{key.removeprefix(root)}"),
        "hashes": {"sha256": asset.sha256},
        "size": asset.size,
        "upload-time": asset.uploaded_at.replace("+00:00", "Z"),
        "yanked": _yanked(revision, asset),
        "_version": revision.version,
    }
    if asset.beside is not None:
        found["core-metadata"] = {"sha256": asset.beside}
    if "requires_python" in asset.details:
        found["requires-python"] = asset.details["requires_python"]
    return found


def _link(one: Mapping[str, Any]) -> str:
    attributes = {"href": f"{one['url']}#sha256={one['hashes']['sha256']}"}
    if "requires-python" in one:
        attributes["data-requires-python"] = one["requires-python"]
    if "core-metadata" in one:
        attributes["data-core-metadata"] = f"sha256={one['core-metadata']['sha256']}"
    if one["yanked"]:
        attributes["data-yanked"] = "" if one["yanked"] is True else one["yanked"]
    said = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {said}>{escape(one['filename'])}</a><br>"


def _html(title: str, links: Sequence[str], *, serial: int) -> bytes:
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta name="pypi:repository-version" content="{_API}">',
        f'<meta name="versioned:serial" content="{serial}">',
        f"<title>{escape(title)}</title>",
        "</head>",
        "<body>",
        f"<h1>{escape(title)}</h1>",
        *links,
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines).encode()


def _folder(repository: str, package: Package) -> str:
    return f"{layout.simple_folder(repository)}{package.name}/"


def _in_order(page: Page) -> list[str]:
    return sorted(page.entries, key=Version)


def _files(document: Document) -> list[dict[str, Any]]:
    found = document.data.get("files")
    if not isinstance(found, list):
        raise _fault(document.key)
    return found


def _version(document: Document, one: Mapping[str, Any], entries: Mapping[str, _Entry]) -> str:
    version = one.get("_version") if isinstance(one, dict) else None
    if not isinstance(version, str) or version not in entries:
        raise _fault(document.key)
    _link_or_fault(document.key, one)
    return version


def _is_version(text: str) -> bool:
    try:
        return package_version(PackageFormat.PYPI, text) == text
    except InvalidPackageError:
        return False


def _link_or_fault(key: str, one: Mapping[str, Any]) -> None:
    """What can't be shown in the other form was written by somebody else."""
    try:
        _link(one).encode()
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise _fault(key) from error


def _fault(key: str) -> ContaminatedError:
    return ContaminatedError(
        f"{key!r} is no page of this program", hint="versioned packages reindex makes it anew"
    )

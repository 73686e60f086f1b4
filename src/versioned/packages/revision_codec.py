"""The document of a revision: `docs/formats/packages.md`. Pure: no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, get_args

from versioned import naming
from versioned.documents import Document, dump, parse
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.packages import layout
from versioned.packages.coordinates import Package, Place, package_version, validate_asset_name
from versioned.packages.revision import (
    REVISION_DIGITS,
    Action,
    Asset,
    AssetSet,
    Origin,
    PackageStatus,
    Revision,
    State,
)
from versioned.pipelines.fields import FORMAT, check_format, read_link

_LONGEST = 8
_ACTIONS: tuple[Action, ...] = get_args(Action)


def position_of_revision(revision: str) -> int | None:
    """The position that a revision's name begins with; `None` for what is no such name."""
    position, dash, digits = revision.partition("-")
    proper = dash and position.isascii() and position.isdigit() and len(position) <= _LONGEST
    return int(position) if proper and len(digits) == REVISION_DIGITS else None


def encode_revision(
    place: Place,
    state: State,
    *,
    action: Action,
    position: int,
    previous: str,
    at: str,
    by: str | None,
    message: str | None,
    identity: str,
) -> bytes:
    """The document of a state of a version."""
    return dump(
        {
            "format": FORMAT,
            "repository": place.repository,
            "package_format": str(place.package.format),
            "namespace": place.package.namespace,
            "package": place.package.name,
            "version": place.version,
            "action": action,
            "position": position,
            "previous": previous,
            "at": at,
            "by": by,
            "message": message,
            "identity": identity,
            "status": str(state.status),
            "active": state.active,
            "generation": state.generation,
            "sets": [
                {"name": one.name, "finished": one.finished, "created_at": one.created_at}
                for one in state.sets
            ],
            "assets": [_encode_asset(one) for one in state.assets],
            "withdrawn": dict(state.withdrawn),
            "deprecated": state.deprecated,
            "about": dict(state.about),
        }
    )


def _encode_asset(asset: Asset) -> dict[str, Any]:
    origin = asset.origin
    return {
        "name": asset.name,
        "set": asset.asset_set,
        "size": asset.size,
        "sha256": asset.sha256,
        "uploaded_at": asset.uploaded_at,
        "generation": asset.generation,
        "beside": asset.beside,
        "details": dict(asset.details),
        "yanked": asset.yanked,
        "origin": origin
        and {
            "repository": origin.repository,
            "revision": origin.revision,
            "asset": origin.asset,
            "checks": list(origin.checks),
        },
    }


def decode_revision(folder: str, key: str, raw: bytes) -> Revision:
    """Read a revision, which has to say what its key says. Raises ContaminatedError."""
    document = parse(key, raw)
    check_format(document)
    try:
        package = Package.of(
            document.text("package_format"),
            document.text("package"),
            document.text_or_none("namespace"),
        )
        version = package_version(package.format, document.text("version"))
        found = Revision(
            repository=document.text("repository"),
            package=package,
            version=version,
            position=document.integer("position"),
            digest=hashlib.sha256(raw).hexdigest(),
            state=_decode_state(document),
            action=_action(document),
            at=document.time("at"),
            by=document.text_or_none("by"),
            message=document.text_or_none("message"),
            identity=document.text("identity"),
            previous=read_link(document),
        )
        place = layout.revisions_folder(found.place)
    except InvalidInputError as error:
        raise _fault(key, error.message) from error
    if key != layout.revision_key(place, found.position) or place != folder:
        raise _fault(key, "it says of itself that it lies elsewhere")
    return found


def _decode_state(document: Document) -> State:
    state = State(
        status=_status(document),
        active=document.text_or_none("active"),
        sets=tuple(
            AssetSet(one.text("name"), one.flag("finished"), one.time("created_at"))
            for one in _documents(document, "sets")
        ),
        assets=tuple(_decode_asset(one) for one in _documents(document, "assets")),
        withdrawn={
            place: naming.validate_sha256(document.key, sha256)
            for place, sha256 in _texts(document, "withdrawn").items()
        },
        generation=_count(document, "generation"),
        deprecated=document.text_or_none("deprecated"),
        about=_texts(document, "about"),
    )
    active = None if state.active is None else state.find_set(state.active)
    if state.active is not None and (active is None or not active.finished):
        raise _fault(document.key, f"its active set {state.active!r} is no finished set of it")
    if not {one.asset_set for one in state.assets} <= {None, *(one.name for one in state.sets)}:
        raise _fault(document.key, "it has assets of a set that is none of its sets")
    return state


def _decode_asset(document: Document) -> Asset:
    origin = document.mapping_or_none("origin")
    beside = document.text_or_none("beside")
    return Asset(
        name=validate_asset_name(document.text("name")),
        asset_set=document.text_or_none("set"),
        size=_count(document, "size"),
        sha256=naming.validate_sha256(document.key, document.text("sha256")),
        uploaded_at=document.time("uploaded_at"),
        generation=_count(document, "generation"),
        beside=None if beside is None else naming.validate_sha256(document.key, beside),
        details=_texts(document, "details"),
        yanked=document.text_or_none("yanked"),
        origin=None
        if origin is None
        else Origin(
            repository=origin.text("repository"),
            revision=origin.text("revision"),
            asset=origin.text("asset"),
            checks=tuple(origin.texts("checks")),
        ),
    )


def _documents(document: Document, field: str) -> list[Document]:
    value = document.data.get(field)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _fault(document.key, f"{field!r} is not a list of objects")
    return [Document(document.key, one) for one in value]


def _texts(document: Document, field: str) -> Mapping[str, str]:
    found = document.mapping(field)
    return {name: found.text(name) for name in found.data}


def _count(document: Document, field: str) -> int:
    found = document.integer(field)
    if found < 0:
        raise _fault(document.key, f"{field!r} is {found}")
    return found


def _status(document: Document) -> PackageStatus:
    try:
        return PackageStatus(document.text("status"))
    except ValueError:
        raise _fault(document.key, f"{document.text('status')!r} is no status") from None


def _action(document: Document) -> Action:
    text = document.text("action")
    found = next((one for one in _ACTIONS if one == text), None)
    if found is None:
        raise _fault(document.key, f"{text!r} is no action")
    return found


def _fault(key: str, reason: str) -> ContaminatedError:
    return ContaminatedError(
        f"{key!r}: {reason}", hint="something else wrote it; restore it from a backup"
    )

"""The bytes of assets: put where nobody else's ever lie, read and proved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

from versioned.content import Content
from versioned.context import Context
from versioned.errors import ContentMismatchError, ObjectNotFoundError, PreconditionFailedError
from versioned.layout import METADATA_KEY_ARTIFACT_NAME, METADATA_KEY_ARTIFACT_SHA256
from versioned.packages import layout
from versioned.packages.coordinates import Place
from versioned.packages.errors import AssetNotFoundError, PackageStatusError
from versioned.packages.revision import Asset, Revision
from versioned.steps import Step, gathered
from versioned.stores.base import Attributes, Progress
from versioned.transfer import VerifiedReader, read_to_path

SMALL = 8 * 1024 * 1024
"""Assets up to this many bytes pass through this program when they are promoted."""

_COPIES_AT_ONCE = 4


def key_of(place: Place, asset: Asset) -> str:
    """Where the bytes of an asset of a version lie."""
    return layout.file_key(place, sha256=asset.sha256, generation=asset.generation, name=asset.name)


def keys_of(place: Place, assets: Collection[Asset]) -> set[str]:
    """Where assets of a version lie, and what lies beside them."""
    keys = {key_of(place, one) for one in assets}
    return keys | {beside_key_of(place, one) for one in assets if one.beside is not None}


def beside_key_of(place: Place, asset: Asset) -> str:
    """Where what lies beside an asset of a version lies. Raises AssetNotFoundError where nothing
    does."""
    if asset.beside is None:
        raise AssetNotFoundError(f"nothing lies beside {asset.name!r}", hint="ask for it alone")
    return layout.beside_key(place.package.format, key_of(place, asset), asset.beside)


def put_asset(
    context: Context,
    place: Place,
    asset: Asset,
    content: Content,
    *,
    beside: bytes | None,
    progress: Progress | None,
) -> None:
    """Store an asset, and what lies beside it. Idempotent; an interrupted large one goes on.

    Raises ContentChangedError, ContentMismatchError where it is not the content that is meant.
    """
    if content.sha256 != asset.sha256:
        raise ContentMismatchError(
            f"{asset.name!r} has sha256 {content.sha256[:12]}, meant was {asset.sha256[:12]}",
            hint="publish it again",
        )
    key = key_of(place, asset)
    resume_key = layout.upload_key(place.repository, place.package.format, asset.sha256)
    with Step(context.store) as step:
        step.add(
            partial(
                context.store.put,
                key,
                content,
                attributes=_attributes(asset),
                resume_key=resume_key,
                progress=progress,
            )
        )
        if beside is not None:
            aside = beside_key_of(place, asset)
            step.add(partial(context.write, aside, beside, attributes=_beside_attributes(beside)))


def copy_assets(
    context: Context, source: Place, target: Place, pairs: Sequence[tuple[Asset, Asset]]
) -> None:
    """Let the bytes of assets lie in another repository, and prove them there; each pair is an
    asset of the source, and what it is at the target.

    A small one is read, checked and written; a large one is copied inside the store and read
    back. A few at a time. Idempotent. Raises AssetNotFoundError, ContentMismatchError.
    """
    calls: list[Callable[[], None]] = []
    for asset, wanted in pairs:
        origin, key = key_of(source, asset), key_of(target, wanted)
        calls.append(partial(_copy_bytes, context, origin, key, asset))
        if asset.beside is not None:
            calls.append(partial(_copy_beside, context, source, asset, target, wanted))
    gathered(context.store, calls, at_once=_COPIES_AT_ONCE)


def _copy_bytes(context: Context, origin: str, key: str, asset: Asset) -> None:
    if asset.size <= SMALL:
        reader = _reader(context, origin, asset)
        data = b"".join(reader.chunks())
        reader.check(hashlib.sha256(data).hexdigest())
        with Content.open(data) as content:
            context.store.put(key, content, attributes=_attributes(asset))
        return
    try:
        context.store.copy(context.store.head(origin), key)
    except ObjectNotFoundError:
        raise gone(asset) from None
    except PreconditionFailedError as error:
        raise ContentMismatchError(
            f"{asset.name!r} was replaced while it was being copied",
            hint="something else writes there; run versioned packages doctor",
        ) from error
    prove(context, key, asset)


def prove(context: Context, key: str, asset: Asset) -> None:
    """Read an asset whole. Raises ContentMismatchError unless it has the bytes that are meant."""
    reader = _reader(context, key, asset)
    digest = hashlib.sha256()
    try:
        for chunk in reader.chunks():
            digest.update(chunk)
    except ObjectNotFoundError:
        raise gone(asset) from None
    reader.check(digest.hexdigest())


def _copy_beside(
    context: Context, source: Place, asset: Asset, target: Place, wanted: Asset
) -> None:
    beside = read_beside(context, beside_key_of(source, asset), asset)
    key = beside_key_of(target, wanted)
    context.write(key, beside, attributes=_beside_attributes(beside))


def read_beside(context: Context, key: str, asset: Asset) -> bytes:
    """What lies beside an asset, proved. Raises AssetNotFoundError, ContentMismatchError."""
    try:
        _, raw = context.read(key)
    except ObjectNotFoundError:
        raise gone(asset) from None
    if hashlib.sha256(raw).hexdigest() != asset.beside:
        raise ContentMismatchError(
            f"{key!r} is not what was published beside {asset.name!r}",
            hint="it is damaged or was tampered with; publish the version anew",
        )
    return raw


class OpenAsset:
    """An asset being read in order, from any offset; `check` proves what was read whole."""

    def __init__(self, revision: Revision, asset: Asset, reader: VerifiedReader) -> None:
        self.revision = revision
        self.asset = asset
        self._reader = reader

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` on. Read from 0 to the end they are proved: the last chunk comes
        only after the sha256 was found right. Raises ContentMismatchError."""
        digest = hashlib.sha256()
        held: bytes | None = None
        for chunk in self._reader.chunks(start):
            digest.update(chunk)
            if held is not None:
                yield held
            held = chunk
        if start == 0:
            self._reader.check(digest.hexdigest())
        if held is not None:
            yield held

    def save(self, path: Path, *, progress: Progress | None = None) -> None:
        """Into a file that appears whole and proved, or not at all; one that was interrupted goes
        on. Raises ContentMismatchError, leaving no file."""
        read_to_path(self._reader, path, progress)


def open_asset(context: Context, revision: Revision, asset: Asset) -> OpenAsset:
    """One request. Raises AssetNotFoundError, PackageStatusError, ContentMismatchError."""
    refuse_unreadable(revision)
    key = key_of(revision.place, asset)
    return OpenAsset(revision, asset, _reader(context, key, asset))


def refuse_unreadable(revision: Revision) -> None:
    """Raises PackageStatusError where the status keeps assets from being read."""
    if not revision.state.status.has_bytes:
        raise PackageStatusError(
            f"{revision.package} {revision.version} is {revision.state.status} "
            f"in {revision.repository}",
            hint="versioned packages status makes an archived version Published again",
        )


def _reader(context: Context, key: str, asset: Asset) -> VerifiedReader:
    try:
        reader = VerifiedReader(context, key, meant=asset.sha256)
    except ObjectNotFoundError:
        raise gone(asset) from None
    if reader.info.size != asset.size:
        raise ContentMismatchError(
            f"{key!r} has {reader.info.size} bytes, published were {asset.size}",
            hint="it is damaged or was tampered with; publish the version anew",
        )
    return reader


def gone(asset: Asset) -> AssetNotFoundError:
    """What to raise where the bytes of an asset are not there."""
    return AssetNotFoundError(
        f"the bytes of {asset.name!r} (sha256 {asset.sha256[:12]}) were removed",
        hint="versioned packages history shows when, and by whom",
    )


def _attributes(asset: Asset) -> Attributes:
    name = asset.name if asset.name.isascii() else quote(asset.name)
    return Attributes(
        metadata={
            METADATA_KEY_ARTIFACT_NAME: name,
            METADATA_KEY_ARTIFACT_SHA256: asset.sha256,
        },
        content_type="application/octet-stream",
    )


def _beside_attributes(beside: bytes) -> Attributes:
    digest = hashlib.sha256(beside).hexdigest()
    return Attributes(
        metadata={METADATA_KEY_ARTIFACT_SHA256: digest}, content_type="text/plain; charset=utf-8"
    )

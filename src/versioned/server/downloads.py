"""Handing out assets: by a redirect to the store, or through the server and proved."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from versioned.packages.asset_stream import AssetStream
from versioned.packages.assets import key_of, refuse_unreadable
from versioned.packages.revision import Asset, Revision
from versioned.server.desk import Desk
from versioned.server.negotiation import names_etag

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` up to, and without, `stop`."""

    start: int
    stop: int


async def send_asset(
    desk: Desk,
    request: Request,
    revision: Revision,
    asset: Asset,
    *,
    media_type: str,
    lasting: bool = True,
) -> Response:
    """Answer GET or HEAD for an asset. `lasting` means that the address never leads to other
    bytes. Raises PackageStatusError, AssetNotFoundError."""
    refuse_unreadable(revision)
    etag = f'"{asset.sha256}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "X-Checksum-Sha256": asset.sha256,
        "Cache-Control": "private, max-age=31536000, immutable" if lasting else "private, no-cache",
    }
    if names_etag(request.headers.get("if-none-match"), etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if request.method == "HEAD":
        headers["Content-Length"] = str(asset.size)
        return Response(headers=headers, media_type=media_type)
    url = _url(desk, request, revision, asset)
    if url is not None:
        return RedirectResponse(url, HTTPStatus.FOUND, headers={"Cache-Control": "no-store"})
    is_same = request.headers.get("if-range", etag) == etag
    wanted = parse_range(request.headers.get("range") if is_same else None, asset.size)
    if wanted is None:
        headers["Content-Range"] = f"bytes */{asset.size}"
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    return await stream_asset(
        desk, revision, asset, wanted, headers={**headers, "Content-Type": media_type}
    )


async def stream_asset(
    desk: Desk,
    revision: Revision,
    asset: Asset,
    wanted: ByteRange,
    *,
    headers: dict[str, str],
) -> Response:
    """Bring the bytes of an asset through the server; all of them are proved. Raises
    PackageStatusError, AssetNotFoundError."""
    start, stop = wanted.start, wanted.stop
    opened = await desk.carry(
        partial(AssetStream, desk.packages.context, revision, asset, start=start, stop=stop)
    )
    headers["Content-Length"] = str(stop - start)
    whole = wanted == ByteRange(0, asset.size)
    if not whole:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{asset.size}"
    status = HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT
    return StreamingResponse(_bytes(desk, opened), status, headers=headers)


def parse_range(header: str | None, size: int) -> ByteRange | None:
    """The one range that is asked for; all of it where there is none, or one that is not
    understood. `None` where it lies outside."""
    match = _RANGE.fullmatch(header or "")
    if not match or not any(match.groups()):
        return ByteRange(0, size)
    first, last = match.groups()
    if not first:
        return ByteRange(max(0, size - int(last)), size) if int(last) and size else None
    start = int(first)
    stop = min(int(last) + 1, size) if last else size
    return ByteRange(start, stop) if start < stop else None


def _url(desk: Desk, request: Request, revision: Revision, asset: Asset) -> str | None:
    """Where the store itself hands the asset out. Not on the host that the client knows: to that
    npm sends its token whatever the port, as does pip with one from netrc, and S3 refuses who says
    in two ways who he is."""
    if desk.settings.downloads != "redirect":
        return None
    store = desk.packages.context.store
    url = store.download_url(key_of(revision.place, asset), seconds=desk.settings.url_seconds)
    known = urlsplit(desk.base_url(request)).hostname
    return None if url is None or urlsplit(url).hostname == known else url


async def _bytes(desk: Desk, opened: AssetStream) -> AsyncGenerator[bytes, None]:
    chunks = opened.chunks()
    try:
        while chunk := await desk.carry(partial(next, chunks, b"")):
            yield chunk
    finally:
        opened.close()

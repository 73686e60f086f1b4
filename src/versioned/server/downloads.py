"""Handing out assets: by a redirect to the store, or through the server and proved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from versioned.packages.assets import OpenAsset, key_of, open_asset, refuse_unreadable
from versioned.packages.revision import Asset, Revision
from versioned.server.desk import Desk

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from `start` up to, and without, `stop`."""

    start: int
    stop: int


async def send_asset(
    desk: Desk, request: Request, revision: Revision, asset: Asset, *, media_type: str
) -> Response:
    """Answer GET or HEAD for an asset. Raises PackageStatusError, AssetNotFoundError."""
    refuse_unreadable(revision)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{asset.sha256}"',
        "X-Checksum-Sha256": asset.sha256,
        "Cache-Control": "private, max-age=31536000, immutable",
    }
    if request.headers.get("if-none-match", "").strip('"') == asset.sha256:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if request.method == "HEAD":
        headers["Content-Length"] = str(asset.size)
        return Response(headers=headers, media_type=media_type)
    url = _url(desk, revision, asset)
    if url is not None:
        return RedirectResponse(url, HTTPStatus.FOUND, headers={"Cache-Control": "no-store"})
    wanted = parse_range(request.headers.get("range"), asset.size)
    if wanted is None:
        headers["Content-Range"] = f"bytes */{asset.size}"
        return Response(status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
    opened = await desk.read(partial(open_asset, desk.packages.context, revision, asset))
    headers["Content-Length"] = str(wanted.stop - wanted.start)
    whole = wanted == ByteRange(0, asset.size)
    if not whole:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.stop - 1}/{asset.size}"
    return StreamingResponse(
        _bytes(opened, wanted),
        HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT,
        headers=headers,
        media_type=media_type,
    )


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


def _url(desk: Desk, revision: Revision, asset: Asset) -> str | None:
    if desk.settings.downloads != "redirect":
        return None
    store = desk.packages.context.store
    return store.download_url(key_of(revision.place, asset), seconds=desk.settings.url_seconds)


def _bytes(opened: OpenAsset, wanted: ByteRange) -> Iterator[bytes]:
    left = wanted.stop - wanted.start
    for chunk in opened.chunks(wanted.start):
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0 and wanted.stop < opened.asset.size:
            return

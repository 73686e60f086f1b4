"""Uploads that were begun and never completed: invisible, and paid for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from versioned.stores.s3_room import Room


def sweep_uploads(room: Room, prefix: str, *, older_than: float, mend: bool) -> list[str]:
    """The contract is that of `Store.sweep`. With `mend` an upload may be aborted that somebody
    is still sending, if it began more than `older_than` seconds ago."""
    found: list[str] = []
    for key, upload_id, begun in _uploads(room, prefix):
        if room.clock.now() - begun < timedelta(seconds=older_than):
            continue
        what = (
            f"unfinished upload of {room.uri(room.relative(key))}, begun {begun:%Y-%m-%d %H:%M} UTC"
        )
        if mend:
            room.call(
                room.client.abort_multipart_upload,
                Bucket=room.bucket,
                Key=key,
                UploadId=upload_id,
            )
            what += ", aborted"
        found.append(what)
    return found


def _uploads(room: Room, prefix: str) -> Iterator[tuple[str, str, datetime]]:
    page: dict[str, Any] = {}
    while True:
        answer = room.call(
            room.client.list_multipart_uploads,
            Bucket=room.bucket,
            Prefix=room.key(prefix),
            **page,
        )
        for upload in answer.get("Uploads", []):
            yield upload["Key"], upload["UploadId"], upload["Initiated"]
        if not answer.get("IsTruncated"):
            return
        page = {
            "KeyMarker": answer["NextKeyMarker"],
            "UploadIdMarker": answer["NextUploadIdMarker"],
        }

"""Bodies of requests: on disk, never in memory, bounded in size and in time."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import BinaryIO

from anyio import to_thread
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from versioned.server.problems import RequestError
from versioned.server.settings import Settings

_SPOOL = 1024 * 1024
MOST_FIELDS = 2000
LONGEST_FIELDS = 8 * 1024 * 1024


async def chunks(
    request: Request, settings: Settings, *, longest: int | None = None
) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises RequestError for one that is too long or too slow, or that is
    cut off."""
    limit = settings.longest_upload if longest is None else longest
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > limit:
        raise _too_long(limit)
    stream = request.stream()
    started, received = time.monotonic(), 0
    while True:
        allowed = settings.patience + received / settings.slowest_upload
        left = started + allowed - time.monotonic()
        try:
            chunk = await asyncio.wait_for(anext(stream), max(left, 0))
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise RequestError(
                HTTPStatus.REQUEST_TIMEOUT,
                "the body came too slowly",
                hint=f"at least {settings.slowest_upload} bytes a second",
            ) from None
        except ClientDisconnect:
            raise RequestError(
                HTTPStatus.BAD_REQUEST, "the body was cut off", hint="send it again"
            ) from None
        received += len(chunk)
        if received > limit:
            raise _too_long(limit)
        yield chunk


@asynccontextmanager
async def spooled(
    request: Request, settings: Settings, *, longest: int | None = None
) -> AsyncIterator[BinaryIO]:
    """The body as a file that is gone after `with`. Raises as `chunks`."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as file:
        async for chunk in chunks(request, settings, longest=longest):
            await to_thread.run_sync(file.write, chunk)
        file.seek(0)
        yield file  # type: ignore[misc]  # it is one, but for its type


class _Parser(MultiPartParser):
    """Bounds what all fields that are no files have together."""

    _fields = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._current_part.file is None:
            self._fields += end - start
            if self._fields > LONGEST_FIELDS:
                raise MultiPartException(
                    f"the fields have more than {LONGEST_FIELDS} bytes together"
                )
        super().on_part_data(data, start, end)


@asynccontextmanager
async def form(request: Request, settings: Settings) -> AsyncIterator[FormData]:
    """A form with at most one file, which is gone after `with`. Raises as `chunks`, and for what
    is no such form."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise RequestError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "an upload is a form",
            hint="multipart/form-data, as twine sends it",
        )
    parser = _Parser(
        request.headers,
        chunks(request, settings),
        max_files=1,
        max_fields=MOST_FIELDS,
        max_part_size=LONGEST_FIELDS,
    )
    try:
        found = await parser.parse()
    except MultiPartException as error:
        raise RequestError(
            HTTPStatus.BAD_REQUEST, f"the form can't be read: {error.message}"
        ) from error
    except FormParserError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, "the form can't be read") from error
    try:
        yield found
    finally:
        await found.close()


def _too_long(limit: int) -> RequestError:
    return RequestError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body has more than {limit} bytes"
    )

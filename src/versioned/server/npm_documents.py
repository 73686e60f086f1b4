"""The documents that npm sends: files are in them as Base64, so they are taken apart as they come.

Long texts go to disk and leave an object in their place; what is left is read as JSON.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO

from versioned.packages import Package
from versioned.server.problems import RequestError

LONGEST_REST = 16 * 1024 * 1024
"""Bytes of a document without its long texts."""

_LONGEST_TEXT = 1024 * 1024
_SPOOL = 1024 * 1024
_DECODED_AT_ONCE = 4 * 256 * 1024
_MARK = re.compile(rb'["\\]')
_SPILLED = "\0spilled"


class SplitDocument:
    """A document of JSON that is fed piece by piece, in flat memory. Close it after use."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._text: bytearray | None = None
        self._spilling = False
        self._escaped = False
        self._spans: list[tuple[int, int]] = []
        self._file: BinaryIO = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # type: ignore[assignment]  # noqa: SIM115 - closed by `close`

    def feed(self, chunk: bytes) -> None:
        """Raises RequestError for what is longer than any document of npm."""
        at = 0
        while at < len(chunk):
            at = self._plain(chunk, at) if self._text is None else self._quoted(chunk, at)

    def parse(self) -> dict[str, Any]:
        """The document, once it is whole. Raises RequestError."""
        try:
            found = None if self._text is not None else json.loads(self._rest.decode())
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise refused("the body is not a JSON object")
        return found

    def decoded(self, text: object) -> BinaryIO:
        """The bytes that a text of the document is Base64 of. Raises RequestError."""
        encoded = self._encoded(text)
        out: BinaryIO = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # type: ignore[assignment]  # noqa: SIM115 - handed on
        try:
            while piece := encoded.read(_DECODED_AT_ONCE):
                out.write(base64.b64decode(piece, validate=True))
        except (binascii.Error, ValueError):
            out.close()
            raise refused("the data of the attachment is not Base64") from None
        out.seek(0)
        return out

    def close(self) -> None:
        self._file.close()

    def _encoded(self, text: object) -> BinaryIO:
        if isinstance(text, str):
            return io.BytesIO(text.encode(errors="replace"))
        number = text.get(_SPILLED) if isinstance(text, dict) else None
        if not isinstance(number, int) or not 0 <= number < len(self._spans):
            raise refused("the attachment has no data")
        start, size = self._spans[number]
        self._file.seek(start)
        return io.BufferedReader(_Span(self._file, size), _DECODED_AT_ONCE)

    def _plain(self, chunk: bytes, at: int) -> int:
        quote = chunk.find(b'"', at)
        end = len(chunk) if quote < 0 else quote
        self._keep(chunk[at:end])
        if quote >= 0:
            self._text = bytearray()
            return quote + 1
        return end

    def _quoted(self, chunk: bytes, at: int) -> int:
        if self._escaped:
            self._escaped = False
            self._add(chunk[at : at + 1])
            return at + 1
        mark = _MARK.search(chunk, at)
        self._add(chunk[at : mark.start() if mark else len(chunk)])
        if mark is None:
            return len(chunk)
        if mark[0] == b'"':
            self._end_text()
        elif self._spilling:
            raise refused("a text of the document is too long")
        else:
            self._escaped = True
            self._add(b"\\")
        return mark.end()

    def _add(self, piece: bytes) -> None:
        assert self._text is not None  # noqa: S101 - only within a text
        if not self._spilling and len(self._text) + len(piece) <= _LONGEST_TEXT:
            self._text += piece
            return
        if not self._spilling:
            if b"\\" in self._text:
                raise refused("a text of the document is too long")
            self._spilling = True
            self._spans.append((self._file.tell(), 0))
            piece = bytes(self._text) + piece
            self._text.clear()
        start, size = self._spans[-1]
        self._file.write(piece)
        self._spans[-1] = (start, size + len(piece))

    def _end_text(self) -> None:
        assert self._text is not None  # noqa: S101 - only within a text
        if self._spilling:
            self._keep(json.dumps({_SPILLED: len(self._spans) - 1}).encode())
        else:
            self._keep(b'"%b"' % bytes(self._text))
        self._text, self._spilling = None, False

    def _keep(self, piece: bytes) -> None:
        if len(self._rest) + len(piece) > LONGEST_REST:
            raise RequestError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the document has more than {LONGEST_REST} bytes beside its files",
            )
        self._rest += piece


class _Span(io.RawIOBase):
    """So many bytes of a file, from where it stands."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - typeshed's WriteableBuffer
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


@dataclass(frozen=True, slots=True)
class Publication:
    """What `npm publish` asks for: the file, what is said of its version, and the tags."""

    name: str
    data: object
    length: object
    described: Mapping[str, Any]
    tags: tuple[str, ...]


def publication(document: Mapping[str, Any], package: Package) -> Publication:
    """Raises RequestError for anything but one version with its tarball."""
    attachments, versions = _objects(document, "_attachments"), _objects(document, "versions")
    if any(name.endswith(".sigstore") for name in attachments):
        raise refused("statements of provenance are not kept", hint="publish without --provenance")
    if len(attachments) != 1 or len(versions) != 1:
        raise refused("npm publishes one version with one tarball at a time")
    ((name, attached),) = attachments.items()
    ((version, described),) = versions.items()
    if document.get("name") != str(package):
        raise refused(f"the document is of {document.get('name')!r:.80}, not of {package}")
    tags = document.get("dist-tags", {})
    if not isinstance(tags, dict) or any(one != version for one in tags.values()):
        raise refused("tags are set to the version that is published, or by npm dist-tag")
    file = name.removeprefix(f"{package}-")
    return Publication(
        name=name if file == name else f"{package.name}-{file}",
        data=attached.get("data"),
        length=attached.get("length"),
        described=described,
        tags=tuple(tags),
    )


def deprecations(
    document: Mapping[str, Any], listed: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """The versions whose deprecation a document changes, with the new text; empty takes it back.
    Raises RequestError."""
    found = {}
    for version, one in _objects(document, "versions").items():
        wanted = one.get("deprecated", "")
        if version not in listed:
            raise refused(f"there is no version {version:.80} to describe")
        if not isinstance(wanted, str):
            raise refused(f"the deprecation of {version} is no text")
        if wanted != listed[version].get("deprecated", ""):
            found[version] = wanted
    return found


def refused(message: str, *, hint: str = "send what npm sends") -> RequestError:
    """A document that can't be meant."""
    return RequestError(HTTPStatus.BAD_REQUEST, message, hint=hint)


def _objects(document: Mapping[str, Any], field: str) -> dict[str, dict[str, Any]]:
    """Objects by name; none where the field is missing. Raises RequestError."""
    found = document.get(field, {})
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise refused(f"{field} of the document is no object of objects")
    return found

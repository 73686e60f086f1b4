"""Blobs of any registry: looked for, mounted, read and uploaded, with flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from urllib.parse import quote

from versioned.errors import (
    AccessDeniedError,
    ContentMismatchError,
    StoreUnavailableError,
    VersionedError,
)
from versioned.images.errors import RegistryError
from versioned.images.manifest import Descriptor
from versioned.images.reference import validate_digest, validate_repository
from versioned.images.registries.answers import Answer
from versioned.images.registries.tokens import DELETE, PUSH, Access
from versioned.images.registries.transport import Transport

_BINARY = {"Content-Type": "application/octet-stream"}
_OTHER_DIGEST = "DIGEST_INVALID"


def has_blob(transport: Transport, repository: str, digest: str) -> bool:
    """See `Registry`."""
    answer = transport.request("HEAD", _path(repository, digest), Access(repository))
    if not answer.is_good and not answer.is_missing:
        raise answer.failure()
    return answer.is_good


def mount_blob(transport: Transport, repository: str, digest: str, source: str) -> bool:
    """See `Registry`. What keeps it from being mounted would keep it from being uploaded, too,
    and is said then."""
    uploads = _uploads(repository)
    query = (
        f"mount={quote(validate_digest(digest), safe='')}&from={quote(validate_repository(source))}"
    )
    access = Access(repository, PUSH, source)
    try:
        answer = transport.request("POST", f"{uploads}?{query}", access, body=b"")
    except AccessDeniedError:
        return False
    if answer.status == HTTPStatus.ACCEPTED:  # it opened an upload instead
        _cancel(transport, repository, answer)
    return answer.status == HTTPStatus.CREATED


@contextmanager
def read_blob(transport: Transport, repository: str, digest: str) -> Iterator[Iterator[bytes]]:
    """See `Registry`. Raises ImageNotFoundError; StoreUnavailableError where it breaks off."""
    path = _path(repository, digest)
    with transport.stream(path, Access(repository)) as (answer, chunks):
        if not answer.is_good:
            raise answer.failure(f"the blob {digest} in {repository}")
        yield chunks


def write_blob(
    transport: Transport, repository: str, blob: Descriptor, chunks: Iterable[bytes]
) -> None:
    """See `Registry`. Raises StoreUnavailableError where the upload broke off, since the chunks
    can't be had again: repeat it with new ones."""
    if has_blob(transport, repository, blob.digest):
        return
    access = Access(repository, PUSH)
    session = transport.request("POST", _uploads(repository), access, body=b"")
    if session.status != HTTPStatus.ACCEPTED:
        raise session.failure(repository)
    try:
        if blob.size:
            session = _send(transport, session, access, blob, chunks)
        _finish(transport, session, access, repository, blob)
    except Exception:
        _cancel(transport, repository, session)
        raise


def _send(
    transport: Transport,
    session: Answer,
    access: Access,
    blob: Descriptor,
    chunks: Iterable[bytes],
) -> Answer:
    source = _Source(blob, chunks)
    headers = {**_BINARY, "Content-Length": str(blob.size)}
    url = _location(transport, session)
    try:
        answer = transport.request("PATCH", url, access, headers=headers, body=iter(source))
    except VersionedError:
        source.raise_failure()
        raise
    source.raise_failure()
    if not answer.is_good:
        raise _refused(answer, blob)
    return answer


def _finish(
    transport: Transport, session: Answer, access: Access, repository: str, blob: Descriptor
) -> None:
    url = _location(transport, session)
    url += f"{'&' if '?' in url else '?'}digest={quote(blob.digest, safe='')}"
    answer = transport.request("PUT", url, access, headers=_BINARY, body=b"")
    if answer.is_missing and has_blob(transport, repository, blob.digest):
        return  # the first answer was lost
    if not answer.is_good:
        raise _refused(answer, blob)


class _Source:
    """Chunks that have to be as many bytes as was said. Keeps what went wrong on this side: the
    HTTP library takes an OSError for one of the network."""

    def __init__(self, blob: Descriptor, chunks: Iterable[bytes]) -> None:
        self._blob = blob
        self._chunks = chunks
        self._failure: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            left = self._blob.size
            for chunk in self._chunks:
                left -= len(chunk)
                if left < 0:
                    break
                if chunk:
                    yield chunk
            if left:
                raise ContentMismatchError(
                    f"the blob {self._blob.digest} is not of {self._blob.size} bytes as was said",
                    hint="its source was changed, or broke off: repeat it",
                )
        except GeneratorExit:
            raise
        except BaseException as error:
            self._failure = error
            raise

    def raise_failure(self) -> None:
        """What went wrong with the source, if anything did."""
        if self._failure is not None:
            raise self._failure


def _refused(answer: Answer, blob: Descriptor) -> VersionedError:
    if answer.code == _OTHER_DIGEST:
        return ContentMismatchError(
            f"the registry found another digest than {blob.digest}: {answer.reason}",
            hint="the source was changed, or something on the way: repeat it",
        )
    if answer.is_missing:
        return StoreUnavailableError(
            f"the upload of {blob.digest} is no longer known: {answer.reason}", hint="repeat it"
        )
    return answer.failure()


def _cancel(transport: Transport, repository: str, session: Answer) -> None:
    """Registries forget uploads in time; this is a courtesy."""
    with suppress(VersionedError):
        url = _location(transport, session)
        transport.request("DELETE", url, Access(repository, DELETE), retries=0)


def _location(transport: Transport, answer: Answer) -> str:
    location = answer.headers.get("Location")
    if not location:
        raise RegistryError(
            f"{answer.asked} did not say where the upload goes on",
            hint="that registry is broken: ask whoever runs it",
        )
    return transport.origin.follow(answer.url, location)


def _path(repository: str, digest: str) -> str:
    return f"/v2/{validate_repository(repository)}/blobs/{validate_digest(digest)}"


def _uploads(repository: str) -> str:
    return f"/v2/{validate_repository(repository)}/blobs/uploads/"

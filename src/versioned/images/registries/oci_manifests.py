"""Manifests of any registry, as bytes that are what their digest says."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from http import HTTPStatus

from versioned.errors import ContentMismatchError, NotFoundError, VersionedError
from versioned.images.errors import (
    ImageNotFoundError,
    ImageRepositoryNotFoundError,
    RegistryError,
    TagImmutableError,
)
from versioned.images.manifest import MAX_SIZE, MEDIA_TYPES, Descriptor, Manifest
from versioned.images.reference import validate_digest, validate_repository, validate_tag
from versioned.images.registries.answers import NAME_UNKNOWN, Answer
from versioned.images.registries.oci_pages import has_repository
from versioned.images.registries.tokens import DELETE, PUSH, Access
from versioned.images.registries.transport import Transport

ACCEPT = {"Accept": ", ".join(MEDIA_TYPES)}
_DIGEST = "Docker-Content-Digest"
_SIZE = re.compile(r"[0-9]{1,18}")
_TAKEN = (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)
_NOT_TAKEN = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, *_TAKEN)
_TAKEN_CODE = "TAG_INVALID"
"""What ECR says where a tag is taken for good, though the tag itself is a valid one."""


def manifest_path(repository: str, reference: str) -> str:
    """Where a tag or a digest is. Raises InvalidImageError."""
    checked = validate_digest(reference) if ":" in reference else validate_tag(reference)
    return f"/v2/{validate_repository(repository)}/manifests/{checked}"


def named(repository: str, reference: str) -> str:
    """An image as people write it."""
    return f"{repository}{'@' if ':' in reference else ':'}{reference}"


def ask_manifest(transport: Transport, repository: str, reference: str) -> Answer:
    """The bytes of a manifest of any type, checked against their digest, or an answer that says
    that it is missing. Raises ContentMismatchError."""
    path = manifest_path(repository, reference)
    answer = transport.request("GET", path, Access(repository), headers=ACCEPT, limit=MAX_SIZE)
    if answer.is_good:
        for digest in {_digest_said(answer), reference if ":" in reference else None} - {None}:
            _check(answer.body, str(digest), named(repository, reference))
    elif not answer.is_missing:
        raise answer.failure()
    return answer


def get_manifest(transport: Transport, repository: str, reference: str) -> Manifest:
    """See `Registry`."""
    answer = ask_manifest(transport, repository, reference)
    if answer.is_missing:
        raise _missing(transport, repository, reference, answer)
    return Manifest.parse(
        answer.body,
        media_type=answer.headers.get("Content-Type"),
        digest=reference if ":" in reference else None,
    )


def resolve(transport: Transport, repository: str, reference: str) -> Descriptor:
    """See `Registry`; a second request where the registry leaves out what HEAD should tell."""
    path = manifest_path(repository, reference)
    answer = transport.request("HEAD", path, Access(repository), headers=ACCEPT)
    if answer.is_missing:
        raise _missing(transport, repository, reference, answer)
    if not answer.is_good and answer.status != HTTPStatus.METHOD_NOT_ALLOWED:
        raise answer.failure()
    digest, size = _digest_said(answer), answer.headers.get("Content-Length", "")
    kind = (answer.headers.get("Content-Type") or "").partition(";")[0].strip()
    if not (answer.is_good and digest and _SIZE.fullmatch(size) and kind):
        return get_manifest(transport, repository, reference).descriptor
    if ":" in reference and _algorithm(digest) != _algorithm(reference):
        return get_manifest(transport, repository, reference).descriptor
    if ":" in reference and digest != reference:
        raise _mismatch(named(repository, reference), reference, digest)
    return Descriptor(kind, digest, int(size))


def put_manifest(
    transport: Transport, repository: str, manifest: Manifest, tag: str | None = None
) -> bool:
    """Write it, by digest or under a tag; whether it has a subject that the registry took no
    notice of. Raises as `Registry.put_manifest`."""
    path = manifest_path(repository, manifest.digest if tag is None else tag)
    answer = transport.request(
        "PUT",
        path,
        Access(repository, PUSH),
        headers={"Content-Type": manifest.media_type},
        body=manifest.content,
    )
    if not answer.is_good:
        raise _refused(transport, repository, manifest, tag, answer)
    made = _digest_said(answer)
    if made is not None:
        _check(manifest.content, made, named(repository, tag or manifest.digest))
    return manifest.subject is not None and answer.headers.get("OCI-Subject") is None


def delete_manifest(transport: Transport, repository: str, reference: str) -> Answer:
    """Ask for it, by tag or by digest; whatever is answered. Raises AccessDeniedError."""
    return transport.request(
        "DELETE", manifest_path(repository, reference), Access(repository, DELETE)
    )


def _refused(
    transport: Transport, repository: str, manifest: Manifest, tag: str | None, answer: Answer
) -> VersionedError:
    found = None
    if tag is not None and (answer.status in _TAKEN or answer.code == _TAKEN_CODE):
        with suppress(NotFoundError):
            found = resolve(transport, repository, tag).digest
        if found not in {None, manifest.digest}:
            return TagImmutableError(
                f"{named(repository, tag)} is {found} already, and tags don't move there: "
                f"{answer.reason}",
                hint="push under another tag",
            )
    if answer.status not in _NOT_TAKEN:
        return answer.failure(repository)
    return RegistryError(
        f"{named(repository, tag or manifest.digest)} was not taken: {answer.reason}",
        hint="its blobs and children have to be there first",
    )


def _missing(
    transport: Transport, repository: str, reference: str, answer: Answer
) -> VersionedError:
    """Some registries say the same whether it is the image or the whole repository; a HEAD has no
    words at all."""
    what = named(repository, reference)
    if answer.code == NAME_UNKNOWN or not has_repository(transport, repository):
        return ImageRepositoryNotFoundError(
            f"{transport.origin.host} has no {what}, and no repository {repository}, or no tag in it",
            hint="versioned images list shows all that there are",
        )
    return ImageNotFoundError(
        f"{transport.origin.host} has no {what}", hint="versioned images tags shows what there is"
    )


def _digest_said(answer: Answer) -> str | None:
    """What the registry says the digest is, `None` where it says nothing. Raises RegistryError
    where that is no digest."""
    said = answer.headers.get(_DIGEST)
    try:
        return validate_digest(said) if said else None
    except ValueError as error:
        raise RegistryError(
            f"{answer.asked} was answered with a digest that is none",
            hint="that registry is broken: ask whoever runs it",
        ) from error


def _algorithm(digest: str) -> str:
    return digest.partition(":")[0]


def _check(content: bytes, digest: str, what: str) -> None:
    algorithm, _, expected = digest.partition(":")
    found = hashlib.new(algorithm, content).hexdigest()
    if found != expected:
        raise _mismatch(what, digest, f"{algorithm}:{found}")


def _mismatch(what: str, expected: str, found: str) -> ContentMismatchError:
    return ContentMismatchError(
        f"{what} was expected to be {expected}, and is {found}",
        hint="the registry, or something on the way, changed it: don't use it",
    )

"""Reading versions: one, all, the newest; with the index that saves a request per version."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from versioned import layout, naming
from versioned.context import Context
from versioned.documents import dump, parse
from versioned.errors import (
    AccessDeniedError,
    ArtifactNotFoundError,
    ContaminatedError,
    ObjectNotFoundError,
)
from versioned.models import Artifact, VersionDetails
from versioned.steps import Step, or_none
from versioned.stores.base import ListedObject, ObjectInfo

FORMAT_KEYS = {
    layout.METADATA_KEY_ARTIFACT_NAME,
    layout.METADATA_KEY_ARTIFACT_SHA256,
    "versioned-nonce",
}


def sha256_of(info: ObjectInfo) -> str:
    """The sha256 that a version was stored with. Raises ContaminatedError."""
    sha256 = info.metadata.get(layout.METADATA_KEY_ARTIFACT_SHA256)
    if not sha256:
        raise ContaminatedError(
            f"{info.key!r} has no {layout.METADATA_KEY_ARTIFACT_SHA256} in its metadata",
            hint="something else wrote it; put the artifact again",
        )
    return naming.validate_sha256(info.key, sha256)


def own_metadata(info: ObjectInfo) -> dict[str, str]:
    """The metadata that the caller of `put_artifact` gave."""
    return {key: value for key, value in info.metadata.items() if key not in FORMAT_KEYS}


def artifact_of(context: Context, name: str, version: str, info: ObjectInfo) -> Artifact:
    """A version as its object describes it. Raises ContaminatedError."""
    return Artifact(
        name=name,
        version=version,
        update_at=iso(info.modified),
        uri=context.store.uri(info.key),
        sha256=sha256_of(info),
        size=info.size,
        etag=info.etag,
    )


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def not_found(name: str, version: str) -> ArtifactNotFoundError:
    return ArtifactNotFoundError(
        f"artifact {name!r} has no version {version}",
        hint=f"versioned ls shows all artifacts, versioned ls {name} its versions",
    )


def head_version(context: Context, name: str, version: str) -> ObjectInfo:
    """One request. Raises ArtifactNotFoundError."""
    try:
        return context.store.head(layout.version_key(name, version, context.suffix))
    except ObjectNotFoundError as error:
        raise not_found(name, version) from error


def get_version(context: Context, name: str, version: int | str | None) -> Artifact:
    """One request. Raises ArtifactNotFoundError."""
    normal = layout.normalize_version(version)
    return artifact_of(context, name, normal, head_version(context, name, normal))


def get_details(context: Context, name: str, version: int | str | None) -> VersionDetails:
    """One or two requests. Raises ArtifactNotFoundError."""
    normal = layout.normalize_version(version)
    info = head_version(context, name, normal)
    return VersionDetails(
        artifact=artifact_of(context, name, normal, info),
        content_type=info.content_type,
        metadata=own_metadata(info),
        tags=context.store.tags(info.key) if info.tag_count else {},
    )


def listed_versions(
    context: Context, name: str, *, limit: int | None = None
) -> list[tuple[str, ListedObject]]:
    """Versions as a listing shows them, LATEST first and then the newest.

    `limit` bounds what is asked of the store. Raises ContaminatedError for foreign objects.
    """
    return [
        (layout.version_of_key(line.key, context.suffix), line)
        for line in context.listed(layout.versions_folder(name), limit=limit)
    ]


def newest_number(context: Context, name: str) -> int:
    """The highest number that exists, 0 without any. One request."""
    for version, _ in listed_versions(context, name, limit=2):
        if version != naming.LATEST_VERSION:
            return int(version)
    return 0


def list_versions(context: Context, name: str) -> list[Artifact]:
    """All versions, LATEST first and then the newest.

    One LIST per 1000 versions and one GET of the index; a version that the index does not know
    by its ETag costs a HEAD, once. Raises ArtifactNotFoundError, ContaminatedError.
    """
    with Step(context.store) as step:
        listing = step.add(lambda: listed_versions(context, name))
        index = step.add(lambda: _read_index(context, name))
    if not listing.result:
        raise ArtifactNotFoundError(
            f"there is no artifact {name!r}", hint="versioned ls shows which there are"
        )
    known = index.result
    versions = listing.result
    asked = [i for i, (_, line) in enumerate(versions) if _entry(line) not in known]
    with Step(context.store) as step:
        heads = [step.add_optional(partial(context.store.head, versions[i][1].key)) for i in asked]
    seen: dict[int, ObjectInfo | None] = dict(zip(asked, (h.result for h in heads), strict=True))
    entries: dict[str, str] = {}
    artifacts: list[Artifact] = []
    for i, (version, line) in enumerate(versions):
        info = seen.get(i)
        if info is not None:
            artifacts.append(artifact_of(context, name, version, info))
            entries[_entry(info)] = artifacts[-1].sha256
        elif i not in seen:
            entries[_entry(line)] = known[_entry(line)]
            artifacts.append(_listed_artifact(context, name, version, line, known[_entry(line)]))
    if entries != known:
        write_index(context, name, entries)
    return artifacts


def _listed_artifact(
    context: Context, name: str, version: str, line: ListedObject, sha256: str
) -> Artifact:
    return Artifact(
        name=name,
        version=version,
        update_at=iso(line.modified),
        uri=context.store.uri(line.key),
        sha256=sha256,
        size=line.size,
        etag=line.etag,
    )


def _entry(line: ListedObject | ObjectInfo) -> str:
    """What the index knows an object by: a version's file name and ETag, so that no two
    versions can be taken for each other even where their ETags collide."""
    return f"{line.key.rpartition('/')[2]} {line.etag}"


def index_is_current(context: Context, name: str) -> bool:
    """Whether the index, if there is one, knows exactly the versions that exist."""
    key = layout.index_key(name)
    if or_none(lambda: context.store.head(key)) is None:
        return True
    listed = {_entry(line) for _, line in listed_versions(context, name)}
    return listed == set(_read_index(context, name))


def _read_index(context: Context, name: str) -> Mapping[str, str]:
    """sha256 by file name and ETag. Whatever is wrong with the index, it is only a cache: then it is empty."""
    key = layout.index_key(name)
    try:
        raw = or_none(lambda: context.read(key)[1])
        if raw is None:
            return {}
        entries = parse(key, raw).mapping("sha256")
        return {entry: naming.validate_sha256(key, entries.text(entry)) for entry in entries.data}
    except ContaminatedError:
        return {}


def write_index(context: Context, name: str, entries: Mapping[str, str]) -> None:
    """Replace the index. Whoever may only read goes without."""
    try:
        context.write(layout.index_key(name), dump({"format": 1, "sha256": dict(entries)}))
    except AccessDeniedError:
        return

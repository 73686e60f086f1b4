"""Keys of the public format. Pure: no I/O.

All keys are relative to the repository's prefix. `docs/formats/repository.md` is the
specification; the first two rooms are those of the package `versioned` 1.0.1.

    {artifact}/versions/{name of the version}{suffix}
    {artifact}/aliases/{alias}.json
    {artifact}/numbers/{name of the version}.json    claims: a number is taken once
    {artifact}/deletions/{time}-{id}.json            what was deleted, by whom and why
    {artifact}/ledger/{alias}/{position}.json        superseded alias states
    {artifact}/private/{id}                          copies on their way to a version
    {artifact}/uploads/{sha256}.json                 multipart uploads that can be resumed
    {artifact}/broken/{id}                           aliases that doctor set aside
    {artifact}/index.json                            cache of what a LIST cannot tell
    {artifact}/deletion.json                         announces the latest deletion
    {artifact}/verdicts/{sha256}/{check}/{position}.json            results of named checks
    {artifact}/approvals/{sha256}/{rank}/{person}/{position}.json   who approved what
    {artifact}/rollouts/{alias}.json                 the rollout that is under way, or was last
    {artifact}/rollouts/{alias}/{id}.json            rollouts that ended before it
    {artifact}/deliveries/{hook}.json                which changes a hook has been told
    .versioned.json                                  what the store was proved to enforce
    .versioned-pipeline.json                         ranks in order, and their gates
    .versioned-pipeline-{position}.json              pipelines that it replaced
    .versioned-hook-{hook}.json                      since when a hook is told
"""

from __future__ import annotations

import re

from versioned.errors import ContaminatedError, InvalidVersionError
from versioned.naming import (
    LATEST_VERSION,
    validate_alias_name,
    validate_artifact_name,
    validate_person,
    validate_sha256,
    validate_word,
)

S3_PREFIX = "versioned-artifacts"
VERSION_ZFILL = 6
METADATA_KEY_ARTIFACT_NAME = "artifact_name"
METADATA_KEY_ARTIFACT_SHA256 = "artifact_sha256"

REPOSITORY_KEY = ".versioned.json"
PIPELINE_KEY = ".versioned-pipeline.json"

_VERSION_LIMIT = 10**VERSION_ZFILL
_POSITION_LIMIT = 10**8
_LATEST_FILENAME = f"{'0' * VERSION_ZFILL}_{LATEST_VERSION}"
_FILENAME = re.compile(r"([0-9]{6})_([0-9]{6})")
_DEPTH = 2  # {artifact}/{room}/{file}


def normalize_version(version: int | str | None) -> str:
    """`"LATEST"`, or a number from 1 to 999999 without leading zeros.

    `None` means LATEST. Raises InvalidVersionError for anything else.
    """
    if version is None or version == LATEST_VERSION:
        return LATEST_VERSION
    number: int | None = None
    if isinstance(version, int) and not isinstance(version, bool):
        number = version
    elif isinstance(version, str) and re.fullmatch(r"[0-9]{1,20}", version):
        number = int(version)
    if number is None or not 1 <= number < _VERSION_LIMIT:
        raise InvalidVersionError(
            f"{version!r} is not a version",
            hint=f"use {LATEST_VERSION} or a number from 1 to {_VERSION_LIMIT - 1}",
        )
    return str(number)


def encode_filename(version: int | str | None) -> str:
    """The file name of a version, made so that a listing shows the newest first.

    `None` and `"LATEST"` give `000000_LATEST`, 1 gives `999999_000001`. Raises
    InvalidVersionError.
    """
    normal = normalize_version(version)
    if normal == LATEST_VERSION:
        return _LATEST_FILENAME
    return f"{_VERSION_LIMIT - int(normal):06d}_{int(normal):06d}"


def decode_filename(version: str) -> str:
    """The version behind a file name without suffix; the inverse of `encode_filename`.

    Raises InvalidVersionError for a name that `encode_filename` never gives.
    """
    if version == _LATEST_FILENAME:
        return LATEST_VERSION
    match = _FILENAME.fullmatch(version)
    if match and int(match[1]) + int(match[2]) == _VERSION_LIMIT and int(match[2]) > 0:
        return str(int(match[2]))
    raise InvalidVersionError(
        f"{version!r} is not the file name of a version",
        hint="such names look like 000000_LATEST or 999999_000001",
    )


def artifact_folder(name: str) -> str:
    """The room of one artifact, with the slash at its end."""
    validate_artifact_name(name)
    return f"{name}/"


def versions_folder(name: str) -> str:
    return f"{artifact_folder(name)}versions/"


def version_key(name: str, version: int | str | None, suffix: str) -> str:
    return f"{versions_folder(name)}{encode_filename(version)}{suffix}"


def version_of_key(key: str, suffix: str) -> str:
    """The version that a key in the versions folder stands for.

    Raises ContaminatedError for a foreign object.
    """
    basename = key.rpartition("/")[2]
    try:
        if not basename.endswith(suffix) or key.count("/") != _DEPTH:
            raise InvalidVersionError(basename)
        return decode_filename(basename.removesuffix(suffix))
    except InvalidVersionError:
        raise ContaminatedError(
            f"{key!r} is not a version with the suffix {suffix!r}",
            hint="open the repository with its own suffix, or move the foreign object away",
        ) from None


def aliases_folder(name: str) -> str:
    return f"{artifact_folder(name)}aliases/"


def alias_key(name: str, alias: str) -> str:
    validate_alias_name(alias)
    return f"{aliases_folder(name)}{alias}.json"


def alias_of_key(key: str) -> str:
    """The alias that a file in the aliases folder is for; other tools allow odder names.

    Raises ContaminatedError for anything but a JSON file.
    """
    filename = key.split("/", 2)[2]
    if not filename.endswith(".json") or filename == ".json":
        raise ContaminatedError(f"{key!r} is not an alias", hint="move the foreign object away")
    return filename.removesuffix(".json")


def numbers_folder(name: str) -> str:
    return f"{artifact_folder(name)}numbers/"


def claim_key(name: str, number: int) -> str:
    return f"{numbers_folder(name)}{encode_filename(number)}.json"


def number_of_claim(key: str) -> int:
    """The number that a claim is for. Raises ContaminatedError for a foreign object."""
    return int(version_of_key(key, ".json"))


def ledgers_folder(name: str) -> str:
    return f"{artifact_folder(name)}ledger/"


def ledger_folder(name: str, alias: str) -> str:
    validate_alias_name(alias)
    return f"{ledgers_folder(name)}{alias}/"


def ledger_key(name: str, alias: str, position: int) -> str:
    """Positions count from 1; the key sorts the newest first."""
    return f"{ledger_folder(name, alias)}{_position(position)}"


def _position(position: int) -> str:
    return f"{_POSITION_LIMIT - position:08d}_{position:08d}.json"


def position_of_ledger_key(key: str) -> int:
    """The position of an entry of a ledger, of verdicts or of approvals.

    Raises ContaminatedError for a foreign object.
    """
    match = re.fullmatch(r"([0-9]{8})_([0-9]{8})\.json", key.rpartition("/")[2])
    if not match or int(match[1]) + int(match[2]) != _POSITION_LIMIT:
        raise ContaminatedError(
            f"{key!r} is not a ledger entry", hint="move the foreign object away"
        )
    return int(match[2])


def deletions_folder(name: str) -> str:
    return f"{artifact_folder(name)}deletions/"


def deletion_record_key(name: str, stamp: str, identity: str) -> str:
    return f"{deletions_folder(name)}{stamp}-{identity}.json"


def announcement_key(name: str) -> str:
    return f"{artifact_folder(name)}deletion.json"


def private_folder(name: str) -> str:
    return f"{artifact_folder(name)}private/"


def private_key(name: str, identity: str) -> str:
    return f"{private_folder(name)}{identity}"


def broken_key(name: str, identity: str) -> str:
    return f"{artifact_folder(name)}broken/{identity}"


def uploads_folder(name: str) -> str:
    return f"{artifact_folder(name)}uploads/"


def upload_key(name: str, sha256: str) -> str:
    return f"{uploads_folder(name)}{sha256}.json"


def index_key(name: str) -> str:
    return f"{artifact_folder(name)}index.json"


def verdicts_folder(name: str, sha256: str) -> str:
    folder = f"{artifact_folder(name)}verdicts/"
    return f"{folder}{validate_sha256(folder, sha256)}/"


def verdict_folder(name: str, sha256: str, check: str) -> str:
    return f"{verdicts_folder(name, sha256)}{validate_word('a check', check)}/"


def approvals_folder(name: str, sha256: str, rank: str) -> str:
    validate_alias_name(rank)
    folder = f"{artifact_folder(name)}approvals/"
    return f"{folder}{validate_sha256(folder, sha256)}/{rank}/"


def approval_folder(name: str, sha256: str, rank: str, person: str) -> str:
    return f"{approvals_folder(name, sha256, rank)}{validate_person(person)}/"


def entry_key(folder: str, position: int) -> str:
    """An entry of verdicts or approvals; the key sorts the newest first."""
    return f"{folder}{_position(position)}"


def rollouts_folder(name: str) -> str:
    return f"{artifact_folder(name)}rollouts/"


def rollout_key(name: str, alias: str) -> str:
    validate_alias_name(alias)
    return f"{rollouts_folder(name)}{alias}.json"


def ended_rollout_key(name: str, alias: str, identity: str) -> str:
    return f"{rollout_key(name, alias).removesuffix('.json')}/{validate_word('a rollout', identity)}.json"


def deliveries_key(name: str, hook: str) -> str:
    return f"{artifact_folder(name)}deliveries/{validate_word('a hook', hook)}.json"


def hook_key(hook: str) -> str:
    return f".versioned-hook-{validate_word('a hook', hook)}.json"


def superseded_pipeline_key(position: int) -> str:
    return f".versioned-pipeline-{position:08d}.json"

"""Keys of packages below the root of their domain; `docs/formats/packages.md`. Pure: no I/O.

    .versioned-packages.json                                       the domain and its repositories
    .verdicts/{sha256}/{check}/{position}.json                     what checks found of an asset
    .tokens/{id}.json                                              tokens, hashed
    {repository}/{format}/revisions/{package}/{version}/{position}.json   every state of a version
    {repository}/{format}/revisions/{package}/@dist-tags/{position}.json  npm's tags
    {repository}/{format}/files/{package}/{version}/{generation}-{sha256}/{name}
    .../{name}.metadata, .../{name}.{sha256}.json                  what lies beside a wheel, a tarball
    {repository}/{format}/uploads/{sha256}.json                    uploads that can be resumed
    {repository}/pypi/simple/...                                   the pages that pip reads
    {repository}/npm/packuments/{package}.json                     what npm reads

`{package}` is the name, or `{namespace}!{name}`; each part is percent-encoded.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from versioned import layout, naming
from versioned.errors import ContaminatedError, InvalidInputError
from versioned.packages.coordinates import (
    Package,
    PackageFormat,
    Place,
    validate_asset_name,
    validate_repository_name,
)
from versioned.packages.errors import InvalidPackageError

DOMAIN_KEY = ".versioned-packages.json"
TOKENS_FOLDER = ".tokens/"
DIST_TAGS = "@dist-tags"
_VERDICTS = ".verdicts"
_LONGEST_KEY = 850
"""Of 1024 bytes in S3: the rest is for the prefix of the domain, and for what lies beside."""


def part(text: str) -> str:
    """Text as one part of a key; `!`, `@` and `/` never come out of it."""
    return quote(text, safe="")


def package_part(package: Package) -> str:
    namespace = "" if package.namespace is None else f"{part(package.namespace)}!"
    return namespace + part(package.name)


def package_of_part(kind: PackageFormat, text: str) -> Package:
    """The inverse of `package_part`. Raises ContaminatedError for a foreign folder."""
    namespace, mark, name = text.rpartition("!")
    try:
        found = Package.of(kind, unquote(name), unquote(namespace) if mark else None)
    except InvalidInputError as error:
        raise _foreign_folder(text) from error
    if package_part(found) != text:
        raise _foreign_folder(text)
    return found


def _foreign_folder(text: str) -> ContaminatedError:
    return ContaminatedError(
        f"the folder {text!r} is of no package", hint="move what is in it away"
    )


def format_folder(repository: str, kind: PackageFormat) -> str:
    return f"{validate_repository_name(repository)}/{kind}/"


def all_revisions_folder(repository: str, kind: PackageFormat) -> str:
    return f"{format_folder(repository, kind)}revisions/"


def package_folder(repository: str, package: Package) -> str:
    """The room of all revisions of a package."""
    return f"{all_revisions_folder(repository, package.format)}{package_part(package)}/"


def revisions_folder(place: Place) -> str:
    return f"{package_folder(place.repository, place.package)}{part(place.version)}/"


def dist_tags_folder(repository: str, package: Package) -> str:
    return f"{package_folder(repository, package)}{DIST_TAGS}/"


def revision_key(folder: str, position: int) -> str:
    """The key sorts the newest first."""
    return layout.entry_key(folder, position)


def position_of_key(key: str) -> int:
    """Raises ContaminatedError for a foreign object."""
    return layout.position_of_ledger_key(key)


def version_of_key(folder: str, key: str) -> str:
    """The version that a revision below a package's folder is of, or `DIST_TAGS`. Raises
    ContaminatedError for a foreign object."""
    version, slash, rest = key.removeprefix(folder).partition("/")
    if not slash or "/" in rest or not version:
        raise ContaminatedError(
            f"{key!r} is no revision of a package", hint="move the foreign object away"
        )
    return version if version == DIST_TAGS else unquote(version)


def all_files_folder(repository: str, kind: PackageFormat) -> str:
    return f"{format_folder(repository, kind)}files/"


def files_folder(repository: str, package: Package) -> str:
    return f"{all_files_folder(repository, package.format)}{package_part(package)}/"


def file_key(place: Place, *, sha256: str, generation: int, name: str) -> str:
    """Where the bytes of an asset lie. Nobody else's bytes ever lie there. Raises
    InvalidPackageError where the names are too long together."""
    folder = files_folder(place.repository, place.package)
    naming.validate_sha256(folder, sha256)
    key = f"{folder}{part(place.version)}/{generation}-{sha256}/{validate_asset_name(name)}"
    if len(key.encode()) > _LONGEST_KEY:
        raise InvalidPackageError(
            f"the names of {str(place)!r:.120} and {name!r:.80} are too long together",
            hint=f"as a key of a bucket they have {len(key.encode())} bytes, not {_LONGEST_KEY}",
        )
    return key


def beside_key(kind: PackageFormat, file_key: str, sha256: str) -> str:
    """Where what belongs to an asset lies, by its sha256: for Python, where the asset alone says
    what that is, as PEP 658 asks for it."""
    naming.validate_sha256(file_key, sha256)
    return f"{file_key}.metadata" if kind is PackageFormat.PYPI else f"{file_key}.{sha256}.json"


def file_of_key(folder: str, key: str) -> tuple[str, int] | None:
    """The version and the generation of a file below the folder of a package's files; `None` for
    what is none."""
    version, _, rest = key.removeprefix(folder).partition("/")
    generation, dash, _ = rest.partition("-")
    if not dash or not generation.isascii() or not generation.isdigit():
        return None
    return unquote(version), int(generation)


def uploads_folder(repository: str, kind: PackageFormat) -> str:
    return f"{format_folder(repository, kind)}uploads/"


def upload_key(repository: str, kind: PackageFormat, sha256: str) -> str:
    return f"{uploads_folder(repository, kind)}{naming.validate_sha256('', sha256)}.json"


def simple_folder(repository: str) -> str:
    return f"{format_folder(repository, PackageFormat.PYPI)}simple/"


def packument_key(repository: str, package: Package) -> str:
    return f"{format_folder(repository, package.format)}packuments/{package_part(package)}.json"


def verdict_folder(sha256: str, check: str) -> str:
    return f"{verdicts_folder(sha256)}{naming.validate_word('a check', check)}/"


def verdicts_folder(sha256: str) -> str:
    return f"{_VERDICTS}/{naming.validate_sha256(_VERDICTS, sha256)}/"


def token_key(identity: str) -> str:
    return f"{TOKENS_FOLDER}{naming.validate_word('a token', identity)}.json"

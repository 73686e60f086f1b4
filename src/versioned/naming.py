"""Names that may become part of a key, and what none may hold. Pure: no I/O."""

from __future__ import annotations

import re

from versioned.errors import ContaminatedError, InvalidNameError

LATEST_VERSION = "LATEST"
_MAX_NAME_BYTES = 255
_MAX_SUFFIX_BYTES = 64
_MAX_PERSON_BYTES = 128


def _check_characters(kind: str, name: object, limit: int) -> str:
    if not isinstance(name, str):
        raise InvalidNameError(
            f"{kind} must be a string, not {type(name).__name__}", hint="pass its name"
        )
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise InvalidNameError(
            f"{kind} {name!r} is not valid Unicode", hint="lone surrogates have no UTF-8 form"
        ) from None
    if size > limit:
        raise InvalidNameError(
            f"{kind} {name[:20]!r}... has {size} bytes", hint=f"at most {limit} fit into a key"
        )
    bad = sorted({c for c in name if c in "/\\" or not c.isprintable()})
    if bad:
        raise InvalidNameError(
            f"{kind} {name!r} has characters that are not allowed: {bad}",
            hint="no slashes, backslashes or control characters",
        )
    return name


def validate_artifact_name(name: str) -> None:
    """Raises InvalidNameError for a name that is empty, `.`, `..`, over 255 bytes of UTF-8, or
    has a slash, a backslash or a control character."""
    _check_characters("artifact name", name, _MAX_NAME_BYTES)
    if name in {"", ".", ".."}:
        raise InvalidNameError(
            f"artifact name {name!r} would mean a whole folder", hint="name one artifact"
        )


def validate_alias_name(alias: str) -> None:
    """Raises InvalidNameError (a ValueError) unless the alias starts with a letter, is not
    `LATEST`, and has no hyphen, slash, backslash, `@` or control character."""
    _check_characters("alias", alias, _MAX_NAME_BYTES)
    if alias == LATEST_VERSION:
        raise InvalidNameError(
            f"alias can't be {LATEST_VERSION!r}", hint="that names the mutable version"
        )
    if "-" in alias or "@" in alias:
        raise InvalidNameError(
            f"alias {alias!r} has a '-' or '@'", hint="use an underscore: prod_eu"
        )
    if not alias[:1].isalpha():
        raise InvalidNameError(f"alias {alias!r} must start with a letter", hint="try prod or v1_0")


def validate_suffix(suffix: str) -> None:
    """Raises InvalidNameError unless the suffix is empty or can end a file name."""
    _check_characters("suffix", suffix, _MAX_SUFFIX_BYTES)


def validate_word(kind: str, word: str) -> str:
    """Names that people give to checks and hooks. Raises InvalidNameError."""
    if not isinstance(word, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", word):
        raise InvalidNameError(
            f"{kind} can't be {word!r}",
            hint="1 to 64 letters, digits, '.', '_' or '-'; a letter or digit first",
        )
    return word


def validate_person(person: str) -> str:
    """Who approves, as a part of a key. Raises InvalidNameError."""
    _check_characters("person", person, _MAX_PERSON_BYTES)
    if person in {"", ".", ".."} or set(person) & set("*?$"):
        raise InvalidNameError(
            f"{person!r} can't be a person", hint="a name such as ann or ann@example.org"
        )
    return person


def validate_sha256(key: str, sha256: str) -> str:
    """It becomes part of file names, so it is never taken on trust. Raises ContaminatedError."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ContaminatedError(
            f"{key!r} names a sha256 that is none: {sha256[:20]!r}",
            hint="something else wrote it; put it again",
        )
    return sha256

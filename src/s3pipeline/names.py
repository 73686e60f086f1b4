"""Names that may become part of a key. Pure: no I/O."""

from __future__ import annotations

import os
import posixpath

from versioned.errors import InputTypeError, InvalidNameError, InvalidVersionError

MAX_NAME_BYTES = 255
"""Of a file name, and of a version: with both, a key stays well below the 1,024 of S3."""


def validate_filename(filepath: str | os.PathLike[str]) -> str:
    """The last part of a path, which names the release. Raises InvalidNameError."""
    filename = os.path.basename(_text(filepath, "a file"))  # noqa: PTH119 - Path("a/") is "a"
    if problem := problem_of(filename):
        raise InvalidNameError(
            f"{os.fspath(filepath)!r} can't name a release: {problem}",
            hint="give the path of a file",
        )
    return filename


def relative_path(filepath: str | os.PathLike[str]) -> str | None:
    """A path as it was given, without what says nothing (`./a//b` is `a/b`); `None` for an
    absolute one, which differs from machine to machine."""
    path = os.fspath(filepath)
    return None if os.path.isabs(path) else posixpath.normpath(path)  # noqa: PTH117


def validate_version(version: str) -> str:
    """The version itself. Raises InvalidVersionError for what can't be a part of a key and of
    a header both: it is 1 to 255 printable ASCII characters, without slashes, without a
    space at either end, and neither `.` nor `..`."""
    problem = problem_of(_text(version, "a version"))
    if not problem and not version.isascii():
        problem = "it is not ASCII"
    if problem:
        raise InvalidVersionError(
            f"{version[: MAX_NAME_BYTES + 1]!r} can't be a version: {problem}",
            hint="use a number, a hash, a tag or a time stamp",
        )
    return version


def is_version(text: str) -> bool:
    """Whether `validate_version` would take it."""
    return text.isascii() and not problem_of(text)


def _text(value: object, meaning: str) -> str:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise InputTypeError(
            f"{meaning} can't be a {type(value).__name__}", hint="give it as a string"
        )
    return text


def problem_of(name: str) -> str:
    """Why a text can't be a part of a key and of a path both, or `""`."""
    problems = {
        "it is empty": not name,
        "it means a directory": name in {".", ".."},
        "it has a slash": "/" in name or "\\" in name,
        "it has control characters": not name.isprintable(),
        "it has a space at its end": name != name.strip(),
        f"it is longer than {MAX_NAME_BYTES} bytes": len(name.encode(errors="replace"))
        > MAX_NAME_BYTES,
    }
    return next((problem for problem, found in problems.items() if found), "")

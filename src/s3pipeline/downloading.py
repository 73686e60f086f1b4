"""From the bucket to a file that is whole, or is not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from s3pipeline.names import problem_of
from s3pipeline.reading import Reading
from versioned.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Download:
    """A file that was written. `verified` tells that its bytes were compared with a recorded
    sha256, which releases uploaded by other tools do not have."""

    path: Path
    version: str
    sha256: str
    size: int
    verified: bool


_LONG_NAME = 200


def download(reading: Reading, filename: str, to: str | os.PathLike[str]) -> Download:
    """Write a release to a file, or under its own name into a directory.

    It grows as `{name}.{random}.part` beside its place, and is renamed when it is proved and
    on the disk; a file that was there is then replaced. On any error the part is removed. Flat
    memory. Raises ContentMismatchError, InvalidInputError, and OSError of the file system.
    """
    path = Path(to)
    if not os.fspath(to):
        raise InvalidInputError("there is no path to download to", hint="'.' is this directory")
    if path.is_dir():
        if problem_of(filename):  # another tool may have named it anything
            raise InvalidInputError(
                f"{filename!r} can't be a file in {str(to)!r}", hint="name a file to write to"
            )
        path /= filename
    short = path.name if len(os.fsencode(path.name)) <= _LONG_NAME else path.name[:40]
    part = path.with_name(f"{short}.{secrets.token_hex(4)}.part")
    with part.open("xb") as file:
        try:
            sha256 = reading.write_to(file)
            file.flush()
            os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
            raise
    held = reading.held
    return Download(path, held.version, sha256, held.size, verified=held.sha256 is not None)

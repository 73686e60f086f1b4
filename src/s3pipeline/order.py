"""What a promotion was asked to do, checked as far as that needs no request."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from s3pipeline.errors import PathCollisionError, SourceNotFoundError, UnexpectedReleaseError
from s3pipeline.held import recorded_path
from s3pipeline.limits import check_size
from s3pipeline.names import relative_path, validate_filename, validate_version
from s3pipeline.ranks import Ranks
from versioned.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Order:
    """One file to one rank. `previous` is the rank before, `None` for the first rank; `path`
    is the relative path as given, `None` for an absolute one."""

    source: Path
    filename: str
    rank: str
    previous: str | None
    version: str | None
    sha256: str | None
    path: str | None
    replace: bool

    @classmethod
    def parse(
        cls,
        ranks: Ranks,
        filepath: str | os.PathLike[str],
        rank: str,
        version: str | None,
        *,
        sha256: str | None,
        replace: bool,
    ) -> Self:
        """Raises UnknownRankError, InvalidNameError, InvalidVersionError, SourceNotFoundError,
        TooLargeError, and InvalidInputError for a directory."""
        previous = ranks.before(rank)
        filename = validate_filename(filepath)
        if version is not None:
            validate_version(version)
        path = relative_path(filepath)
        if previous is None:
            _check_file(Path(filepath), rank)
        elif path == filename:
            path = None  # only the name was given
        return cls(
            source=Path(filepath),
            filename=filename,
            rank=rank,
            previous=previous,
            version=version,
            sha256=sha256.lower() if sha256 else None,
            path=None if path is None else recorded_path(path),
            replace=replace,
        )

    def check_version(self, found: str) -> None:
        """Raises UnexpectedReleaseError unless it is the version asked for, if one was."""
        if self.version is not None and found != self.version:
            raise UnexpectedReleaseError(
                f"{self.previous} holds version {found!r} of {self.filename!r}, "
                f"not {self.version!r}",
                hint="what was tested is no longer there: upload it again, or test what is there",
            )

    def check_sha256(self, found: str) -> None:
        """Raises UnexpectedReleaseError unless these are the bytes asked for, if any were."""
        if self.sha256 is not None and found != self.sha256:
            raise UnexpectedReleaseError(
                f"{self.filename!r} has sha256 {found[:12]}..., not {self.sha256[:12]}...",
                hint="these are not the bytes that were tested",
            )

    def check_path(self, given: str | None, found: str | None, where: str) -> None:
        """Raises PathCollisionError where both are known and differ, unless told to replace."""
        if given is None or found is None or given == found or self.replace:
            return
        raise PathCollisionError(
            f"{self.filename!r} in {where} was uploaded from {found!r}, not from {given!r}",
            hint="rename one of the two files, or repeat with --replace (replace=True) if they "
            "are the same thing",
        )


def _check_file(source: Path, rank: str) -> None:
    if source.is_file():  # False also for what the file system can't name
        check_size(str(source), source.stat().st_size)
    elif source.exists():
        raise InvalidInputError(f"{str(source)!r} is not a file", hint="promote one file")
    else:
        raise SourceNotFoundError(
            f"there is no file {str(source)!r} to promote to {rank}", hint="check the path"
        )

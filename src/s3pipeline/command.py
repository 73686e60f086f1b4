"""The command s3promote. Results go to stdout, errors to stderr as one line error="..."."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from s3pipeline.layout import ARCHIVE
from s3pipeline.lines import line, one_line
from versioned.errors import InvalidInputError, VersionedError

if TYPE_CHECKING:
    from s3pipeline.pipeline import S3Pipeline
    from s3pipeline.release import S3Release

_USAGE_EXIT = 2
_FAILURE_EXIT = 1
_INTERRUPTED_EXIT = 130

_ENVIRONMENT = """\
environment:
  AWS_S3_BUCKET      the bucket that the releases are in
  AWS_S3_RANKS       the ranks in order, like "qa, staging, production"
  and what boto3 reads: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE, ...
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code.

    0 done, 2 wrong input, 3 not found, 4 conflict, 5 damaged bytes, 6 store not reached,
    7 access denied, 1 anything else, 130 interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    parsed = _parser().parse_args(arguments)
    try:
        said = _run(parsed)
    except VersionedError as error:
        from versioned.cli.exits import exit_code  # noqa: PLC0415 - only after an error

        return _fail(str(error), exit_code(error))
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        return _fail(f"{error.strerror or error}{where}", _FAILURE_EXIT)
    except KeyboardInterrupt:
        return _fail("interrupted", _INTERRUPTED_EXIT)
    print(said)  # noqa: T201 - this is the command
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_fail(f"{message} (see s3promote -h)", _USAGE_EXIT))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="s3promote",
        description="Move a file up through the ranks of a release pipeline, one at a time.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "filepath", help="the file; for a later rank its name is enough", metavar="filepath"
    )
    parser.add_argument("rank", help="the rank that it shall be in")
    parser.add_argument(
        "--version",
        metavar="VERSION",
        help="what this version is called: a number, a time stamp, a hash of the commit; for a "
        "later rank, the version that was tested (default: the time in milliseconds)",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="also where the release that is there came from another path",
    )
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--download",
        metavar="PATH",
        help="promote nothing; get the file from the rank into PATH, a file or a directory",
    )
    instead.add_argument(
        "--get-version",
        action="store_true",
        help="promote nothing; print the version that the rank holds",
    )
    return parser


def _run(parsed: argparse.Namespace) -> str:
    from s3pipeline.pipeline import S3Pipeline  # noqa: PLC0415 - boto3 is slow to import

    pipeline = S3Pipeline()
    filepath, rank = parsed.filepath, parsed.rank
    if parsed.get_version:
        return one_line(_wanted(pipeline, parsed).version)
    if parsed.download is not None:
        release = _wanted(pipeline, parsed)
        if not release.download(parsed.download).verified:
            _complain("warning", f"{release.filename} has no recorded sha256 to compare with")
        return line("success", f"downloaded {release.filename} from {rank}")
    release = pipeline.promote(filepath, rank, parsed.version, replace=parsed.replace)
    return line("success", f"promoted {release.filename} to {rank}")


def _wanted(pipeline: S3Pipeline, parsed: argparse.Namespace) -> S3Release:
    """What is to be looked at. Raises UnexpectedReleaseError for another version."""
    from s3pipeline.errors import UnexpectedReleaseError  # noqa: PLC0415

    if parsed.replace:
        raise InvalidInputError("--replace is only for promoting")
    if parsed.rank == ARCHIVE:
        if parsed.version is None:
            raise InvalidInputError("which one of the archive?", hint="give its --version")
        return pipeline.archived_release(parsed.filepath, parsed.version)
    release = pipeline.release(parsed.filepath, parsed.rank)
    if parsed.version is not None and parsed.version != release.version:
        raise UnexpectedReleaseError(
            f"{release.rank} holds version {release.version!r} of {release.filename!r}, "
            f"not {parsed.version!r}",
            hint=f"if that one was replaced, it is in the rank {ARCHIVE!r}",
        )
    return release


def _fail(message: str, code: int) -> int:
    _complain("error", message)
    return int(code)


def _complain(key: str, message: str) -> None:
    print(line(key, message), file=sys.stderr)  # noqa: T201 - this is the command

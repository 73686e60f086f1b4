"""What is to be built, checked before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from versioned.images.errors import BuildFileNotFoundError, InvalidBuildError
from versioned.images.platforms import parse_platforms

_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """A build that can be meant: both paths are absolute and free of links, the Dockerfile lies in
    the context. Values of build arguments are never shown."""

    context: Path
    dockerfile: Path
    platforms: tuple[str, ...]
    build_args: Mapping[str, str] = field(default_factory=dict, repr=False)

    def for_platform(self, platform: str) -> BuildRequest:
        """The same for one platform alone."""
        return replace(self, platforms=(platform,))


def check_build(
    context: str | Path,
    *,
    dockerfile: str = "Dockerfile",
    build_args: Mapping[str, str] | None = None,
    platform: str = "linux/amd64",
) -> BuildRequest:
    """The request, once it is sound. `dockerfile` is relative to the context and lies in it, links
    followed; `platform` may be several, parted by commas.

    Raises InvalidBuildError, BuildFileNotFoundError. Shows no value of a build argument.
    """
    room = _check_context(str(context))
    return BuildRequest(
        room,
        _check_dockerfile(room, dockerfile),
        parse_platforms(platform),
        _check_arguments(build_args or {}),
    )


def _check_context(context: str) -> Path:
    if not context or ".." in Path(context).parts:
        raise InvalidBuildError(
            f"the build context {context!r} is not taken: it is empty, or has '..'",
            hint="name the directory itself, such as . or an absolute path",
        )
    room = _resolve(Path(context))
    if not room.exists():
        raise BuildFileNotFoundError(
            f"there is no build context {context!r}", hint="name a directory with a Dockerfile"
        )
    if not room.is_dir():
        raise InvalidBuildError(
            f"the build context {context!r} is no directory",
            hint="name the directory, and the file in it as the Dockerfile (-f)",
        )
    return room


def _check_dockerfile(room: Path, dockerfile: str) -> Path:
    file = _resolve(room / dockerfile)
    if not file.is_relative_to(room):
        raise InvalidBuildError(
            f"the Dockerfile {dockerfile!r} lies outside of the build context {str(room)!r}",
            hint="move it there, or build from a directory that has both",
        )
    if not file.is_file():
        raise BuildFileNotFoundError(
            f"there is no Dockerfile {dockerfile!r} in {str(room)!r}",
            hint="name it with -f, relative to the build context",
        )
    return file


def _resolve(path: Path) -> Path:
    try:
        resolved = path.resolve()
        resolved.stat()
    except (FileNotFoundError, NotADirectoryError):
        return resolved
    except (OSError, RuntimeError, ValueError) as error:  # no access, a loop of links, a NUL
        raise InvalidBuildError(
            f"{str(path)!r} can't be read: {error}", hint="name another path"
        ) from error
    return resolved


def _check_arguments(build_args: Mapping[str, str]) -> dict[str, str]:
    for name, value in build_args.items():
        if not isinstance(name, str) or not _ARGUMENT.fullmatch(name):
            raise InvalidBuildError(
                "a build argument has a name that can't be meant",
                hint="KEY=value, where KEY has letters, digits and '_', no digit first",
            )
        if not isinstance(value, str) or "\0" in value:
            raise InvalidBuildError(
                f"the value of the build argument {name} is no text", hint="pass a string"
            )
    return dict(build_args)

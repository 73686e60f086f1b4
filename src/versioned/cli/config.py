"""Which repository is meant, and who acts: from options, the environment and config files."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from versioned.errors import InvalidInputError, RepositoryNotFoundError

FILE_NAME = ".versioned.toml"
DEFAULT_URL = ".versioned"
DEFAULT_DOMAIN = ".versioned-packages"

_ACTORS = ("VERSIONED_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "CIRCLE_USERNAME", "BUILD_USER")
_KEYS = {
    "repository": str,
    "single_writer": bool,
    "checks": dict,
    "hooks": dict,
    "images": dict,
    "packages": dict,
}
_PACKAGES_KEYS = {"domain": str, "single_writer": bool}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A repository's URL, where it was said, and whether nobody else writes to it."""

    url: str
    said_by: str
    single_writer: bool = False


def choose(option: str | None, environ: Mapping[str, str], cwd: Path) -> Chosen | None:
    """`--repo`, `VERSIONED_REPO`, the nearest `.versioned.toml` upwards, the user's own config,
    in this order; `None` where nothing is said. Raises InvalidInputError for a broken file."""
    if option is not None:
        return Chosen(option, "--repo")
    if environ.get("VERSIONED_REPO"):
        return Chosen(anchored(environ["VERSIONED_REPO"], cwd), "VERSIONED_REPO")
    for path in _files(environ, cwd):
        found = _read(path)
        if found.get("repository"):
            url = anchored(found["repository"], path.parent)
            return Chosen(url, str(path), found.get("single_writer", False))
    return None


def table(name: str, environ: Mapping[str, str], cwd: Path) -> tuple[Path, dict[str, Any]]:
    """The table `checks`, `hooks`, `images` or `packages` of the nearest config file that has it,
    and the directory of that file; empty where none has it. Raises InvalidInputError for a broken
    file."""
    for path in _files(environ, cwd):
        found = _read(path)
        if name in found:
            return path.parent, found[name]
    return cwd, {}


def choose_domain(option: str | None, environ: Mapping[str, str], cwd: Path) -> Chosen | None:
    """Where packages are kept: `--domain`, `VERSIONED_PACKAGES`, `domain` in the table
    `[packages]` of the nearest config file that has it, in this order; `None` where nothing is
    said. Raises InvalidInputError for a broken file."""
    if option is not None:
        return Chosen(option, "--domain")
    if environ.get("VERSIONED_PACKAGES"):
        return Chosen(anchored(environ["VERSIONED_PACKAGES"], cwd), "VERSIONED_PACKAGES")
    folder, found = table("packages", environ, cwd)
    for key, value in found.items():
        kind = _PACKAGES_KEYS.get(key)
        if kind is None or not isinstance(value, kind):
            raise InvalidInputError(
                f"the table [packages] has {key} = {value!r}, which is not understood",
                hint='it may say: domain = "s3://bucket/packages"',
            )
    if not found.get("domain"):
        return None
    url = anchored(found["domain"], folder)
    return Chosen(url, "[packages]", found.get("single_writer", False))


def default_domain(cwd: Path) -> Chosen:
    """`./.versioned-packages`. Raises DomainNotFoundError where it is not there."""
    if not (cwd / DEFAULT_DOMAIN).is_dir():
        from versioned.packages.errors import DomainNotFoundError  # noqa: PLC0415 - seldom

        raise DomainNotFoundError(
            f"no domain of packages is named by --domain, VERSIONED_PACKAGES or {FILE_NAME}, "
            f"and there is no ./{DEFAULT_DOMAIN}",
            hint="run versioned packages init to make one here",
        )
    return Chosen(DEFAULT_DOMAIN, "the default")


def nearest_default(cwd: Path) -> Chosen | None:
    """The nearest `.versioned` upwards, as `.versioned.toml` is found; `None` without one."""
    found = (folder / DEFAULT_URL for folder in (cwd, *cwd.parents))
    path = next((one for one in found if one.is_dir()), None)
    return Chosen(str(path), "the default") if path else None


def default(cwd: Path) -> Chosen:
    """`./.versioned`. Raises RepositoryNotFoundError where it is not there."""
    if not (cwd / DEFAULT_URL).is_dir():
        raise RepositoryNotFoundError(
            f"no repository is named by --repo, VERSIONED_REPO or {FILE_NAME}, "
            f"and there is no ./{DEFAULT_URL}",
            hint="run versioned init to make one here",
        )
    return Chosen(DEFAULT_URL, "the default")


def anchored(url: str, base: Path) -> str:
    """The URL with a relative directory made absolute, below `base`."""
    if "://" in url:
        return url
    path, query, options = url.partition("?")
    return str(base / os.path.expanduser(path)) + query + options  # noqa: PTH111 - "~nobody" stays


def write_repository(path: Path, url: str) -> bool:
    """Name the repository in a config file, and leave the rest of it as it is.

    False where it said so already. Raises InvalidInputError where the file can't hold it.
    """
    before = _text_of(path)
    line = f"repository = {json.dumps(url, ensure_ascii=False)}\n"
    after, found = re.subn(r"(?m)^repository\s*=.*\n?", lambda _: line, before, count=1)
    if not found:
        after = line + before
    return _write(path, before, after, {"repository": url})


def write_domain(path: Path, url: str) -> bool:
    """Name the domain of packages in the table `[packages]` of a config file, as
    `write_repository` names a repository."""
    before = _text_of(path)
    line = f"domain = {json.dumps(url, ensure_ascii=False)}\n"
    header = re.search(r"(?m)^\[packages\].*(\n|$)", before)
    if header is None:
        gap = "\n" if before else ""
        after = f"{before}{gap}[packages]\n{line}"
    else:
        start, end = header.span()
        following = re.search(r"(?m)^\[", before[end:])
        stop = end + following.start() if following else len(before)
        table, found = re.subn(r"(?m)^domain\s*=.*\n?", lambda _: line, before[end:stop], count=1)
        head = before[start:end].rstrip("\n") + "\n"
        after = before[:start] + head + (table if found else line + table) + before[stop:]
    return _write(path, before, after, {"packages": {"domain": url}})


def _text_of(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _write(path: Path, before: str, after: str, meant: Mapping[str, Any]) -> bool:
    """Replace a config file by what has to say at least what is meant; false where it did."""
    if after == before:
        return False
    try:
        written = tomllib.loads(after)
    except tomllib.TOMLDecodeError as error:
        raise _broken(path, str(error)) from error
    for key, value in meant.items():
        if not _says(written.get(key), value):
            raise _broken(path, f"what it says of {key} can't be replaced")
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    draft.write_text(after, "utf-8")
    draft.replace(path)
    return True


def _says(found: object, meant: object) -> bool:
    """Whether a value, or a table with it, is in the file."""
    if isinstance(found, dict) and isinstance(meant, dict):
        return meant.items() <= found.items()
    return found == meant


def actor(environ: Mapping[str, str]) -> str:
    """Who the ledger is to name: `VERSIONED_ACTOR`, else who started the CI job, else
    `user@host`."""
    named = next(filter(None, (environ.get(name) for name in _ACTORS)), None)
    return named or f"{_user(environ)}@{os.uname().nodename}"


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Where downloads from remote stores are kept."""
    return _xdg(environ, "XDG_CACHE_HOME", ".cache")


def _user(environ: Mapping[str, str]) -> str:
    import pwd  # noqa: PLC0415 - most calls never ask

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container with a number for a user
        return environ.get("USER") or str(os.getuid())


def _user_file(environ: Mapping[str, str]) -> Path:
    return _xdg(environ, "XDG_CONFIG_HOME", ".config") / "config.toml"


def _xdg(environ: Mapping[str, str], variable: str, otherwise: str) -> Path:
    home = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - never raises
    return Path(environ.get(variable) or home / otherwise) / "versioned"


def _files(environ: Mapping[str, str], cwd: Path) -> list[Path]:
    files = [*(folder / FILE_NAME for folder in (cwd, *cwd.parents)), _user_file(environ)]
    return [path for path in files if path.is_file()]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _broken(path, str(error)) from error
    for key, value in found.items():
        kind = _KEYS.get(key)
        if kind is None or not isinstance(value, kind):
            raise _broken(path, f"{key} = {value!r} is not understood")
    return found


def _broken(path: Path, reason: str) -> InvalidInputError:
    return InvalidInputError(f"{path}: {reason}", hint='it may say: repository = "s3://bucket/x"')

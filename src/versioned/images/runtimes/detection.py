"""Finding the container runtime that runs here."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from versioned.checks.base import clean_reason
from versioned.images.errors import RuntimeNotFoundError
from versioned.images.runtimes.base import Runtime
from versioned.images.runtimes.docker import Docker
from versioned.images.runtimes.finch import Finch
from versioned.images.runtimes.podman import Podman
from versioned.processes import Ended, run_program

CHOICE = "CDK_DOCKER"
"""The environment variable that names the runtime: by its name, or by a path."""
PATIENCE = 20.0
"""Seconds that a runtime has to answer each question."""
_KINDS: tuple[type[Runtime], ...] = (Docker, Finch, Podman)
_SAYINGS: tuple[tuple[str, type[Runtime]], ...] = (
    (r"^Docker version \S+, build", Docker),
    (r"^finch version v?\d", Finch),
    (r"^podman(-remote)? version \d|^Client: +Podman", Podman),
)
"""What each says of itself. Debian's finch is a chat client and says 'Finch 2.14'."""
_OTHER_NAME = re.compile(rb"^\S+ version \d", re.MULTILINE)
"""Podman linked as docker calls itself that: what it is stands in its longer answer only."""


def detect_runtime(environ: Mapping[str, str], *, patience: float = PATIENCE) -> Runtime:
    """The first of Docker, Finch and Podman on the PATH that answers; or the one that
    `CDK_DOCKER` names, and then no other.

    Raises RuntimeNotFoundError, which says of each what is missing.
    """
    chosen = environ.get(CHOICE)
    missing = []
    for name in [chosen] if chosen else [kind.name for kind in _KINDS]:
        found = _ask(name, environ, patience)
        if isinstance(found, Runtime):
            return found
        missing.append(f"{name} {found}")
    what = (
        f"the container runtime that {CHOICE} names does not run"
        if chosen
        else "no container runtime runs here"
    )
    raise RuntimeNotFoundError(
        f"{what}: {'; '.join(missing)}",
        hint=f"start or install Docker, Finch or Podman, or name one: {CHOICE}=<path>",
    )


def _ask(name: str, environ: Mapping[str, str], patience: float) -> Runtime | str:
    """The runtime, or why there is none."""
    found = shutil.which(name, path=environ.get("PATH", ""))
    if found is None:
        return "is not installed"
    program = str(Path(found).absolute())
    kind = None
    for question in ("--version", "version"):
        said = _run(program, (question,), environ, patience)
        if isinstance(said, str):
            return said
        kind = _kind(said.output.decode(errors="replace"))
        if kind or not _OTHER_NAME.search(said.output):
            break
    if kind is None:
        return f"is {program}, which is none of Docker, Finch and Podman"
    answer = _run(program, kind.probe, environ, patience)
    return answer if isinstance(answer, str) else kind(program, environ)


def _kind(said: str) -> type[Runtime] | None:
    return next((kind for saying, kind in _SAYINGS if re.search(saying, said, re.MULTILINE)), None)


def _run(
    program: str, arguments: tuple[str, ...], environ: Mapping[str, str], patience: float
) -> Ended | str:
    """How it ended well, or why it did not."""
    try:
        ended = run_program(
            (program, *arguments), directory=Path(), environ=environ, timeout=patience
        )
    except (OSError, ValueError) as error:
        return f"can't be started: {clean_reason(str(error))}"
    if ended.code == 0:
        return ended
    if ended.code is None:
        return f"is {program}, which does not answer within {patience:g} s"
    said = clean_reason(ended.output.decode(errors="replace").strip().rpartition("\n")[2])
    return f"is {program}, which is installed and not running: {said or f'exit {ended.code}'}"

"""The tag of an image for which none was named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from versioned.processes import run_program

_TIMEOUT = 5.0
_HASH = re.compile(r"^[0-9a-f]{4,64}$", re.MULTILINE)


def default_tag(directory: Path, environ: Mapping[str, str]) -> str:
    """Git's short hash of what is checked out in a directory; `latest` where there is none, or no
    git. Takes at most 5 seconds."""
    git = shutil.which("git", path=environ.get("PATH"))
    if git is None:
        return "latest"
    try:
        ended = run_program(
            (git, "rev-parse", "--short", "HEAD"),
            directory=directory,
            environ=environ,
            timeout=_TIMEOUT,
        )
    except (OSError, ValueError):
        return "latest"
    found = _HASH.findall(ended.output.decode(errors="replace"))
    return found[-1] if ended.code == 0 and found else "latest"

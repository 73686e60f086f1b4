"""Moving exactly what one rank holds into the next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from versioned import layout, naming
from versioned.context import Context
from versioned.errors import AliasConflictError, InvalidVersionError, RolloutConflictError
from versioned.models import Alias, Cause
from versioned.pipelines.assessing import assess, check_force, overridden, pin
from versioned.pipelines.gates import Candidate
from versioned.pipelines.moving import move
from versioned.pipelines.policies import read_policy
from versioned.pipelines.scene import Scene, choose, is_there, look
from versioned.targets import target_words

_SHA256 = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a promotion came to.

    `alias` is the rank as it is now, `was` as it was before; `came_from` is the rank that held
    the version, `None` for the first. `moved` is false where it was there already: then nothing
    was written. `overrides` are the gates that were not met.
    """

    alias: Alias
    was: Alias | None
    came_from: str | None
    moved: bool
    overrides: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All fields, ready for JSON."""
        return {
            "alias": self.alias.to_dict(),
            "was": self.was.to_dict() if self.was else None,
            "came_from": self.came_from,
            "moved": self.moved,
            "overrides": list(self.overrides),
        }


def promote(
    context: Context,
    name: str,
    rank: str,
    *,
    version: int | str | None,
    expect: int | str | None,
    force: bool,
    message: str | None,
    by: str | None,
) -> Promotion:
    """Five to eight steps, three where it is there already; see `Pipeline.promote`."""
    naming.validate_artifact_name(name)
    check_force(message, force=force)
    wanted = None if expect is None else expected(expect)
    scene = look(context, read_policy(context), name, rank)
    choice = choose(scene, version)
    candidate = pin(context, scene, choice)
    if wanted is not None:
        _check_expected(scene, candidate, wanted)
    if scene.rollout:
        raise RolloutConflictError(
            f"a rollout of {scene.rollout.new_version} is under way in {name}@{rank}",
            hint=f"see versioned rollout status {name} {rank}; end or abort it first",
        )
    was = scene.target.alias if scene.target else None
    if was and is_there(scene.target, candidate.version, candidate.sha256):
        return Promotion(was, was, scene.before, moved=False)
    missing = assess(context, scene, choice, candidate)
    overrides = overridden(candidate, missing, force=force)
    cause = Cause("promote", overrides=overrides)
    after = move(context, candidate, scene.target, cause, message=message, by=by)
    return Promotion(after, was, scene.before, moved=True, overrides=overrides)


def expected(expect: int | str) -> str:
    """A version, or at least eight digits of a sha256. Raises InvalidVersionError."""
    text = str(expect).lower() if not isinstance(expect, bool) else ""
    if text.isascii() and text.isdigit() and len(text) <= layout.VERSION_ZFILL:
        return layout.normalize_version(text)
    if not _SHA256.fullmatch(text):
        raise InvalidVersionError(
            f"{expect!r} is neither a version nor a sha256",
            hint="the number that was tested, or 8 to 64 hex digits of its sha256",
        )
    return text


def _check_expected(scene: Scene, candidate: Candidate, wanted: str) -> None:
    if wanted == candidate.version or (
        len(wanted) > layout.VERSION_ZFILL and candidate.sha256.startswith(wanted)
    ):
        return
    held = scene.source.alias if scene.source else None
    place = f"{scene.name}@{scene.before}" if scene.before else f"the version for {scene.rank}"
    found = target_words(held) if held else candidate.version
    raise AliasConflictError(
        f"{place} was expected to be {wanted}, but it is {found} ({candidate.sha256[:12]})",
        expected=None,
        found=held,
        hint="test what is there now, then repeat with what you expect",
    )

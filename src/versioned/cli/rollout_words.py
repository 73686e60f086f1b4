"""Rollouts in the words of people. Pure."""

from __future__ import annotations

from versioned.cli.words import ref
from versioned.rollout_states import Rollout
from versioned.targets import percent


def rollout_words(rollout: Rollout) -> str:
    """`rollout of app@prod to 13: running, step 1 of 3, 10%`."""
    at = f", {step_words(rollout)}" if rollout.active else ""
    back = f", all traffic back to {rollout.stable_version}" if rollout.goes_back else ""
    subject = f"rollout of {ref(rollout.name, rollout.alias)} to {rollout.new_version}"
    return f"{subject}: {rollout.status}{at}{back}"


def step_words(rollout: Rollout) -> str:
    """`step 1 of 3, 10%`."""
    share = percent(rollout.current.basis_points)
    return f"step {rollout.step + 1} of {len(rollout.steps)}, {share}"

"""The page about images, run against a real registry with a real container runtime."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "docs"))
from shown import ON_A_REGISTRY, PAGES, REGISTRY, is_shown, registry_environ, run, steps

HOST = os.environ.get("VERSIONED_TEST_REGISTRY", "")


def without_sizes(lines):
    """What compression makes of the time of day is a byte more or less."""
    return [re.sub(r"[0-9.]+ (B|KiB)\b", "SIZE", line) for line in lines]


@pytest.mark.registry
@pytest.mark.xdist_group("podman")
@pytest.mark.skipif(not HOST, reason="there is no real registry: make test-images")
@pytest.mark.skipif(not shutil.which("podman"), reason="there is no podman")
@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name in ON_A_REGISTRY], ids=lambda p: p.stem
)
def test_what_the_page_shows_is_what_happens(page, tmp_path):
    wanted = steps(page.read_text("utf-8").replace(REGISTRY, HOST))
    outputs = run(wanted, tmp_path, registry_environ())
    for step, printed in zip(wanted, outputs, strict=True):
        assert is_shown(without_sizes(step.output), without_sizes(printed)), (
            f"{page.name}:{step.line}: {step.source}\nprints\n" + "\n".join(printed)
        )


def test_a_short_digest_may_look_like_an_age():
    assert is_shown(["sha256:966e41e07d0c  3d"], ["sha256:12345678901d  now"])

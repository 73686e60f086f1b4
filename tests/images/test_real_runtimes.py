"""The real Podman and the real Docker Engine, against the real docker-registry:

scripts/with-registry DIR scripts/with-docker DIR .venv/bin/pytest tests/images/test_real_runtimes.py
"""

import io
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from versioned.images.build_request import check_build
from versioned.images.building import build_image, push_image
from versioned.images.contents import read_contents
from versioned.images.errors import NotFoundError, RuntimeFailedError
from versioned.images.reference import ImageReference
from versioned.images.registries.oci import OciRegistry
from versioned.images.registry import Credentials
from versioned.images.runtimes.detection import detect_runtime

REGISTRY_VARIABLES = (
    "VERSIONED_TEST_REGISTRY",
    "VERSIONED_TEST_REGISTRY_USER",
    "VERSIONED_TEST_REGISTRY_PASSWORD",
)
BOTH = "linux/amd64,linux/arm64"
PODMAN = pytest.param("podman", marks=pytest.mark.xdist_group("podman"))
DOCKER, BUILDKIT = (
    pytest.param(kind, marks=pytest.mark.xdist_group("docker")) for kind in ("docker", "buildkit")
)

pytestmark = pytest.mark.registry


def chosen_runtime(kind):
    """Where a runtime is, and what it needs of the environment. Skips where it is not there."""
    if kind == "podman":
        if not (program := shutil.which("podman")):
            pytest.skip("podman is not installed")
        return {"CDK_DOCKER": program}
    if not (program := os.environ.get("VERSIONED_TEST_DOCKER")):
        pytest.skip(os.environ.get("VERSIONED_TEST_NO_DOCKER", "needs scripts/with-docker"))
    if kind == "docker":
        return {"CDK_DOCKER": program, "DOCKER_BUILDKIT": "0"}
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    major = int(re.search(r"version (\d+)", said.stdout)[1])
    if major >= 23 and subprocess.run([program, "buildx", "version"], check=False).returncode:
        pytest.skip("this Docker has no BuildKit without its plugin buildx")
    return {"CDK_DOCKER": program, "DOCKER_BUILDKIT": "1"}


@pytest.fixture(params=[PODMAN, DOCKER, BUILDKIT])
def runtime(request):
    if missing := [name for name in REGISTRY_VARIABLES if not os.environ.get(name)]:
        pytest.skip(f"needs scripts/with-registry: {missing[0]} is not set")
    return detect_runtime({**os.environ, **chosen_runtime(request.param)})


@pytest.fixture
def registry(runtime):
    host, user, password = (os.environ[name] for name in REGISTRY_VARIABLES)
    with OciRegistry(host, credentials=Credentials(user, password)) as registry:
        yield registry


@pytest.fixture
def image(app):
    return ImageReference.parse(f"{app}:1.4")


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "file").write_text(str(tmp_path))
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")
    return folder


def platforms(registry, app, reference="1.4"):
    """What the configs of an image or of the children of an index say."""
    manifest = registry.get_manifest(app, reference)
    return [one.platform for one in read_contents(registry, app, manifest).images]


def test_an_image_has_the_digest_that_the_registry_says(runtime, registry, app, image, context):
    output = io.BytesIO()
    pushed = build_image(runtime, registry, image, check_build(context), output=output)
    found = registry.resolve(app, "1.4")
    assert (pushed.digest, pushed.media_type) == (found.digest, found.media_type)
    assert str(pushed.image) == f"{registry.host}/{app}:1.4"
    assert pushed.platforms == ("linux/amd64",)
    assert b"COPY file /file" in output.getvalue()


def test_an_index_has_every_platform(runtime, registry, app, image, context):
    pushed = build_image(runtime, registry, image, check_build(context, platform=BOTH))
    index = registry.get_manifest(app, "1.4")
    assert pushed.digest == index.digest == registry.resolve(app, "1.4").digest
    assert [child.platform for child in index.children] == BOTH.split(",")
    assert platforms(registry, app) == list(pushed.platforms) == BOTH.split(",")


def test_a_warm_cache_does_not_pass_for_another_platform(runtime, registry, app, image, context):
    for platform in ("linux/amd64", "linux/arm64", "linux/arm/v7"):
        request = check_build(context, platform=platform)
        assert build_image(runtime, registry, image, request).platforms == (platform,)
        assert platforms(registry, app) == [platform]


def test_a_failed_build_shows_why_and_pushes_nothing(runtime, registry, app, image, context):
    (context / "Dockerfile").write_text("FROM scratch\nCOPY nowhere /file\n")
    output = io.BytesIO()
    with pytest.raises(RuntimeFailedError, match="nowhere") as failed:
        build_image(runtime, registry, image, check_build(context, platform=BOTH), output=output)
    assert "nowhere" in failed.value.output
    assert output.getvalue().decode().endswith(failed.value.output)
    with pytest.raises(NotFoundError):
        registry.resolve(app, "1.4")


def test_a_wrong_password_is_refused_and_not_shown(runtime, registry):
    with pytest.raises(RuntimeFailedError, match=r"login to .* as AWS ended with") as failed:
        runtime.login(registry.host, Credentials("AWS", "not-the-password"))
    assert "not-the-password" not in f"{failed.value}{failed.value.output}"


def test_pushing_the_same_image_again_is_harmless(runtime, registry, app, image, context):
    first = build_image(runtime, registry, image, check_build(context))
    assert push_image(runtime, registry, image, str(first.image)) == first
    other = push_image(runtime, registry, image.by_tag("other"), str(first.image))
    assert (other.digest, other.size) == (first.digest, first.size)
    assert registry.list_tags(app) == ["1.4", "other"]


def test_what_the_runtime_does_not_have_is_not_pushed(runtime, registry, app, image):
    with pytest.raises(RuntimeFailedError, match="no-such-image:1 ended with"):
        push_image(runtime, registry, image, "no-such-image:1")
    with pytest.raises(NotFoundError):
        registry.resolve(app, "1.4")


def test_build_arguments_reach_the_image(runtime, registry, app, image, context):
    with (context / "Dockerfile").open("a") as file:
        file.write("ARG NUMBER\nLABEL number=$NUMBER\n")
    build_image(runtime, registry, image, check_build(context, build_args={"NUMBER": "--7 8"}))
    manifest = registry.get_manifest(app, "1.4")
    with registry.read_blob(app, manifest.config.digest) as chunks:
        config = json.loads(b"".join(chunks))
    assert config["config"]["Labels"]["number"] == "--7 8"


# BuildKit's steps want a network, which this engine is started without.
@pytest.mark.parametrize("runtime", [PODMAN, DOCKER], indirect=True)
def test_a_failed_step_shows_what_it_wrote(runtime, registry, image, context):
    busybox = shutil.which("busybox")
    if not busybox or b"ld-linux" in Path(busybox).read_bytes()[:4096]:
        pytest.skip("busybox-static is not installed")
    shutil.copy(busybox, context / "busybox")
    (context / "Dockerfile").write_text(
        "FROM scratch\nCOPY busybox /bin/sh\nARG CODE\nRUN echo it ends; exit $CODE\n"
    )
    build_image(runtime, registry, image, check_build(context, build_args={"CODE": "0"}))
    with pytest.raises(RuntimeFailedError) as failed:
        build_image(runtime, registry, image, check_build(context, build_args={"CODE": "3"}))
    assert "\nit ends\n" in failed.value.output


@pytest.mark.parametrize("runtime", [PODMAN], indirect=True)
class TestPodman:
    def run(self, runtime, *arguments):
        return subprocess.run(
            [runtime.program, *arguments], check=True, capture_output=True, text=True
        ).stdout

    def test_keeps_no_list_of_platforms(self, runtime, registry, app, image, context):
        build_image(runtime, registry, image, check_build(context, platform=BOTH))
        listed = self.run(runtime, "images", "--format", "{{.Repository}}:{{.Tag}}").split()
        ours = sorted(name for name in listed if app in name or "versioned-" in name)
        names = [f"{registry.host}/{image}-linux-{one}" for one in ("amd64", "arm64")]
        assert ours == names

    def test_pushes_a_list_of_ones_own_whole(self, runtime, registry, app, image, context):
        build_image(runtime, registry, image, check_build(context, platform=BOTH))
        parts = [
            f"containers-storage:{registry.host}/{image}-linux-{one}" for one in ("amd64", "arm64")
        ]
        name = f"localhost/{app}:list"
        self.run(runtime, "manifest", "create", name, *parts)
        try:
            pushed = push_image(runtime, registry, image.by_tag("list"), name)
        finally:
            self.run(runtime, "manifest", "rm", name)
        assert platforms(registry, app, "list") == list(pushed.platforms) == BOTH.split(",")

"""Building and pushing from the first look at the tag to the digest that the registry says."""

import pytest
from image_builders import push_image as place_image
from image_builders import push_index
from registry_double import PASSWORD, USERNAME
from runtime_doubles import DIGEST, RuntimeDouble

from versioned.errors import StoreUnavailableError
from versioned.images.build_request import check_build
from versioned.images.building import build_image, push_image
from versioned.images.errors import (
    InvalidImageError,
    RegistryError,
    RuntimeFailedError,
    TagImmutableError,
    TagMovedError,
)
from versioned.images.manifest import OCI_INDEX, OCI_MANIFEST
from versioned.images.reference import ImageReference
from versioned.images.runtimes.docker import Docker
from versioned.images.runtimes.finch import Finch

IMAGE = ImageReference.parse("team/app:1.4")
BOTH = "linux/amd64,linux/arm64"


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder


@pytest.fixture
def server(make_registry_server):
    return make_registry_server(auth="basic")


@pytest.fixture
def registry(server, connect):
    return connect(server)


@pytest.fixture
def docker(tmp_path):
    """A double of Docker whose push names these digests, by tag, and what runs it."""

    def make(answers=None, **digests):
        said = {
            f"'push '*':{tag.replace('_', '-')}'": f"echo it: digest: {digest} size: 5"
            for tag, digest in digests.items()
        }
        double = RuntimeDouble(tmp_path, "docker", answers={**(answers or {}), **said})
        double.keep("app:dev")
        return double, Docker(str(double.program), {})

    return make


class Immutable:
    """A registry whose tags are all taken, from a number of questions on."""

    def __init__(self, registry, after):
        self._registry, self._left = registry, after

    def __getattr__(self, name):
        return getattr(self._registry, name)

    def check_tag_is_free(self, repository, tag):
        self._left -= 1
        if self._left < 0:
            raise TagImmutableError(f"{tag} of {repository} is taken")


class TestBuilding:
    def test_tells_what_the_registry_has(self, registry, docker, context):
        image = place_image(registry, "team/app", "1.4", layers=[b"one", b"second"])
        double, runtime = docker({"push*": f"echo 1.4: digest: {image.digest} size: 5"})
        pushed = build_image(runtime, registry, IMAGE, check_build(context))
        assert double.commands == ["login", "build", "image", "rmi", "push", "image"]
        assert pushed.to_dict() == {
            "image": f"{registry.host}/team/app:1.4",
            "digest": image.digest,
            "size": image.size,
            "media_type": OCI_MANIFEST,
            "runtime": "docker",
            "platforms": ["linux/amd64"],
        }
        assert image.size > 9

    def test_logs_in_with_the_registrys_credentials(self, registry, docker, context):
        image = place_image(registry, "team/app", "1.4")
        double, runtime = docker({"push*": f"echo 1.4: digest: {image.digest} size: 5"})
        build_image(runtime, registry, IMAGE, check_build(context))
        assert double.calls[0] == ("login", "-u", USERNAME, "--password-stdin", registry.host)
        assert double.stdin.decode() == PASSWORD
        assert not any(PASSWORD in word for call in double.calls for word in call)

    def test_leaves_dockers_own_credentials_where_there_are_no_others(
        self, make_registry, docker, context
    ):
        registry = make_registry()
        image = place_image(registry, "team/app", "1.4")
        double, runtime = docker({"push*": f"echo 1.4: digest: {image.digest} size: 5"})
        build_image(runtime, registry, IMAGE, check_build(context))
        assert "login" not in double.commands

    def test_that_fails_pushes_nothing(self, registry, docker, context):
        double, runtime = docker({"build*": "echo no such base; exit 1"})
        with pytest.raises(RuntimeFailedError, match="no such base"):
            build_image(runtime, registry, IMAGE, check_build(context, platform=BOTH))
        assert "push" not in double.commands

    def test_of_one_platform_that_fails_pushes_no_other(self, registry, docker, context):
        double, runtime = docker({"*'linux/arm64 -f'*": "echo no such base; exit 1"})
        with pytest.raises(RuntimeFailedError, match="build for linux/arm64 ended with 1"):
            build_image(runtime, registry, IMAGE, check_build(context, platform=BOTH))
        assert "push" not in double.commands

    def test_does_not_begin_where_the_tag_is_taken(self, registry, docker, context):
        double, runtime = docker()
        with pytest.raises(TagImmutableError):
            build_image(runtime, Immutable(registry, 0), IMAGE, check_build(context))
        assert not double.calls

    def test_pushes_nothing_where_the_tag_was_taken_meanwhile(self, registry, docker, context):
        double, runtime = docker()
        with pytest.raises(TagImmutableError):
            build_image(runtime, Immutable(registry, 1), IMAGE, check_build(context))
        assert double.commands == ["login", "build", "image", "rmi"]

    def test_notices_that_somebody_else_pushed_to_the_tag(self, registry, docker, context):
        theirs = place_image(registry, "team/app", "1.4")
        _, runtime = docker()
        with pytest.raises(TagMovedError) as failed:
            build_image(runtime, registry, IMAGE, check_build(context))
        assert DIGEST in failed.value.message
        assert theirs.digest in failed.value.message

    def test_notices_that_another_platform_was_pushed(self, registry, docker, context):
        image = place_image(registry, "team/app", "1.4", platform="linux/arm64")
        _, runtime = docker({"push*": f"echo 1.4: digest: {image.digest} size: 5"})
        with pytest.raises(
            RuntimeFailedError, match="asked for linux/amd64, and was pushed as "
        ) as e:
            build_image(runtime, registry, IMAGE, check_build(context))
        assert e.value.message.endswith("for linux/arm64")

    def test_notices_that_another_build_took_its_name_before_the_push(
        self, registry, docker, context
    ):
        image = place_image(registry, "team/app", "1.4")
        others = f'echo 0c2d linux/amd64 > "$(kept "$2")"; echo digest: {image.digest} size: 5'
        _, runtime = docker({"push*": others})
        with pytest.raises(TagMovedError, match="was given to another image here before it was"):
            build_image(runtime, registry, IMAGE, check_build(context))
        with pytest.raises(TagMovedError, match="was given to another image here before it was"):
            push_image(runtime, registry, IMAGE, "app:dev")

    def test_puts_no_index_of_another_builds_images(self, registry, docker, context):
        images = {
            one: place_image(registry, "team/app", f"1.4-linux-{one}", platform=f"linux/{one}")
            for one in ("amd64", "arm64")
        }
        take = 'echo 0c2d linux/amd64 > "$(kept "$2")"'
        _, runtime = docker({
            f"'push '*{one}": f"{take}; echo digest: {image.digest} size: 5"
            for one, image in images.items()
        })  # fmt: skip
        with pytest.raises(TagMovedError):
            build_image(runtime, registry, IMAGE, check_build(context, platform=BOTH))
        assert "1.4" not in registry.list_tags("team/app")

    @pytest.mark.parametrize("name", ["team/app", "elsewhere.example.com/team/app:1.4"])
    def test_needs_a_tag_of_that_registry(self, registry, docker, context, name):
        double, runtime = docker()
        with pytest.raises(InvalidImageError, match="can't be pushed to 127"):
            build_image(runtime, registry, ImageReference.parse(name), check_build(context))
        assert not double.calls


class TestSeveralPlatforms:
    @pytest.fixture
    def images(self, registry):
        return [
            place_image(registry, "team/app", f"1.4-linux-{one}", layers=[one.encode()],
                        platform=f"linux/{one}")
            for one in ("amd64", "arm64")
        ]  # fmt: skip

    def test_are_pushed_one_by_one_and_joined_where_the_runtime_can_not(
        self, registry, docker, context, images
    ):
        amd64, arm64 = images
        said = {"1.4_linux_amd64": amd64.digest, "1.4_linux_arm64": arm64.digest}
        double, runtime = docker(**said)
        pushed = build_image(runtime, registry, IMAGE, check_build(context, platform=BOTH))
        index = registry.get_manifest("team/app", "1.4")
        assert [(one.digest, one.platform) for one in index.children] == [
            (amd64.digest, "linux/amd64"),
            (arm64.digest, "linux/arm64"),
        ]
        assert (pushed.digest, pushed.media_type) == (index.digest, OCI_INDEX)
        assert pushed.platforms == ("linux/amd64", "linux/arm64")
        assert pushed.size == amd64.size + arm64.size
        assert [call[1] for call in double.calls if call[0] == "push"] == [
            f"{registry.host}/team/app:1.4-linux-{one}" for one in ("amd64", "arm64")
        ]

    def test_again_make_the_same_index(self, registry, docker, context, images):
        amd64, arm64 = images
        _, runtime = docker(**{"1.4_linux_amd64": amd64.digest, "1.4_linux_arm64": arm64.digest})
        request = check_build(context, platform="linux/arm64,linux/amd64")
        first = build_image(runtime, registry, IMAGE, request)
        assert build_image(runtime, registry, IMAGE, request) == first

    def test_leave_the_tag_where_one_was_not_pushed(self, registry, docker, context, images):
        _, runtime = docker({"'push '*'arm64'": "exit 1"}, **{"1.4_linux_amd64": images[0].digest})
        with pytest.raises(RuntimeFailedError, match="push ended with 1"):
            build_image(runtime, registry, IMAGE, check_build(context, platform=BOTH))
        assert "1.4" not in registry.list_tags("team/app")

    def test_of_an_index_are_what_its_images_say_themselves(self, registry, tmp_path, context):
        images = [place_image(registry, "team/app", None, layers=[one]) for one in (b"a", b"b")]
        push_index(registry, "team/app", "1.4", images)
        runtime = Finch(str(RuntimeDouble(tmp_path, "finch").program), {})
        with pytest.raises(RuntimeFailedError, match="for linux/amd64, linux/amd64"):
            build_image(runtime, registry, IMAGE, check_build(context, platform=BOTH))

    def test_of_attestations_are_none(self, registry, tmp_path, context):
        named = ["linux/amd64", "linux/arm64", "unknown/unknown"]
        images = [
            place_image(registry, "team/app", None, layers=[one.encode()], platform=one)
            for one in named
        ]
        index = push_index(registry, "team/app", "1.4", images)
        runtime = Finch(str(RuntimeDouble(tmp_path, "finch").program), {})
        pushed = build_image(runtime, registry, IMAGE, check_build(context, platform=BOTH))
        assert (pushed.digest, pushed.platforms) == (index.digest, tuple(named[:2]))
        assert pushed.size == sum(image.size for image in images)


class TestPushing:
    def test_names_a_local_image_and_pushes_it(self, registry, docker):
        image = place_image(registry, "team/app", "1.4", platform="linux/arm64")
        double, runtime = docker({"push*": f"echo 1.4: digest: {image.digest} size: 5"})
        pushed = push_image(runtime, registry, IMAGE, "app:dev")
        name = f"{registry.host}/team/app:1.4"
        assert [call for call in double.calls if call[0] in {"tag", "push"}] == [
            ("tag", "app:dev", name),
            ("push", name),
        ]
        assert (pushed.digest, pushed.platforms) == (image.digest, ("linux/arm64",))
        assert push_image(runtime, registry, IMAGE, "app:dev") == pushed

    def test_does_not_begin_where_the_tag_is_taken(self, registry, docker):
        double, runtime = docker()
        with pytest.raises(TagImmutableError):
            push_image(runtime, Immutable(registry, 0), IMAGE, "app:dev")
        assert not double.calls

    def test_of_what_is_not_there_is_an_error(self, registry, docker):
        double, runtime = docker()
        with pytest.raises(RuntimeFailedError, match="No such image: app:prod"):
            push_image(runtime, registry, IMAGE, "app:prod")
        assert "push" not in double.commands

    def test_tells_when_a_config_is_damaged(self, registry, server, docker):
        image = place_image(registry, "team/app", "1.4")
        _, runtime = docker({"push*": f"echo 1.4: digest: {image.digest} size: 5"})
        change = lambda status, headers, body: (status, headers, body.replace(b"linux", b"linus"))  # noqa: E731
        server.fail("GET", "/blobs/", change=change)
        with pytest.raises(RegistryError, match=r"the config sha256:.* is damaged"):
            push_image(runtime, registry, IMAGE, "app:dev")


@pytest.mark.parametrize(
    ("is_up", "expected"), [(True, RuntimeFailedError), (False, StoreUnavailableError)]
)
def test_a_login_that_fails_says_whether_the_registry_is_up(
    registry, server, docker, context, is_up, expected
):
    _, runtime = docker({"login*": "exit 1"})
    if not is_up:
        server.fail("*", "", times=9, drop=True)
    with pytest.raises(expected):
        build_image(runtime, registry, IMAGE, check_build(context))

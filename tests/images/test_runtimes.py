"""How each container runtime is called, and what is made of what it says. The programs are doubles;
the real ones are in `test_real_runtimes.py`."""

import fcntl
import io
import os
import threading
import time

import pytest
from runtime_doubles import DIGEST, RuntimeDouble, is_running

from versioned.images.build_request import check_build
from versioned.images.errors import InvalidImageError, RuntimeFailedError, TagMovedError
from versioned.images.reference import ImageReference
from versioned.images.registry import Credentials
from versioned.images.runtimes.base import LocalImage
from versioned.images.runtimes.docker import Docker
from versioned.images.runtimes.finch import Finch
from versioned.images.runtimes.podman import Podman

KINDS = {"docker": Docker, "finch": Finch, "podman": Podman}
IMAGE = ImageReference.parse("registry.example.com/team/app:1.4")
LOCAL = ImageReference.parse("127.0.0.1:5000/app:1.4")
BOTH = "linux/amd64,linux/arm64"
NAMES = "{{.Id}} {{.Os}}/{{.Architecture}}"
BUILDX = {"'buildx inspect'": "printf 'Name:   b\\nDriver: docker-container\\n'"}


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder


@pytest.fixture
def start(tmp_path):
    """A double of a kind, and what runs it."""

    def make(kind, answers=None, **options):
        double = RuntimeDouble(tmp_path, kind, answers=answers, **options)
        return double, KINDS[kind](str(double.program), {"GIVEN": "1"})

    return make


def built(context, platforms="linux/amd64"):
    return ("--platform", platforms, "-f", f"{context}/Dockerfile", str(context))


class TestLogin:
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_password_goes_to_standard_input_and_nowhere_else(self, start, kind):
        double, runtime = start(kind)
        runtime.login("registry.example.com", Credentials("AWS", "pass word\n"))
        assert double.calls == [("login", "-u", "AWS", "--password-stdin", "registry.example.com")]
        assert double.stdin == b"pass word\n"

    def test_a_token_of_many_kilobytes_fits(self, start):
        double, runtime = start("docker")
        runtime.login("registry.example.com", Credentials("AWS", "t" * 60_000))
        assert len(double.stdin) == 60_000

    @pytest.fixture
    def small_pipes(self, monkeypatch):
        """As Linux gives them to a user who has many."""
        pipe = os.pipe

        def small_pipe():
            ends = pipe()
            fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 4096)
            return ends

        monkeypatch.setattr(os, "pipe", small_pipe)

    @pytest.mark.usefixtures("small_pipes")
    def test_it_fits_though_pipes_are_small(self, start):
        double, runtime = start("docker")
        runtime.login("registry.example.com", Credentials("AWS", "t" * 60_000))
        assert len(double.stdin) == 60_000

    @pytest.mark.usefixtures("small_pipes")
    def test_a_program_that_does_not_read_it_keeps_nothing_waiting(self, start):
        _, runtime = start("docker", {"login*": "exit 0"})
        before = set(threading.enumerate())
        runtime.login("registry.example.com", Credentials("AWS", "t" * 60_000))
        left = set(threading.enumerate()) - before
        for thread in left:
            thread.join(30)
        assert not any(thread.is_alive() for thread in left)

    def test_what_no_pipe_holds_is_refused_and_hangs_nothing(self, start):
        double, runtime = start("docker")
        with pytest.raises(RuntimeFailedError, match="a password of 9999999 bytes is too long"):
            runtime.login("registry.example.com", Credentials("AWS", "t" * 9_999_999))
        assert not double.calls

    def test_a_refusal_is_an_error_without_the_password(self, start):
        _, runtime = start("docker", {"login*": "echo denied: $(cat) >&2; exit 1"})
        with pytest.raises(RuntimeFailedError) as failed:
            runtime.login("registry.example.com", Credentials("AWS", "s3cret"))
        assert failed.value.message == (
            "docker: login to registry.example.com as AWS ended with 1: denied: ***"
        )
        assert failed.value.output == "denied: ***\n"

    @pytest.mark.parametrize(
        "host", ["127.0.0.1:5000", "localhost:5000", "[::1]:5000", "127.9.9.9"]
    )
    def test_podman_may_speak_plain_http_to_this_machine(self, start, host):
        double, runtime = start("podman")
        runtime.login(host, Credentials("u", "p"))
        assert double.calls[0][-2:] == ("--tls-verify=false", host)

    @pytest.mark.parametrize("host", ["127.0.0.1.example.com", "10.0.0.1:5000", "localhost.com"])
    def test_podman_may_not_elsewhere(self, start, host):
        double, runtime = start("podman")
        runtime.login(host, Credentials("u", "p"))
        assert double.calls[0][-2:] == ("--password-stdin", host)


class TestBuild:
    @pytest.mark.parametrize("kind", ["docker", "podman"])
    def test_one_platform_is_built_and_looked_at(self, start, context, kind):
        double, runtime = start(kind)
        request = check_build(context, build_args={"VERSION": "1.4", "EMPTY": ""})
        runtime.build(request, IMAGE, output=None)
        build, look, untag = double.calls
        ours = build[2]
        arguments = ("--build-arg", "VERSION", "--build-arg", "EMPTY", str(context))
        assert build == ("build", "-t", ours, "-t", str(IMAGE), *built(context)[:-1], *arguments)
        assert look == ("image", "inspect", "--format", NAMES, ours)
        assert untag == (("rmi", ours) if kind == "docker" else ("untag", ours, ours))

    @pytest.mark.parametrize("kind", ["docker", "podman"])
    def test_values_of_build_arguments_go_by_the_environment(self, start, context, kind):
        shown = 'echo "<$TOKEN> <$HOME> <$GIVEN>"; exit 1'
        double, runtime = start(kind, {"build*": shown})
        request = check_build(context, build_args={"TOKEN": "7", "HOME": "/x", "http_proxy": "p"})
        with pytest.raises(RuntimeFailedError) as failed:
            runtime.build(request, IMAGE, output=None)
        assert failed.value.output == "<7> <> <1>\n"
        told = [word for word in double.calls[0] if word.startswith(("TOKEN", "HOME", "http"))]
        assert told == ["TOKEN", "HOME=/x", "http_proxy=p"]

    def test_finch_hands_no_environment_to_its_machine(self, start, context):
        double, runtime = start("finch")
        runtime.build(check_build(context, build_args={"TOKEN": "7"}), IMAGE, output=None)
        assert "TOKEN=7" in double.calls[0]

    def test_finch_builds_all_platforms_at_once(self, start, context):
        double, runtime = start("finch")
        runtime.build(check_build(context, platform=BOTH), IMAGE, output=None)
        assert runtime.joins_platforms()
        assert double.calls == [("build", "-t", str(IMAGE), *built(context, BOTH))]

    def test_podman_builds_them_one_by_one(self, start, context):
        double, runtime = start("podman")
        runtime.build(check_build(context, platform=BOTH), IMAGE, output=None)
        assert runtime.joins_platforms()
        builds = [call for call in double.calls if call[0] == "build"]
        assert [call[4:] for call in builds] == [
            (f"{IMAGE}-linux-amd64", *built(context, "linux/amd64")),
            (f"{IMAGE}-linux-arm64", *built(context, "linux/arm64")),
        ]

    def test_docker_builds_them_at_once_where_buildx_can(self, start, context):
        double, runtime = start("docker", BUILDX)
        assert runtime.joins_platforms()
        runtime.build(check_build(context, platform=BOTH), IMAGE, output=None)
        assert double.calls[-1] == ("buildx", "build", "-t", str(IMAGE), *built(context, BOTH))

    @pytest.mark.parametrize(
        ("driver", "status", "joins"),
        [
            ("docker", "[[Backing Filesystem extfs]]", False),
            ("docker", "[[driver-type io.containerd.snapshotter.v1]]", True),
            ("remote", "", True),
        ],
    )
    def test_the_classic_store_of_docker_holds_no_index(self, start, driver, status, joins):
        inspected = f"printf 'Name:   default\\nDriver: {driver}\\n'"
        _, runtime = start("docker", {"'buildx inspect'": inspected, "info*": f"echo '{status}'"})
        assert runtime.joins_platforms() is joins

    def test_a_docker_without_buildx_joins_none(self, start):
        assert not start("docker")[1].joins_platforms()

    def test_an_image_of_a_stale_cache_is_built_anew(self, start, context):
        double, runtime = start("podman", stale="linux/amd64")
        request = check_build(context, platform="linux/arm64")
        image = runtime.build(request, IMAGE, output=None)
        assert double.commands == ["build", "image", "untag", "build", "image", "untag"]
        assert double.calls[3][:3] == ("build", "--no-cache", "-t")
        assert image == LocalImage(IMAGE, (double.identity(IMAGE),), request)

    def test_its_id_is_known_though_another_build_takes_its_name(self, start, context):
        taken = f'cat "$(kept "$5")"; echo 0c2d linux/amd64 > "$(kept {IMAGE})"'
        double, runtime = start("docker", {"'image inspect'*localhost*": taken})
        image = runtime.build(check_build(context), IMAGE, output=None)
        assert double.identity(IMAGE) == "0c2d"
        assert image.ids[0].startswith("id-")

    def test_one_that_stays_another_platforms_is_an_error(self, start, context):
        _, runtime = start("podman", {"'image inspect'*": "echo 0a1b linux/amd64"})
        with pytest.raises(RuntimeFailedError, match="for linux/amd64, not for linux/arm64; it wa"):
            runtime.build(check_build(context, platform="linux/arm64"), IMAGE, output=None)

    def test_warnings_do_not_hide_the_platform(self, start, context):
        noise = "echo level=warning msg=\"a b/c d\" >&2; echo 0a1b linux/arm; echo 'it is old' >&2"
        _, runtime = start("podman", {"'image inspect'*": noise})
        runtime.build(check_build(context, platform="linux/arm/v6"), IMAGE, output=None)

    def test_one_that_is_nowhere_after_the_build_is_an_error(self, start, context):
        gone = "echo 'Error: No such image' >&2; exit 1"
        _, runtime = start("docker", {"'image inspect'*": gone})
        with pytest.raises(RuntimeFailedError, match="No such image") as failed:
            runtime.build(check_build(context), IMAGE, output=None)
        assert "BUILDX_BUILDER" in failed.value.hint

    def test_it_runs_in_the_context_with_the_given_environment(self, start, context):
        _, runtime = start("finch", {"build*": "{ pwd; env; cat; } > seen"})
        runtime.build(check_build(context), IMAGE, output=None)
        where, *environ = (context / "seen").read_text().splitlines()
        assert where == str(context)
        assert {line.partition("=")[0] for line in environ} == {"GIVEN", "PWD"}


class TestOutput:
    def test_is_passed_on_while_the_runtime_is_at_work(self, start, context):
        wait = "for n in $(seq 3000); do [ -e go ] && exit 0; sleep 0.02; done; exit 1"
        _, runtime = start("finch", {"build*": f"echo begun; {wait}"})

        class Sink(io.BytesIO):
            def write(self, content):
                (context / "go").touch()
                return super().write(content)

        sink = Sink()
        runtime.build(check_build(context), IMAGE, output=sink)
        assert sink.getvalue() == b"begun\n"

    def test_has_an_end_that_a_failure_shows(self, start, context):
        noise = "head -c 9999 /dev/zero | tr '\\0' x; printf '\\n\\033[31mno such file\\n'; exit 3"
        _, runtime = start("podman", {"build*": noise})
        sink = io.BytesIO()
        with pytest.raises(RuntimeFailedError) as failed:
            runtime.build(check_build(context), IMAGE, output=sink)
        assert failed.value.message == (
            "podman: build for linux/amd64 ended with 3: [31mno such file"
        )
        assert len(failed.value.output) == 4096
        assert failed.value.output.endswith("no such file\n")
        assert len(sink.getvalue()) > 9999

    def test_has_no_build_argument_in_the_error(self, start, context):
        _, runtime = start(
            "podman", {"build*": 'echo "cannot use TOKEN=$TOKEN LEVEL=$LEVEL x" >&2; exit 1'}
        )
        request = check_build(context, build_args={"TOKEN": "hunter22", "LEVEL": "1"})
        with pytest.raises(RuntimeFailedError) as failed:
            runtime.build(request, IMAGE, output=None)
        assert "TOKEN=*** " in failed.value.output
        assert "LEVEL=1 " in failed.value.output
        assert "hunter22" not in f"{failed.value} {failed.value.output} {request!r}"

    def test_that_nobody_takes_any_more_does_not_end_the_build(self, start, context):
        class Gone(io.BytesIO):
            def write(self, _):
                raise BrokenPipeError

        _, runtime = start("finch", {"build*": "echo a; echo b; echo done > done"})
        runtime.build(check_build(context), IMAGE, output=Gone())
        assert (context / "done").exists()

    def test_an_interruption_kills_the_runtime_with_its_children(self, start, context):
        class Interrupted(io.BytesIO):
            def write(self, _):
                raise KeyboardInterrupt

        _, runtime = start("finch", {"build*": "sleep 60 & echo $! > child; echo begun; wait"})
        with pytest.raises(KeyboardInterrupt):
            runtime.build(check_build(context), IMAGE, output=Interrupted())
        child, started = int((context / "child").read_text()), time.monotonic()
        while is_running(child):
            assert time.monotonic() - started < 30


class TestPush:
    def test_docker_says_the_digest(self, start):
        double, runtime = start("docker")
        double.keep(IMAGE, "0a1b")
        assert runtime.push(LocalImage(IMAGE, ("0a1b",)), output=None) == DIGEST
        assert double.calls[0] == ("push", str(IMAGE))

    def test_docker_pushes_whatever_has_the_name_which_is_noticed(self, start):
        double, runtime = start("docker")
        double.keep(IMAGE, "0c2d")
        with pytest.raises(TagMovedError, match="was given to another image here before it was"):
            runtime.push(LocalImage(IMAGE, ("0a1b",)), output=None)

    def test_finch_pushes_all_platforms_and_says_no_digest(self, start):
        double, runtime = start("finch")
        assert runtime.push(LocalImage(IMAGE), output=None) is None
        assert double.calls == [("push", "--all-platforms", str(IMAGE))]

    def test_podman_pushes_by_the_id_and_writes_the_digest(self, start):
        double, runtime = start("podman")
        assert runtime.push(LocalImage(LOCAL, ("0a1b",)), output=None) == DIGEST
        push, digestfile, _, *rest = double.calls[-1]
        assert (push, digestfile) == ("push", "--digestfile")
        assert rest == ["--tls-verify=false", "0a1b", f"docker://{LOCAL}"]

    def test_a_list_of_podman_is_pushed_whole(self, start):
        double, runtime = start("podman", {"'manifest exists'*": "exit 0"})
        assert runtime.push(LocalImage(IMAGE, ("app:list",)), output=None) == DIGEST
        *command, _, name, place = double.calls[-1]
        assert command == ["manifest", "push", "--all", "--digestfile"]
        assert (name, place) == ("app:list", f"docker://{IMAGE}")

    def test_platforms_of_podman_are_joined_for_the_push_alone(self, start):
        double, runtime = start("podman")
        assert runtime.push(LocalImage(IMAGE, ("0a1b", "2c3d")), output=None) == DIGEST
        create, push, remove = double.calls
        name = create[2]
        images = ["containers-storage:@0a1b", "containers-storage:@2c3d"]
        assert create == ("manifest", "create", name, *images)
        assert push[-2:] == (name, f"docker://{IMAGE}")
        assert remove == ("manifest", "rm", name)

    def test_the_list_is_removed_after_a_push_that_failed(self, start):
        double, runtime = start("podman", {"'manifest push'*": "echo denied >&2; exit 125"})
        with pytest.raises(RuntimeFailedError, match="push ended with 125: denied"):
            runtime.push(LocalImage(IMAGE, ("0a1b", "2c3d")), output=None)
        assert double.calls[-1][:2] == ("manifest", "rm")

    def test_platforms_of_buildx_are_pushed_by_the_builder(self, start, context):
        write = f'printf \'{{"containerimage.digest": "{DIGEST}"}}\' > "$5"'
        double, runtime = start("docker", BUILDX | {"'buildx build'*": write})
        request = check_build(context, platform=BOTH, build_args={"A": "1"})
        assert runtime.push(LocalImage(IMAGE, request=request), output=None) == DIGEST
        (call,) = double.calls
        assert call[:4] == ("buildx", "build", "--push", "--metadata-file")
        assert call[5:7] == ("-t", str(IMAGE))
        assert call[7:] == (*built(context, BOTH)[:-1], "--build-arg", "A", str(context))

    def test_a_failure_has_what_the_runtime_said(self, start):
        _, runtime = start("docker", {"push*": "echo 'denied: token expired'; exit 1"})
        with pytest.raises(RuntimeFailedError, match="docker: push ended with 1: denied: token "):
            runtime.push(LocalImage(IMAGE), output=None)


@pytest.mark.parametrize(
    "name", ["", "-f", "--help", "a b", "app\n", "$(x)", "a;b", "ä", "a" * 2000]
)
def test_what_is_no_local_image_is_not_handed_over(start, name):
    double, runtime = start("docker")
    with pytest.raises(InvalidImageError):
        runtime.tag(name, IMAGE)
    assert not double.calls


@pytest.mark.parametrize("name", ["app", "app:1.4", "sha256:0a1b", "h:5000/a/app@sha256:0a1b"])
@pytest.mark.parametrize(
    ("kind", "known"), [("docker", ("0a1b",)), ("podman", None), ("finch", ())]
)
def test_a_local_image_gets_the_name_it_is_pushed_by(start, kind, known, name):
    double, runtime = start(kind)
    double.keep(name, "0a1b")
    ids = (name,) if known is None else known
    assert runtime.tag(name, IMAGE) == LocalImage(IMAGE, ids)
    assert double.calls[-1] == ("tag", name, str(IMAGE))


def test_a_program_that_is_gone_is_an_error(start):
    double, runtime = start("docker")
    double.program.unlink()
    with pytest.raises(RuntimeFailedError, match=r"docker could not be started: .*No such file"):
        runtime.push(LocalImage(IMAGE), output=None)

"""Which container runtime is taken: the first that really runs."""

import time
from types import SimpleNamespace

import pytest
from runtime_doubles import RuntimeDouble, is_running, search_path

from versioned import processes
from versioned.images.errors import RuntimeNotFoundError
from versioned.images.runtimes.detection import PATIENCE, detect_runtime
from versioned.images.runtimes.docker import Docker
from versioned.images.runtimes.finch import Finch
from versioned.images.runtimes.podman import Podman

NO_DAEMON = {
    "version*": (
        'echo; echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. '
        'Is the docker daemon running?" >&2; exit 1'
    )
}


@pytest.fixture
def place(tmp_path):
    """Makes doubles in one folder of the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return lambda kind, **options: RuntimeDouble(folder, kind, **options)


@pytest.fixture
def environ(tmp_path):
    return search_path(tmp_path / "bin")


def test_docker_comes_first_then_finch_then_podman(place, environ):
    podman = place("podman")
    assert detect_runtime(environ) == Podman(str(podman.program), environ)
    finch = place("finch")
    assert detect_runtime(environ) == Finch(str(finch.program), environ)
    docker = place("docker")
    found = detect_runtime(environ)
    assert (found, found.name) == (Docker(str(docker.program), environ), "docker")


def test_a_docker_without_its_daemon_is_passed_over(place, environ):
    place("docker", answers=NO_DAEMON)
    place("podman")
    assert detect_runtime(environ).name == "podman"


def test_a_docker_that_is_podmans_stand_in_is_podman(place, environ):
    stand_in = place("podman", name="docker", version="podman version 4.3.1")
    assert detect_runtime(environ) == Podman(str(stand_in.program), environ)


def test_podman_by_another_name_is_podman(place, environ):
    answers = {"version*": "printf 'Client:       Podman Engine\\nVersion:      4.3.1\\n'"}
    link = place("podman", name="docker", version="docker version 4.3.1", answers=answers)
    assert detect_runtime(environ) == Podman(str(link.program), environ)


def test_another_program_of_that_kind_is_not_taken(place, environ):
    place("docker", version="nerdctl version 1.7.0", answers={"version*": "echo Client:"})
    with pytest.raises(RuntimeNotFoundError, match="docker, which is none of Docker, Finch and"):
        detect_runtime(environ)


def test_the_chat_client_finch_is_not_taken(place, environ):
    chat = place("finch", version="Finch 2.14.12 (2fc862e230a7)")
    with pytest.raises(RuntimeNotFoundError, match="finch, which is none of Docker, Finch and"):
        detect_runtime(environ)
    assert chat.calls == [("--version",)]


@pytest.fixture
def hanging(place, monkeypatch):
    """A Docker that hangs in its second answer, and the file that says which child it has then.
    Its time is up soon after that, so that no other program needs to be fast."""
    docker = place("docker", answers={"version*": 'sleep 60 & echo $! > "$here/child"; wait'})
    child, looks = docker.here / "child", []

    def clock():
        if child.exists() and child.read_text():
            looks.append(child)
        passed = 2 * PATIENCE if len(looks) > 1 else 0  # the first may set the end of its time
        return time.monotonic() + passed

    monkeypatch.setattr(processes, "time", SimpleNamespace(monotonic=clock, sleep=time.sleep))
    return child


def test_one_that_hangs_is_killed_with_its_children(place, environ, hanging):
    place("podman")
    assert detect_runtime(environ).name == "podman"
    child, started = int(hanging.read_text()), time.monotonic()
    while is_running(child):
        assert time.monotonic() - started < 30


def test_for_how_long_it_was_waited_is_said(environ, hanging):
    with pytest.raises(
        RuntimeNotFoundError, match=f"docker, which does not answer within {PATIENCE:g} s"
    ):
        detect_runtime(environ)


def test_one_that_asks_gets_no_answer_from_the_terminal(place, environ):
    place("docker", answers={"version*": 'read answer; echo "no answer" >&2; exit 1'})
    with pytest.raises(RuntimeNotFoundError, match="not running: no answer; finch"):
        detect_runtime(environ)


def test_the_error_says_of_each_what_is_missing(place, environ):
    docker = place("docker", answers=NO_DAEMON)
    finch = place("finch", answers={"version*": 'echo "VM is not running" >&2; exit 1'})
    with pytest.raises(RuntimeNotFoundError) as failed:
        detect_runtime(environ)
    assert failed.value.message == (
        "no container runtime runs here: "
        f"docker is {docker.program}, which is installed and not running: Cannot connect to the "
        "Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?; "
        f"finch is {finch.program}, which is installed and not running: VM is not running; "
        "podman is not installed"
    )
    assert "CDK_DOCKER" in failed.value.hint
    assert isinstance(failed.value, RuntimeError)


class TestTheChoice:
    @pytest.mark.parametrize("choice", ["podman", "{}/podman"])
    def test_by_name_and_by_path_is_taken_before_any_other(self, place, environ, tmp_path, choice):
        docker, podman = place("docker"), place("podman")
        environ["CDK_DOCKER"] = choice.format(tmp_path / "bin")
        assert detect_runtime(environ) == Podman(str(podman.program), environ)
        assert not docker.calls

    def test_is_known_by_what_it_says_of_itself(self, tmp_path, environ):
        program = RuntimeDouble(tmp_path, "finch", name="my-docker").program
        environ["CDK_DOCKER"] = str(program)
        assert detect_runtime(environ) == Finch(str(program), environ)

    def test_that_is_not_there_leaves_the_others_unasked(self, place, environ):
        docker = place("docker")
        environ["CDK_DOCKER"] = "/nowhere/podman"
        with pytest.raises(RuntimeNotFoundError) as failed:
            detect_runtime(environ)
        assert failed.value.message == (
            "the container runtime that CDK_DOCKER names does not run: "
            "/nowhere/podman is not installed"
        )
        assert not docker.calls

    def test_that_does_not_run_is_an_error(self, place, environ):
        place("docker", answers=NO_DAEMON)
        place("podman")
        environ["CDK_DOCKER"] = "docker"
        with pytest.raises(RuntimeNotFoundError, match="docker, which is installed and not runn"):
            detect_runtime(environ)

    def test_that_is_no_program_is_an_error(self, tmp_path, environ):
        program = RuntimeDouble(tmp_path, "docker").program
        program.write_bytes(b"\x7fELF nothing")
        environ["CDK_DOCKER"] = str(program)
        with pytest.raises(RuntimeNotFoundError, match=r"can't be started: .*Exec format error"):
            detect_runtime(environ)

    def test_that_is_empty_is_none(self, place, environ):
        place("podman")
        environ["CDK_DOCKER"] = ""
        assert detect_runtime(environ).name == "podman"


def test_the_environment_is_not_shown(place, environ):
    place("docker")
    environ["SECRET"] = "hunter22"
    assert "hunter22" not in repr(detect_runtime(environ))

"""Fixtures of the tests of `versioned images`: `pytest_plugins = ("images_fixtures",)` gives them."""

import secrets

import pytest
from registry_double import RegistryDouble

from versioned.images.registries.oci import OciRegistry


@pytest.fixture(scope="module")
def server():
    """A registry for all tests of a module."""
    with RegistryDouble() as server:
        yield server


@pytest.fixture(scope="module")
def registry(server):
    with OciRegistry(server.url) as registry:
        yield registry


@pytest.fixture
def team():
    """The first part of all repositories of a test."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture
def images(run, server, team):
    """Run a command of images on the registry, which is called `host` in what it prints; the
    prefix of a test is called `team`."""

    def call(line, **options):
        ran = run(f"images --registry {server.url} {line}", **options)
        ran.stdout = ran.stdout.replace(server.host, "host").replace(team, "team")
        ran.stderr = ran.stderr.replace(server.host, "host").replace(team, "team")
        return ran

    return call


@pytest.fixture
def ours(images, team):
    """As `images`, below the prefix of the test."""
    return lambda line, **options: images(f"--prefix {team} {line}", **options)


@pytest.fixture
def in_use(home, server, team):
    """Say in a file that a container uses these images below the prefix; gives the option."""

    def write(*names):
        containers = [{"name": "c", "image": f"{server.host}/{team}/{name}"} for name in names]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}
        (home / "pod.yaml").write_text(f"{pod | {'spec': {'containers': containers}}}\n")
        return "--files pod.yaml"

    return write

"""Where the tests' registries come from: `pytest --registries=double,docker` chooses them.

`double` is in memory, as the specification is; `docker` is a real docker-registry, which is
started by `scripts/with-registry`. Repositories lie below `prefix`, which is fresh for each test.
"""

import os
import secrets

import pytest
from registry_double import PASSWORD, USERNAME, RegistryDouble

from versioned.images.registries.oci import OciRegistry
from versioned.images.registry import Credentials

REGISTRIES = ("double", "docker")
REGISTRY_VARIABLES = (
    "VERSIONED_TEST_REGISTRY",
    "VERSIONED_TEST_REGISTRY_USER",
    "VERSIONED_TEST_REGISTRY_PASSWORD",
)


def pytest_generate_tests(metafunc):
    """A test that uses a registry, even through other fixtures, runs once on each chosen one."""
    if "registry_kind" in metafunc.fixturenames:
        kinds = [kind for kind in metafunc.config.getoption("--registries").split(",") if kind]
        unknown = sorted(set(kinds) - set(REGISTRIES))
        if unknown or not kinds:
            raise pytest.UsageError(f"--registries takes {', '.join(REGISTRIES)}, not {unknown}")
        missing = [name for name in REGISTRY_VARIABLES if not os.environ.get(name)]
        if "docker" in kinds and missing:
            raise pytest.UsageError(
                f"--registries=docker needs {', '.join(missing)}: run 'scripts/with-registry DIR "
                ".venv/bin/pytest ...'"
            )
        real = pytest.param("docker", marks=pytest.mark.registry)
        chosen = [real if kind == "docker" else kind for kind in kinds]
        metafunc.parametrize("registry_kind", chosen, scope="session")


@pytest.fixture
def registry_server():
    """A registry in memory without authentication, as the specification is."""
    with RegistryDouble() as server:
        yield server


@pytest.fixture
def make_registry_server():
    """Starts more of them; keyword arguments go to `RegistryDouble`."""
    started = []

    def make(**options):
        started.append(RegistryDouble(**options).__enter__())
        return started[-1]

    yield make
    for server in started:
        server.__exit__(None, None, None)


@pytest.fixture
def pauses():
    """The seconds that clients of this test waited before they tried again; nobody really waits."""
    return []


@pytest.fixture
def connect(pauses):
    """Makes a client of a `RegistryDouble`, with its password where it wants one; keyword
    arguments go to `OciRegistry`."""
    made = []

    def make(server, **options):
        if server.auth and "credentials" not in options:
            options["credentials"] = Credentials(USERNAME, PASSWORD)
        made.append(OciRegistry(server.url, sleep=pauses.append, **options))
        return made[-1]

    yield make
    for registry in made:
        registry.close()


@pytest.fixture
def make_registry(make_registry_server, connect):
    """Makes clients of further registries, each in memory and on its own; keyword arguments go to
    `RegistryDouble`."""
    return lambda **options: connect(make_registry_server(**options))


@pytest.fixture
def registry(registry_kind, connect, request):
    """A client of each chosen registry; of the double that is `registry_server`."""
    if registry_kind == "double":
        yield connect(request.getfixturevalue("registry_server"))
        return
    host, user, password = (os.environ[name] for name in REGISTRY_VARIABLES)
    with OciRegistry(host, credentials=Credentials(user, password)) as registry:
        yield registry


@pytest.fixture
def prefix():
    """The first part of all repositories of a test, without a slash."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture
def app(prefix):
    """The path of a repository that is not there yet."""
    return f"{prefix}/app"

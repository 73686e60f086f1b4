"""Where the tests' stores come from: `pytest --stores=local,moto,ceph` chooses them."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import moto
import pytest
from hypothesis import settings

from faults import BUCKET, Wire, no_waiting  # noqa: F401 - a fixture
from versioned.stores.local import LocalStore
from versioned.stores.s3 import S3Store, client_config

# Machines are noisy: how long an example takes says nothing.
settings.register_profile("versioned", deadline=None)
settings.load_profile("versioned")

KINDS = ("local", "moto", "ceph")
CEPH_VARIABLES = (
    "VERSIONED_TEST_CEPH_ENDPOINT",
    "VERSIONED_TEST_CEPH_ACCESS_KEY",
    "VERSIONED_TEST_CEPH_SECRET_KEY",
)

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own there


def pytest_addoption(parser):
    parser.addoption(
        "--stores",
        default="local,moto",
        help="stores to run on, of local, moto and ceph (default: %(default)s)",
    )
    parser.addoption(
        "--registries",
        default="double",
        help="registries of images to run on, of double and docker (default: %(default)s)",
    )


def pytest_configure(config):
    # Whatever was started with `nohup ... &` ignores interrupts, and so would all commands of tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if roomy(MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    kinds = chosen_kinds(config)
    unknown = sorted(set(kinds) - set(KINDS))
    if unknown or not kinds:
        raise pytest.UsageError(f"--stores takes {', '.join(KINDS)}, not {', '.join(unknown)!r}")
    missing = [name for name in CEPH_VARIABLES if not os.environ.get(name)]
    if "ceph" in kinds and missing:
        raise pytest.UsageError(
            f"--stores=ceph needs {', '.join(missing)}: start a gateway with "
            "'scripts/ceph-up > ceph.env' and load it with 'set -a; . ./ceph.env; set +a'"
        )


def roomy(folder):
    """Whether the tests' files fit in here, programs among them. In memory they wait for no disk:
    the embedded store syncs each write, which is most of the time of many tests."""
    if not os.access(folder, os.W_OK):
        return False
    runs = not os.statvfs(folder).f_flag & os.ST_NOEXEC
    return runs and shutil.disk_usage(folder).free > 4 << 30


def chosen_kinds(config):
    return [kind for kind in config.getoption("--stores").split(",") if kind]


def pytest_generate_tests(metafunc):
    """A test that uses a store, even through other fixtures, runs once on each chosen one."""
    if "store_kind" in metafunc.fixturenames:
        kinds = chosen_kinds(metafunc.config)
        only = metafunc.definition.get_closest_marker("only_stores")
        chosen = [kind for kind in kinds if not only or kind in only.args]
        metafunc.parametrize(
            "store_kind",
            [pytest.param(k, marks=pytest.mark.ceph) if k == "ceph" else k for k in chosen]
            or [pytest.param("none", marks=pytest.mark.skip(f"runs on {only.args} only"))],
            scope="session",
        )


@pytest.fixture(scope="session", autouse=True)
def aws_environment(tmp_path_factory):
    """Made-up credentials, and no way to anybody's real ones; no proxy before what is on loopback."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "BOTO_")):
                patch.delenv(name)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def moto_endpoint(aws_environment):
    """The URL of one moto server for all tests: real HTTP, so headers are real.

    In a process of its own, which ends with ours: `moto.mock_aws` in this one would empty it.
    """
    with subprocess.Popen(
        [sys.executable, Path(__file__).with_name("s3_of_moto.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        yield server.stdout.readline().strip()
        server.stdin.close()


@pytest.fixture(scope="session")
def make_client(request, aws_environment):
    """A boto3 client for a kind of store; keyword arguments go to boto3."""
    session = boto3.Session()
    made = []

    def make(kind, **options):
        if kind == "ceph":
            endpoint, access, secret = (os.environ[name] for name in CEPH_VARIABLES)
            options |= {"aws_access_key_id": access, "aws_secret_access_key": secret}
        else:
            endpoint = request.getfixturevalue("moto_endpoint")
        options.setdefault("config", client_config())
        made.append(session.client("s3", endpoint_url=endpoint, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="session")
def client_of(make_client):
    """One client for each kind of store, with the bucket of all tests made."""
    clients = {}

    def find(kind):
        if kind not in clients:
            clients[kind] = make_client(kind)
            S3Store(clients[kind], BUCKET).create()
        return clients[kind]

    return find


@pytest.fixture
def make_store(client_of, tmp_path):
    """Makes fresh, empty stores of a kind; keyword arguments go to the store."""
    made = []

    def make(kind, **options):
        if kind == "local":
            store = LocalStore(tmp_path / f"repository-{len(made)}", settle=0, **options)
            store.create()
        else:
            prefix = f"{os.getpid()}-{secrets.token_hex(6)}"
            store = S3Store(client_of(kind), BUCKET, prefix, settle=0, **options)
        made.append(store)
        return store

    yield make
    for store in made:
        if isinstance(store, S3Store):
            store.delete_many([line.key for line in store.list_objects("")])
            store.sweep("", older_than=-60, mend=True)
        store.close()


@pytest.fixture
def store(store_kind, make_store):
    """A fresh, empty store of each chosen kind."""
    return make_store(store_kind)


@pytest.fixture
def s3_client(client_of):
    """A client of the moto server, where the bucket `versioned-tests` is."""
    return client_of("moto")


@pytest.fixture
def s3_store(make_store):
    """A fresh, empty store on the moto server."""
    return make_store("moto")


@pytest.fixture
def wire(s3_client):
    """The instrument on the wire of `s3_client` and `s3_store`."""
    with Wire(s3_client) as wire:
        yield wire


@pytest.fixture
def moto_in_process():
    """AWS as moto plays it without a server: every client made inside goes there."""
    with moto.mock_aws():
        yield

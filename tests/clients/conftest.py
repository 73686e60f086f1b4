"""The real clients of packages, as `scripts/client-environments` installs them.

VERSIONED_TEST_CLIENTS names another directory than .venv-clients. All tests of this folder have the
mark `clients`; without the clients they are skipped.
"""

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from client_rig import Machine, Registry
from package_making import open_packages

from faults import BUCKET
from serving import domain_url, served, store_environ
from versioned.stores.local import LocalStore
from versioned.stores.s3 import S3Store

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("VERSIONED_TEST_CLIENTS", ROOT / ".venv-clients"))
PROGRAMS = FOLDER / "python" / "bin"
AWS = FOLDER / "aws" / "bin" / "aws"


def pytest_itemcollected(item):
    item.add_marker(pytest.mark.clients)


@dataclass(frozen=True)
class Clients:
    """Paths of the clients, and the environment that keeps the machine's own settings from them."""

    home: Path
    environment: dict[str, str]
    python: str = str(PROGRAMS / "python")
    pip: str = str(PROGRAMS / "pip")
    twine: str = str(PROGRAMS / "twine")
    uv: str = str(PROGRAMS / "uv")
    aws: str = str(AWS)

    @property
    def npm(self) -> str:
        """Skips the test where there is no npm."""
        return shutil.which("npm") or pytest.skip("there is no npm: apt-get install npm")

    def run(self, *command, cwd=None, check=True, **environment):
        """The finished process of a client, with its output as text. It starts in `home` unless
        `cwd` says otherwise; keyword arguments are set in its environment."""
        done = subprocess.run(
            [str(word) for word in command],
            env=self.environment | environment,
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if check:
            assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture
def clients(tmp_path):
    """The clients, with an empty home of their own."""
    if not PROGRAMS.exists() or not AWS.exists():
        pytest.skip(f"there are no clients in {FOLDER}: run scripts/client-environments")
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(tmp_path),
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        "NO_COLOR": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "TWINE_NON_INTERACTIVE": "1",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(home / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "NPM_CONFIG_USERCONFIG": str(home / ".npmrc"),
        "NPM_CONFIG_GLOBALCONFIG": str(home / "global.npmrc"),
        "NPM_CONFIG_CACHE": str(home / "npm"),
        "NPM_CONFIG_AUDIT": "false",
        "NPM_CONFIG_FUND": "false",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(home / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    return Clients(home, environment)


@pytest.fixture(scope="module")
def registry(store_kind, client_of, tmp_path_factory):
    """A server before a fresh domain on each chosen store, for all tests of a module."""
    place = tmp_path_factory.mktemp("registry")
    if store_kind == "local":
        store = LocalStore(place / "domain", settle=0)
        store.create()
    else:
        store = S3Store(client_of(store_kind), BUCKET, f"clients-{secrets.token_hex(6)}", settle=0)
    domain, environ = domain_url(store, store_kind), store_environ(store_kind)
    packages = open_packages(store)
    with served(domain, log=place / "log", environ=environ) as server:
        yield Registry(packages, store_kind, domain, environ, server)
    store.delete_many([line.key for line in store.list_objects("")])
    store.close()


@pytest.fixture
def machine(clients, registry):
    """A machine of somebody who uses the server."""
    return Machine(clients, registry)

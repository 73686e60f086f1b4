"""A bucket that the real pip reads without any server of ours: S3 alone, and nobody logged in."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from package_making import open_to_everybody, publish, publish_builds, read, sha256, wheel

from versioned.packages import Package

pytestmark = [pytest.mark.slow, pytest.mark.only_stores("moto", "ceph")]


@pytest.fixture
def index_url(packages, store, client_of, store_kind):
    """The address of AbcDev's pages at the store itself, which everybody may read from now on."""
    client = client_of(store_kind)
    address = urlsplit(store.uri("AbcDev/pypi/simple/"))
    open_to_everybody(client, address.netloc)
    return f"{client.meta.endpoint_url}/{address.netloc}{address.path}"


@pytest.fixture
def pip_download(index_url, tmp_path):
    """Runs pip against the bucket; returns what it downloaded, by name."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("PIP_", "AWS_")) and not name.lower().endswith("_proxy")
    }
    environment |= {"PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path), "NETRC": os.devnull}

    def run(*arguments):
        folder = tmp_path / "downloaded"
        common = ["--no-deps", "--no-cache-dir", "--disable-pip-version-check", "--retries=0"]
        common += ["--index-url", index_url]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *common, "--dest", folder, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return {one.name: one.read_bytes() for one in folder.iterdir()}

    return run


def test_pip_gets_the_active_build_of_each_package(packages, pip_download):
    publish_builds(packages, "9", "100", "24")
    publish(packages, wheel("Zoo_Keeper", "1!2.0+local.1", "7"))
    publish_builds(packages, "9", "24", version="0.9")
    found = pip_download("PyABC==1.0.0", "zoo.keeper", "--only-binary=:all:")
    assert found == dict([wheel(build="100"), wheel("Zoo_Keeper", "1!2.0+local.1", "7")])


def test_a_lock_with_the_hash_of_a_superseded_build_goes_on_working(
    packages, pip_download, tmp_path
):
    publish_builds(packages, "23", "24")
    filename, data = wheel(build="23")
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"PyABC==1.0.0 --hash=sha256:{sha256(data)}\n")
    assert pip_download("--require-hashes", "--requirement", lock) == {filename: data}


def test_pip_gets_the_build_that_was_released_without_its_number(packages, pip_download):
    publish_builds(packages, "23", "24", repository="AbcStaging")
    packages.copy_package_versions(
        "AbcStaging", "AbcDev", Package.of("pypi", "pyabc"), "1.0.0", strip_build=True
    )
    filename = "PyABC-1.0.0-py3-none-any.whl"
    assert pip_download("PyABC") == {filename: read(packages, "AbcDev", filename)}

"""Fixtures of the tests of `versioned packages`: `pytest_plugins = ("packages_fixtures",)`."""

import shutil
import time

import pytest
from package_making import open_packages, publish, publish_builds, sdist, wheel
from package_words import DOMAIN, settled

from versioned.stores.local import LocalStore


@pytest.fixture
def call(run):
    """Run a command of packages, as `call("ls AbcDev")`; revisions end with `-0123456789abcdef`."""

    def call(line, **options):
        ran = run(f"packages {line}", **options)
        ran.stdout, ran.stderr = settled(ran.stdout), settled(ran.stderr)
        return ran

    return call


@pytest.fixture(scope="session")
def domains(tmp_path_factory):
    """A domain to copy, built anew before its age would show."""
    built = []

    def fresh():
        if not built or time.monotonic() - built[-1][0] > 20:
            folder = tmp_path_factory.mktemp("domain")
            packages = open_packages(LocalStore(folder / DOMAIN), actor="tester")
            publish(packages, sdist(), wheel(build="9"), message="first")
            publish_builds(packages, "23", "24")
            packages.context.store.close()
            built.append((time.monotonic(), folder / DOMAIN))
        return built[-1][1]

    return fresh


@pytest.fixture
def packages(call, home, domains):
    """`call` in a domain where `pyabc` 1.0.0 has a source distribution, and the builds 9, 23 and
    24, published one after the other."""
    shutil.copytree(domains(), home / DOMAIN)
    return call


@pytest.fixture
def dist(home):
    """Write files into `dist/`, as `dist(wheel(build="25"))`; gives their paths."""

    def write(*files):
        folder = home / "dist"
        folder.mkdir(exist_ok=True)
        for name, content in files:
            (folder / name).write_bytes(content)
        return " ".join(f"dist/{name}" for name, _ in files)

    return write

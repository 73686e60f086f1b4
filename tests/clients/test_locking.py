"""A project of uv that locks what it installs."""

import pytest
from package_making import PYABC, publish_builds

PROJECT = """
[project]
name = "app"
version = "0"
requires-python = ">=3.9"
dependencies = ["pyabc"]

[[tool.uv.index]]
name = "abc"
url = "{index}"
default = true
"""


class Project:
    """A project whose only index is a repository."""

    def __init__(self, machine, repository):
        self.machine, self.repository = machine, repository
        index = machine.registry.index(repository)
        machine.write("app", ("pyproject.toml", PROJECT.format(index=index)))
        self.folder = machine.home / "app"
        self.credentials = {
            "UV_NO_CONFIG": "0",
            "UV_INDEX_ABC_USERNAME": "__token__",
            "UV_INDEX_ABC_PASSWORD": machine.registry.secret("read"),
        }

    def uv(self, *words):
        clients = self.machine.clients
        python = ("--python", clients.python)
        clients.run(clients.uv, *words, *python, cwd=self.folder, **self.credentials)

    def installed_afresh(self, cache):
        """What the lock installs for somebody who has nothing yet."""
        where = self.folder / cache
        self.credentials["UV_PROJECT_ENVIRONMENT"] = str(where)
        self.uv("sync", "--locked", "--cache-dir", self.folder / f"{cache}-cache")
        return self.machine.installed(python=where / "bin/python")


@pytest.fixture
def project(machine, registry):
    return Project(machine, registry.repository("23", "24"))


def activate(project, build):
    packages = project.machine.registry.packages
    packages.change_version(project.repository, PYABC, "1.0.0").activate(build)


def test_a_lock_installs_the_same_build_after_newer_ones_until_it_is_renewed(project, registry):
    project.uv("lock")
    assert project.installed_afresh("first") == "24"
    publish_builds(registry.packages, "25", repository=project.repository)
    assert project.installed_afresh("second") == "24"
    project.uv("lock", "--upgrade")
    assert project.installed_afresh("third") == "25"


def test_a_lock_that_was_made_after_going_back_installs_what_was_gone_back_to(project):
    activate(project, "23")
    project.uv("lock")
    assert project.installed_afresh("first") == "23"
    activate(project, "24")
    assert project.installed_afresh("second") == "23"


def test_a_lock_of_a_build_that_was_taken_back_goes_on_working(project):
    project.uv("lock")
    activate(project, "23")
    assert project.installed_afresh("first") == "24"

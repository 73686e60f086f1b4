"""npm publishes, tags, deprecates and installs, on each store."""

import json
import shutil

import pytest
from client_rig import words

PACKAGE = "@acme/widget"


class Npm:
    """npm for one repository, in a folder of each package or project."""

    def __init__(self, machine, repository, host):
        self.machine, self.home = machine, machine.home
        place = machine.registry.place(repository, "npm", host=host)
        secret = machine.registry.secret("admin", repository=repository)
        credentials = f"{place.partition(':')[2]}:_authToken={secret}"
        machine.write(".", (".npmrc", f"registry={place}\n{credentials}\n"))

    def __call__(self, folder, *words):
        (self.home / folder).mkdir(exist_ok=True)
        clients = self.machine.clients
        return clients.run(clients.npm, *words, cwd=self.home / folder)

    def package(self, version):
        """A folder with a version to publish; returns its name."""
        described = json.dumps({"name": PACKAGE, "version": version})
        self.machine.write(version, ("package.json", described), ("index.js", ""))
        return version

    def installed(self, folder):
        return json.loads(
            (self.home / folder / "node_modules" / PACKAGE / "package.json").read_text()
        )["version"]


@pytest.fixture
def npm(request, machine, registry):
    return Npm(machine, registry.repository(), getattr(request, "param", "localhost"))


def test_what_was_published_tagged_and_deprecated_is_installed_so(npm):
    for version in ("1.0.0", "1.1.0"):
        npm(npm.package(version), "publish")
    npm("app", "dist-tag", "add", f"{PACKAGE}@1.0.0", "stable")
    npm("app", "deprecate", f"{PACKAGE}@1.0.0", "loses data")

    told = npm("app", "install", f"{PACKAGE}@stable")
    assert npm.installed("app") == "1.0.0"
    assert "loses data" in words(told)
    npm("app", "install", PACKAGE)
    assert npm.installed("app") == "1.1.0"


@pytest.mark.parametrize("npm", ["localhost", "127.0.0.1"], indirect=True)
def test_a_lock_installs_the_same_version_with_nothing_at_hand(npm):
    npm(npm.package("1.0.0"), "publish")
    npm("app", "install", PACKAGE)
    npm(npm.package("1.1.0"), "publish")
    for gone in (npm.home / "app/node_modules", npm.home / "npm"):
        shutil.rmtree(gone)
    npm("app", "ci")
    assert npm.installed("app") == "1.0.0"

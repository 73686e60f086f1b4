"""What npm itself does with the server."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from asking import token
from npm_making import listed, publish_npm, tarball
from package_making import open_packages

from serving import domain_url, served, store_environ
from versioned.packages import Package
from versioned.stores.local import LocalStore

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]


@dataclass
class Npm:
    """npm with a home of its own, that knows one registry only."""

    home: Path
    registry: str
    secret: str

    def __call__(self, *arguments, at=".", fails=False):
        """What it says; fails where it does not end as it should."""
        folder = self.home / at
        folder.mkdir(exist_ok=True)
        rc = self.home / ".npmrc"
        at_registry = self.registry.removeprefix("http:")
        rc.write_text(f"registry={self.registry}\n{at_registry}:_authToken={self.secret}\n")
        environ = {name: os.environ[name] for name in ("PATH",)} | {
            "HOME": str(self.home),
            "NPM_CONFIG_USERCONFIG": str(rc),
            "NPM_CONFIG_CACHE": str(self.home / "cache"),
            "NPM_CONFIG_UPDATE_NOTIFIER": "false",
            "NPM_CONFIG_FUND": "false",
            "NPM_CONFIG_FETCH_RETRIES": "0",
        }
        done = subprocess.run(
            ["npm", *arguments],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def package(self, at, name, version="1.0.0", **fields):
        """A folder with a package to publish."""
        (self.home / at).mkdir(exist_ok=True)
        described = {"name": name, "version": version, **fields}
        (self.home / at / "package.json").write_text(json.dumps(described))
        (self.home / at / "index.js").write_text(f"module.exports = {version!r}\n")

    def installed(self, at, name="@acme/widget"):
        return json.loads((self.home / at / "node_modules" / name / "package.json").read_text())


def npm_of(packages, url, home):
    return Npm(home, f"{url}/npm/AbcDev/", token(packages, "admin"))


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A server before a local store for all tests of the module, with its packages."""
    home = tmp_path_factory.mktemp("registry")
    store = LocalStore(home / "domain", settle=0)
    store.create()
    packages = open_packages(store)
    with served(str(home / "domain"), log=home / "log") as server:
        yield packages, server.url
    store.close()


@pytest.fixture
def npm(registry, tmp_path):
    packages, url = registry
    return npm_of(packages, url, tmp_path)


def test_a_scoped_package_is_published_installed_and_installed_again_by_its_lock(
    store, store_kind, tmp_path
):
    packages = open_packages(store)
    url, environ = domain_url(store, store_kind), store_environ(store_kind)
    with served(url, log=tmp_path / "log", environ=environ) as server:
        npm = npm_of(packages, server.url, tmp_path)
        npm.package("widget", "@acme/widget", description="a widget")
        npm("publish", at="widget")

        npm("install", "@acme/widget", at="app")
        lock = json.loads((tmp_path / "app/package-lock.json").read_text())
        shutil.rmtree(tmp_path / "app/node_modules")
        npm("ci", at="app")

    assert npm.installed("app")["description"] == "a widget"
    locked = lock["packages"]["node_modules/@acme/widget"]
    assert locked["integrity"] == listed(packages)["1.0.0"]["dist"]["integrity"]
    assert locked["resolved"].startswith(server.url)


def test_a_published_version_is_not_published_over(npm):
    npm.package("gadget", "gadget")
    npm("publish", at="gadget")
    npm.package("gadget", "gadget", description="other bytes")

    assert "previously published" in npm("publish", at="gadget", fails=True)
    assert "E409" in npm("publish", "--force", at="gadget", fails=True)

    assert npm("view", "gadget", "description").strip() == ""


def test_tags_are_added_listed_and_removed(npm, registry):
    packages, _ = registry
    publish_npm(packages, tarball("tagged"), tags=["latest"])
    publish_npm(packages, tarball("tagged", "2.0.0"), tags=["next"])

    npm("dist-tag", "add", "tagged@2.0.0", "stable")
    assert npm("dist-tag", "ls", "tagged").split("\n")[:3] == [
        "latest: 1.0.0",
        "next: 2.0.0",
        "stable: 2.0.0",
    ]
    npm("dist-tag", "rm", "tagged", "next")
    npm("install", "tagged@stable", at="app")

    assert npm.installed("app", "tagged")["version"] == "2.0.0"
    assert "next" not in npm("view", "tagged", "dist-tags")


def test_who_installs_a_deprecated_version_is_warned(npm, registry):
    packages, _ = registry
    publish_npm(packages, tarball("old"))

    npm("deprecate", "old@1", "use new")

    assert npm("view", "old", "deprecated").strip() == "use new"
    assert npm("deprecate", "old@1", "") == ""
    assert npm("view", "old", "deprecated").strip() == ""


def test_one_version_is_unpublished_and_then_all(npm, registry):
    packages, _ = registry
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        publish_npm(packages, tarball("gone", version))

    npm("unpublish", "gone@1.2.0")
    assert json.loads(npm("view", "gone", "versions", "--json")) == ["1.0.0", "1.1.0"]
    npm("unpublish", "gone", "--force")

    assert "E404" in npm("view", "gone", fails=True)


def test_what_was_locked_before_another_set_became_active_is_installed_as_it_was(npm, registry):
    packages, _ = registry
    publish_npm(packages, tarball(description="first"))
    npm("install", "@acme/widget", at="app")
    publish_npm(packages, tarball(description="second"), asset_set="build-2")

    shutil.rmtree(npm.home / "cache")
    npm("ci", at="app")
    npm("install", "@acme/widget", at="new")

    assert npm.installed("app")["description"] == "first"
    assert npm.installed("new")["description"] == "second"


def test_whoever_has_no_token_is_told_to_log_in_and_whoever_may_not_so(npm, registry):
    packages, _ = registry
    assert npm("whoami").strip() == "tests"
    npm.secret = token(packages, "read")
    npm.package("mine", "mine")
    assert "E403" in npm("publish", at="mine", fails=True)

    npm.secret = "wrong"
    assert "E401" in npm("view", "@acme/widget", fails=True)


def test_what_passed_is_promoted_and_installed_from_there(npm, registry):
    packages, url = registry
    publish_npm(packages, tarball("passed"), tags=["latest"])
    packages.copy_package_versions("AbcDev", "AbcProd", Package.of("npm", "passed"), "1.0.0")

    prod = Npm(npm.home, f"{url}/npm/AbcProd/", token(packages, "read", repository="AbcProd"))
    prod("install", "passed", at="app")

    assert prod.installed("app", "passed")["version"] == "1.0.0"

"""pip and uv install what is active, and what was locked, wherever the bytes lie."""

from dataclasses import replace

import pytest
from client_rig import TOOLS, words
from package_making import PYABC, open_to_everybody, publish, publish_builds, sdist, sha256, wheel

from faults import BUCKET
from serving import served

BACKEND = """
import os, zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    name = "pyabc-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        archive.writestr("PyABC.py", "BUILD = 'from source'")
        info = "pyabc-1.0.0.dist-info"
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: pyabc\\nVersion: 1.0.0\\n")
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "/RECORD", "")
    return name
"""

each_tool = pytest.mark.parametrize("tool", TOOLS)


@pytest.fixture
def secret(registry):
    return registry.secret("read")


def version_of(registry, repository):
    return registry.packages.change_version(repository, PYABC, "1.0.0")


def locked(machine, *builds):
    """A requirements file that pins wheels by hash."""
    hashes = " ".join(f"--hash=sha256:{sha256(wheel(build=one)[1])}" for one in builds)
    (path,) = machine.write(".", ("requirements.txt", f"pyabc==1.0.0 {hashes}\n"))
    return path


@each_tool
def test_the_newest_build_is_installed_from_where_its_bytes_lie(tool, machine, registry, secret):
    repository = registry.repository("9", "100", "24")
    machine.install(tool, "PyABC", index=registry.index(repository, secret=secret))

    assert machine.installed() == "100"
    assert registry.handed_out(repository, wheel(build="100")[0]) == registry.elsewhere


@pytest.mark.only_stores("moto", "ceph")
@each_tool
def test_bytes_come_through_the_server_where_that_is_wished(
    tool, machine, registry, secret, tmp_path
):
    repository, log = registry.repository("24"), tmp_path / "log"
    options = ("--downloads", "stream")
    with served(registry.domain, *options, log=log, environ=registry.environ) as server:
        streaming = replace(registry, server=server)
        machine.install(tool, "pyabc", index=streaming.index(repository, secret=secret))
    assert machine.installed() == "24"
    assert streaming.handed_out(repository, wheel(build="24")[0]) == 200


@each_tool
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_credentials_are_found_in_netrc(tool, host, machine, registry, secret):
    repository = registry.repository("24")
    machine.write(".", (".netrc", f"machine {host} login __token__ password {secret}\n"))
    machine.install(tool, "pyabc", index=registry.index(repository, host=host))
    assert machine.installed() == "24"


def test_uv_finds_credentials_in_its_environment(machine, registry, secret):
    repository = registry.repository("24")
    environment = {"UV_INDEX_ABC_USERNAME": "__token__", "UV_INDEX_ABC_PASSWORD": secret}
    machine.install(
        "uv", "pyabc", "--default-index", f"abc={registry.index(repository)}", **environment
    )
    assert machine.installed() == "24"


def test_who_may_not_install_is_told_so(machine, registry):
    repository = registry.repository("24")
    revoked = registry.packages.create_token("gone", {"*": ("read",)})
    registry.packages.revoke_token(revoked.token.identity)
    elsewhere = registry.secret("read", repository="AbcProd")
    for refused, by_pip, by_uv in (
        ("wrong", "401 Error, Credentials not correct", "401 Unauthorized"),
        (revoked.secret, "401 Error, Credentials not correct", "401 Unauthorized"),
        (elsewhere, "No matching distribution found", "403 Forbidden"),
    ):
        for tool, told in (("pip", by_pip), ("uv", by_uv)):
            index = registry.index(repository, secret=refused)
            done = machine.install(tool, "pyabc", index=index, check=False)
            assert done.returncode == 1
            assert told in words(done)
            assert refused not in words(done)


@each_tool
def test_a_newer_build_is_for_who_installs_anew(tool, machine, registry, secret):
    repository = registry.repository("23")
    index = registry.index(repository, secret=secret)
    machine.install(tool, "pyabc", index=index)
    publish_builds(registry.packages, "24", repository=repository)

    machine.install(tool, "--upgrade", "pyabc", index=index)
    assert machine.installed() == "23"
    again = {"pip": "--force-reinstall", "uv": "--reinstall"}[tool]
    machine.install(tool, again, "pyabc", index=index)
    assert machine.installed() == "24"


@each_tool
def test_a_build_that_was_locked_by_its_hash_is_installed_though_it_was_superseded(
    tool, machine, registry, secret
):
    repository = registry.repository("23")
    lock = locked(machine, "23")
    publish_builds(registry.packages, "24", repository=repository)
    index = registry.index(repository, secret=secret)
    machine.install(tool, "--require-hashes", "-r", lock, index=index)
    assert machine.installed() == "23"


@each_tool
@pytest.mark.parametrize("wanted", ["pyabc", "pyabc==1.0.0"])
def test_who_went_back_to_a_former_build_gets_that(tool, wanted, machine, registry, secret):
    repository = registry.repository("23", "24", "25")
    machine.versioned("sets", f"{repository}/pypi/pyabc@1.0.0", "--activate", "24")
    machine.install(tool, wanted, index=registry.index(repository, secret=secret))
    assert machine.installed() == "24"


@each_tool
def test_a_lock_of_a_build_that_was_taken_back_fails_aloud(tool, machine, registry, secret):
    repository = registry.repository("24", "25")
    lock = locked(machine, "25")
    version_of(registry, repository).activate("24")
    index = registry.index(repository, secret=secret)

    done = machine.install(tool, "--require-hashes", "-r", lock, index=index, check=False)
    assert done.returncode == 1
    assert sha256(wheel(build="25")[1]) in words(done)

    version_of(registry, repository).activate("25")
    machine.install(tool, "--require-hashes", "-r", lock, index=index)
    assert machine.installed() == "25"


@each_tool
def test_a_yanked_version_is_passed_over_unless_it_is_asked_for(tool, machine, registry, secret):
    repository = registry.repository("1")
    publish(registry.packages, wheel(version="1.1.0", build="2"), repository=repository)
    index = registry.index(repository, secret=secret)
    machine.versioned("yank", f"{repository}/pypi/pyabc@1.1.0", "-m", "loses data")

    machine.install(tool, "pyabc", index=index)
    assert machine.installed() == "1"
    told = machine.install(tool, "pyabc==1.1.0", index=index)
    assert machine.installed() == "2"
    assert "loses data" in words(told)


@each_tool
def test_what_an_installation_needs_is_told_without_the_files(tool, machine, registry, secret):
    repository = registry.repository("23")
    needs = wheel("app", "2.0", extra="Requires-Dist: pyabc>=1\n")
    publish(registry.packages, needs, repository=repository)
    machine.install(tool, "--dry-run", "app", index=registry.index(repository, secret=secret))
    for file in (needs[0], wheel(build="23")[0]):
        assert registry.handed_out(repository, f"{file}.metadata") == 200
    assert not [name for _, name, _ in registry.asked(repository) if name.endswith(".whl")]


@each_tool
def test_a_source_distribution_is_built_and_installed(tool, machine, registry, secret):
    repository = registry.repository()
    project = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
    members = {
        "pyabc-1.0.0/pyproject.toml": project.encode(),
        "pyabc-1.0.0/backend.py": BACKEND.encode(),
    }
    publish(registry.packages, sdist(members=members), repository=repository)
    machine.install(tool, "pyabc", index=registry.index(repository, secret=secret))
    assert machine.installed() == "from source"


def test_pip_downloads_the_bytes_that_were_published(machine, registry, secret):
    repository = registry.repository("23", "24")
    index = registry.index(repository, secret=secret)
    machine.clients.run(machine.clients.pip, "download", "-d", "got", "--index-url", index, "pyabc")
    (path,) = (machine.home / "got").iterdir()
    assert (path.name, path.read_bytes()) == wheel(build="24")


@pytest.mark.only_stores("moto", "ceph")
def test_uv_reads_a_bucket_without_a_server(machine, registry, client_of):
    repository = registry.repository("23", "100", "24")
    client = client_of(registry.kind)
    open_to_everybody(client, BUCKET)
    place = registry.domain.partition("?")[0].removeprefix("s3://")
    index = f"{client.meta.endpoint_url}/{place}/{repository}/pypi/simple/"

    machine.install("uv", "PyABC==1.0.0", index=index)
    assert machine.installed() == "100"
    assert registry.asked(repository) == []

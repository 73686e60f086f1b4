"""twine and uv publish what was built, and are told why not."""

import shutil

import pytest
from client_rig import words
from package_making import PYABC, names, sdist, wheel

TAGGED = "pyabc-1.0.0-24-py3-none-any.whl"


@pytest.fixture
def secret(registry):
    return registry.secret("read", "publish")


def built(machine, **options):
    """A wheel with the build tag 24, made by the program `wheel`."""
    program = (machine.clients.python, "-m", "wheel")
    (plain,) = machine.write("unpacked", wheel(name="pyabc", **options))
    shutil.unpack_archive(plain, machine.home / "packed", "zip")
    dist = machine.home / "dist"
    dist.mkdir(exist_ok=True)
    machine.clients.run(*program, "pack", "--dest-dir", dist, machine.home / "packed")
    machine.clients.run(*program, "tags", "--remove", "--build", "24", dist / plain.name)
    return dist / TAGGED


def state(machine, repository):
    return machine.registry.packages.describe_package_version(repository, PYABC, "1.0.0")


def test_twine_uploads_a_tagged_wheel_and_its_source_and_may_do_so_again(machine, registry, secret):
    repository = registry.repository()
    files = [built(machine), *machine.write("dist", sdist())]
    for _ in range(2):
        machine.twine(repository, *files, secret=secret)

    found = state(machine, repository)
    assert set(names(found)) == {TAGGED, "pyabc-1.0.0.tar.gz"}
    assert (found.state.active, found.position) == ("24", 2)


def test_twine_says_why_a_name_does_not_get_other_bytes(machine, registry, secret):
    repository = registry.repository()
    machine.twine(repository, built(machine), secret=secret)
    other = built(machine, body="BUILD = 'other'\n")

    refused = machine.twine(repository, other, secret=secret, check=False)
    told = machine.twine(repository, other, secret=secret, check=False, verbose=True)

    assert (refused.returncode, told.returncode) == (1, 1)
    assert "409 Conflict" in words(refused)
    assert f"{TAGGED!r} is there with other bytes" in words(told)
    assert "use another build tag or version" in words(told)
    assert secret not in words(told)


def test_uv_publishes_a_tagged_wheel_and_its_source_and_may_do_so_again(machine, registry, secret):
    repository = registry.repository()
    files = [built(machine), *machine.write("dist", sdist())]
    for _ in range(2):
        machine.uv_publish(repository, *files, secret=secret)

    found = state(machine, repository)
    assert set(names(found)) == {TAGGED, "pyabc-1.0.0.tar.gz"}
    assert (found.state.active, found.position) == ("24", 2)


def test_uv_looks_into_the_index_and_sends_only_what_is_missing(machine, registry, secret):
    repository = registry.repository()
    check = ("--check-url", registry.index(repository, secret=secret))
    there = built(machine)
    machine.uv_publish(repository, *check, there, secret=secret)
    (missing,) = machine.write("dist", sdist())

    told = words(machine.uv_publish(repository, *check, there, missing, secret=secret))

    assert f"File {TAGGED} already exists, skipping" in told
    assert f"Uploading {TAGGED}" not in told
    assert missing.name in names(state(machine, repository))


def test_uv_says_why_a_name_does_not_get_other_bytes(machine, registry, secret):
    repository = registry.repository()
    check = ("--check-url", registry.index(repository, secret=secret))
    machine.uv_publish(repository, built(machine), secret=secret)
    other = built(machine, body="BUILD = 'other'\n")

    refused = machine.uv_publish(repository, other, secret=secret, check=False)
    found = machine.uv_publish(repository, *check, other, secret=secret, check=False)

    assert (refused.returncode, found.returncode) == (2, 2)
    assert f"{TAGGED!r} is there with other bytes" in words(refused)
    assert f"Local file and index file do not match for `{TAGGED}`" in words(found)


def test_who_may_not_upload_is_told_so(machine, registry):
    repository, file = registry.repository(), built(machine)
    revoked = registry.packages.create_token("gone", {"*": ("publish",)})
    registry.packages.revoke_token(revoked.token.identity)
    cases = {
        "wrong": ("401 Unauthorized", "this token is not valid"),
        revoked.secret: ("401 Unauthorized", "this token is not valid"),
        registry.secret("read"): ("403 Forbidden", "may not publish"),
    }
    for secret, (status, reason) in cases.items():
        by_twine = machine.twine(repository, file, secret=secret, check=False, verbose=True)
        by_uv = machine.uv_publish(repository, file, secret=secret, check=False)
        assert (by_twine.returncode, by_uv.returncode) == (1, 2)
        for said in (words(by_twine), words(by_uv)):
            assert status in said
            assert reason in said

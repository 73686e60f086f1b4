"""curl, or what else can PUT and GET, keeps files that are no packages."""

import hashlib
import shutil

import pytest
from client_rig import words

FILES = {"deploy.sh": "echo deploying\n", "rollback.sh": "echo rolling back\n"}


@pytest.fixture
def curl(machine):
    """Runs curl, which fails where the server refuses."""
    program = shutil.which("curl") or pytest.skip("there is no curl: apt-get install curl")

    def run(*arguments, check=True):
        common = ("--silent", "--show-error", "--fail-with-body", "--location")
        return machine.clients.run(program, *common, *arguments, check=check)

    return run


def test_a_set_is_put_file_by_file_and_had_once_it_is_finished(machine, registry, curl):
    repository = registry.repository()
    at = f"{registry.place(repository, 'generic')}team/scripts/7"
    user = ("--user", f"ci:{registry.secret('publish', 'read', repository=repository)}")
    first, last = machine.write("scripts", *FILES.items())
    curl(*user, "--upload-file", first, f"{at}/{first.name}?unfinished=true")
    assert curl(*user, f"{at}/{first.name}", check=False).returncode != 0

    digest = hashlib.sha256(last.read_bytes()).hexdigest()
    curl(
        *user,
        "--header",
        f"X-Checksum-Sha256: {digest}",
        "--upload-file",
        last,
        f"{at}/{last.name}",
    )

    for name, content in FILES.items():
        assert curl(*user, f"{at}/{name}").stdout == content
    assert registry.handed_out(repository, last.name) == registry.elsewhere


def test_who_may_not_is_told_why(machine, registry, curl):
    repository = registry.repository()
    at = f"{registry.place(repository, 'generic')}team/scripts/7"
    (path,) = machine.write("scripts", ("deploy.sh", "echo deploying\n"))
    put = ("--upload-file", path, f"{at}/deploy.sh")
    reader = f"Authorization: Bearer {registry.secret('read')}"
    publisher = f"Authorization: Bearer {registry.secret('publish')}"

    assert "401 Unauthorized" in words(curl(*put, check=False))
    assert "may not publish" in words(curl("--header", reader, *put, check=False))
    wrong = ("--header", "X-Checksum-Sha256: " + "0" * 64)
    damaged = curl("--header", publisher, *wrong, *put, check=False)
    assert "400 Bad Request" in words(damaged)
    curl("--header", publisher, *put)
    path.write_text("other\n", "utf-8")
    assert "409 Conflict" in words(curl("--header", publisher, *put, check=False))

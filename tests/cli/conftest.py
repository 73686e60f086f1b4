import re
import shlex
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner

from versioned import Repository
from versioned.cli.main import program

VARIABLES = (
    "VERSIONED_REPO",
    "VERSIONED_PACKAGES",
    "VERSIONED_REGISTRY_USER",
    "VERSIONED_REGISTRY_PASSWORD",
    "VERSIONED_ACTOR",
    "GITHUB_ACTOR",
    "GITLAB_USER_LOGIN",
    "CIRCLE_USERNAME",
    "BUILD_USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "NO_COLOR",
    "COLUMNS",
)


@dataclass
class Ran:
    """What a command printed, and how it ended. Times and directories are made the same."""

    code: int
    stdout: str
    stderr: str
    raw: bytes

    def said(self, stdout="", stderr="", code=0):
        assert (self.stdout, self.stderr, self.code) == (dedent(stdout), dedent(stderr), code)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty directory to work in; nothing outside it has a say."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VERSIONED_ACTOR", "tester")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def run(home):
    """Run a command line in this process, as `run("ls app --json")`."""

    def run(line, stdin=None):
        result = CliRunner().invoke(program, shlex.split(line), input=stdin, prog_name="versioned")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(
            result.exit_code,
            _same(result.stdout, home),
            _same(result.stderr, home),
            result.stdout_bytes,
        )

    return run


def _same(text, home):
    text = text.replace(str(home), "/work")
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", "2026-01-01T00:00:00+00:00", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "2026-01-01 00:00:00Z", text)


@pytest.fixture
def versioned(run):
    """`run` in a fresh repository."""
    run("init -q")
    return run


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A repository to copy, which is faster than to build it for each test. Built anew before
    its age would show."""
    built: list[tuple[float, Path]] = []

    def fresh():
        if not built or time.monotonic() - built[-1][0] > 20:
            built.append((time.monotonic(), _build(tmp_path_factory.mktemp("template"))))
        return built[-1][1]

    return fresh


def _build(folder):
    repository = Repository.open(str(folder / "repository"), actor="tester")
    repository.bootstrap()
    for text in (b"one\n", b"two\n"):
        repository.put_artifact("app", text, content_type="text/plain")
        repository.publish_artifact_version("app")
    repository.put_alias("app", "prod", 1, message="first")
    repository.context.store.close()
    return folder / "repository"


@pytest.fixture
def app(run, home, template):
    """`run` in a repository where `app` has the versions 1 and 2, and prod is at 1."""
    shutil.copytree(template(), home / ".versioned")
    return run

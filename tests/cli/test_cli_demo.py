import re
import subprocess
import sys
from pathlib import Path

import pytest

from versioned import Repository


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What the demo prints, and the directory that it is played in."""
    directory = tmp_path_factory.mktemp("demo") / "kept"
    ran = subprocess.run(
        [f"{sys.prefix}/bin/versioned", "demo", "--keep", str(directory)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "VERSIONED_REPO": "s3://not/this"},
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, f"everything is still in {directory}\n")
    return ran.stdout, directory


def test_the_demo_tells_the_whole_story(played):
    text, _ = played
    chapters = re.findall(r"^\d+\. (.*)\n=+$", text, re.MULTILINE)
    assert chapters == [
        "A repository",
        "Versions of a database",
        "A bundle of code",
        "Aliases: staging and production",
        "Blue/green: the switch is one write",
        "A canary",
        "Rollback in one word",
        "Purge: first the plan",
        "A number is never used twice",
        "Verify, and what damage looks like",
    ]


def test_it_really_happened(played):
    _, directory = played
    repository = Repository.open(str(directory / "store"))
    versions = [one.version for one in repository.list_artifact_versions("orders.db")]
    assert versions == ["LATEST", "7", "2"]
    assert repository.get_alias("orders.db", "production").version == "2"
    assert repository.verify().ok


def test_no_key_moved_back(played):
    assert re.search(
        r"From 10% to 50%, 4,\d{3} keys moved to version 3 and 0 moved back", played[0]
    )


def test_every_command_is_shown_as_it_is_typed(played):
    commands = set(re.findall(r"^\$ versioned (\w+)", played[0], re.MULTILINE))
    assert commands == {
        "init", "put", "publish", "ls", "alias", "get", "route", "rollback", "history", "purge",
        "rm", "verify", "doctor",
    }  # fmt: skip


def test_the_demo_leaves_nothing_behind(run, home, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run("demo").code == 0
    assert list(tmp_path.glob("versioned-demo-*")) == []
    assert Path.cwd() == home
    assert list(home.iterdir()) == []


def test_the_demo_overwrites_nothing(run, home):
    (home / "mine").mkdir()
    (home / "mine/file").write_text("x")
    run("demo --keep mine").said("", "error: 'mine' is not empty\nhint: name a new directory\n", 2)

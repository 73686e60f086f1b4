import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from versioned import errors
from versioned.cli.exits import Exit, NeedsYesError, UnmendedError, exit_code
from versioned.images import errors as image_errors
from versioned.repository import Repository

CODES = {
    errors.ArtifactNotFoundError: 3,
    errors.RepositoryNotFoundError: 3,
    errors.InvalidNameError: 2,
    errors.InvalidLocationError: 2,
    errors.LatestVersionError: 2,
    errors.PreconditionFailedError: 4,
    errors.DeletionInProgressError: 4,
    errors.VersionInUseError: 4,
    errors.ContentMismatchError: 5,
    errors.ContentChangedError: 5,
    errors.ContaminatedError: 5,
    errors.StoreUnavailableError: 6,
    errors.OutcomeUnknownError: 6,
    errors.AccessDeniedError: 7,
    errors.StoreError: 1,
    errors.WrongRegionError: 1,
    errors.UnsafeStoreError: 1,
    errors.VersionNumbersExhaustedError: 1,
    image_errors.ImageNotFoundError: 3,
    image_errors.TagImmutableError: 4,
    image_errors.ImageInUseError: 4,
    image_errors.RepositoryRetainedError: 4,
    image_errors.UnsupportedByRegistryError: 2,
    image_errors.RegistryError: 1,
    image_errors.RuntimeNotFoundError: 1,
    PermissionError: 1,
}


@pytest.mark.parametrize("kind", CODES, ids=lambda kind: kind.__name__)
def test_each_error_has_its_exit_code_and_a_line(versioned, monkeypatch, kind):
    def fail(_):
        raise kind("it failed")

    monkeypatch.setattr(Repository, "list_artifact_names", fail)
    versioned("ls").said("", "error: it failed\n", CODES[kind])


def test_the_other_exit_codes():
    assert exit_code(NeedsYesError()) == Exit.NEEDS_YES == 8
    assert exit_code(UnmendedError("x")) == Exit.FINDINGS == 9
    lost = errors.AliasConflictError("x", expected=None, found=None)
    assert exit_code(lost) == Exit.CONFLICT == 4
    unknown = image_errors.ReferencesUnknownError("x", reports=())
    assert exit_code(unknown) == Exit.REFUSED == 10
    left = image_errors.IncompleteDeletionError("x", deletions=())
    assert exit_code(left) == Exit.FINDINGS
    assert exit_code(image_errors.RuntimeFailedError("x", output="")) == Exit.FAILURE == 1


def test_every_error_of_the_package_has_an_exit_code():
    needing_more = {
        errors.AliasConflictError,
        errors.GateRefusedError,
        image_errors.ReferencesUnknownError,
        image_errors.IncompleteDeletionError,
        image_errors.RuntimeFailedError,
    }
    for module in (errors, image_errors):
        for kind in (getattr(module, name) for name in module.__all__):
            if kind not in needing_more:
                assert exit_code(kind("x")) in set(Exit)


def test_an_error_says_what_to_do_next(app):
    app("show app@9").said(
        "",
        "error: artifact 'app' has no version 9\nhint: versioned ls shows all artifacts, versioned ls app its versions\n",
        3,
    )


def test_an_error_in_json_is_an_object_on_stderr(app):
    ran = app("show app@9 --json")
    assert ran.stdout == ""
    assert json.loads(ran.stderr) == {
        "error": "artifact-not-found",
        "message": "artifact 'app' has no version 9",
        "hint": "versioned ls shows all artifacts, versioned ls app its versions",
    }


def test_wrong_usage_in_json_too_even_when_the_option_comes_after_the_slip(app):
    ran = app("ls --bogus --json")
    assert ran.code == 2
    assert json.loads(ran.stderr)["error"] == "usage"
    assert "error: " in app("ls --bogus -- --json").stderr


@pytest.mark.parametrize(
    "line",
    [
        "ls --bogus",
        "nonsense",
        "put app nofile",
        "put app .",
        "put ../app file.txt",
        "put app file.txt --metadata novalue",
        "put app file.txt --metadata a=1 --metadata a=2",
        "show app@",
        "show app@x-y",
        "show app@0",
        "get",
        "history app",
        "alias put app@prod one",
        "alias put app@prod 1 --canary 2 --weight 100",
        "alias nonsense",
        "completion powershell",
        "demo --quiet",
    ],
)
def test_what_is_not_understood_ends_with_2(versioned, line):
    ran = versioned(line)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("error: ")


def test_a_slip_in_a_command_gets_a_suggestion(app):
    app("pubish app").said(
        "",
        "error: No such command 'pubish'. Did you mean publish?\nhint: see versioned --help\n",
        2,
    )


def test_what_there_is_to_choose_from_stands_in_one_line(app):
    app("packages status AbcDev/pypi/pyabc@1.0.0").said(
        "",
        "error: Missing argument '[Published|Unlisted|Archived|Disposed]'. Choose from: published,"
        " unlisted, archived, disposed\nhint: see versioned packages status --help\n",
        2,
    )


def test_nothing_from_outside_can_drive_the_terminal(app):
    app("alias put app@prod 2 -m '[red]x[/] \x1b[31m\x1b]0;t\x07\r\n\u202e\x9b'")
    shown = app("history app@prod --limit 1").stdout
    assert "[red]x[/] \\x1b[31m\\x1b]0;t\\x07\\r\\n\\u202e\\x9b\n" in shown
    for line in ("history app@prod --json", "alias ls app", "show app@prod", "ls app --json"):
        assert all(c.isprintable() or c == "\n" for c in app(line).stdout)


def test_neither_can_an_error(app):
    ran = app("ls '\x1b[31m[bold]'")
    assert "\x1b" not in ran.stderr
    assert "[bold]" in ran.stderr
    assert "\x1b" not in app("show 'a\x1b' --json").stderr


def test_neither_can_the_name_of_a_file(app, home):
    (home / "a\x1b[31m").write_text("x")
    assert "\x1b" not in app("put app '\x1b'").stderr
    assert "\x1b" not in app("get app -o 'a\x1b[31m'").stderr


def spawn(*arguments, **options):
    command = [sys.executable, "-c", "from versioned.cli.main import main; main()", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


def test_a_reader_that_goes_away_makes_no_noise(app):
    read, write = os.pipe()
    os.close(read)
    with spawn("ls", "app", stdout=write) as process:
        os.close(write)
        assert (process.communicate()[1], process.returncode) == ("", 141)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_an_error_and_no_traceback(app, monkeypatch, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with Path("/dev/full").open("w") as full, spawn("ls", "app", stdout=full) as process:
        assert process.communicate()[1] == "error: [Errno 28] No space left on device\n"
        assert process.returncode == 1


def test_closed_streams_do_no_harm(app):
    script = f"{sys.executable} -c 'from versioned.cli.main import main; main()' ls >&- 2>&-"
    ran = subprocess.run(["sh", "-c", script], check=False)
    assert ran.returncode == 0


def test_an_interrupt_ends_with_130(app, home):
    os.mkfifo(home / "pipe")
    with spawn("put", "app", "pipe", stdout=subprocess.PIPE) as process:
        with (home / "pipe").open("wb"):  # as soon as the command reads it
            process.send_signal(signal.SIGINT)
            assert process.communicate()[1].strip() == "error: interrupted"
        assert process.returncode == 130

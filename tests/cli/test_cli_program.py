import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest

from versioned.cli.main import program

MAIN = "from versioned.cli.main import main; main()"


def everything(group=program, path=()):
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from everything(command, (*path, name))
        else:
            yield (*path, name)


COMMANDS = list(everything())


def test_the_commands():
    assert [" ".join(path) for path in COMMANDS] == [
        "put",
        "publish",
        "ls",
        "show",
        "get",
        "rm",
        "alias ls",
        "alias put",
        "alias rm",
        "alias split",
        "route",
        "history",
        "rollback",
        "rollout abort",
        "rollout pause",
        "rollout promote",
        "rollout resume",
        "rollout start",
        "rollout tick",
        "rollout status",
        "pipeline gate",
        "pipeline history",
        "pipeline iam",
        "pipeline set",
        "pipeline show",
        "ranks",
        "promote",
        "demote",
        "diff",
        "verdict",
        "verdicts",
        "approve",
        "approvals",
        "images init",
        "images build",
        "images push",
        "images uri",
        "images list",
        "images tags",
        "images describe",
        "images promote",
        "images retag",
        "images copy",
        "images record",
        "images prune",
        "images cleanup",
        "images orphans",
        "images delete-tag",
        "images delete-repo",
        "images lifecycle get",
        "images lifecycle preview",
        "images lifecycle set",
        "images replication get",
        "images replication status",
        "images replication sync",
        "packages init",
        "packages create",
        "packages tokens create",
        "packages tokens ls",
        "packages tokens prune",
        "packages tokens revoke",
        "packages publish",
        "packages verdict",
        "packages verdicts",
        "packages promote",
        "packages ls",
        "packages assets",
        "packages sets",
        "packages history",
        "packages get",
        "packages status",
        "packages yank",
        "packages deprecate",
        "packages dist-tag",
        "packages tags",
        "packages rm",
        "packages purge",
        "packages reindex",
        "packages doctor",
        "serve",
        "purge",
        "doctor",
        "verify",
        "events deliver",
        "events pending",
        "init",
        "demo",
        "completion",
    ]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(run, path):
    ran = run(" ".join((*path, "--help")))
    assert ran.code == 0
    assert f"Usage: versioned {' '.join(path)}" in ran.stdout
    assert f"Example:\n  {'eval' if path == ('completion',) else 'versioned'}" in ran.stdout
    assert "--repo URL" in ran.stdout


def test_the_help_documents_every_exit_code(run):
    codes = run("--help").stdout.partition("Exit codes:\n")[2]
    assert re.findall(r"^  (\d+) ", codes, re.MULTILINE) == [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "130", "141",
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["--help", "images --help", "packages --help"])
def test_no_line_of_the_help_is_cut_off(run, line):
    meant = ("s3://bucket/...", "[ARGS]...", "sha256:...")
    assert "..." not in re.sub("|".join(map(re.escape, meant)), "", run(line).stdout)


def test_a_command_alone_shows_the_help_and_ends_with_2(run):
    for line in ("", "alias"):
        ran = run(line)
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr.startswith("Usage: versioned")


@pytest.mark.parametrize("line", ["--version", "ls --version", "alias ls --version"])
def test_the_version(run, line):
    run(line).said("versioned 2.0.0\n")


@pytest.mark.parametrize("line", ["--json {}", "{} --json", "--json {} --json"])
@pytest.mark.parametrize("command", ["ls app", "alias ls app"])
def test_options_stand_before_or_after_the_command(app, line, command):
    assert json.loads(app(line.format(command)).stdout)


def test_options_stand_between_the_words_of_a_command(app):
    assert json.loads(app("alias --json ls app").stdout)


def test_what_is_said_later_counts(app):
    assert app("--repo ./nowhere ls -q --repo .versioned").stdout == "app\n"


JSON_LINES = [
    "init",
    "put app - --json",
    "publish app",
    "ls",
    "ls app",
    "show app@1",
    "show app@prod",
    "get app@1",
    "alias put app@x 1",
    "alias ls app",
    "route app@prod k",
    "history app@prod",
    "rollback app@prod --to 2",
    "purge app --dry-run",
    "purge app --everything --dry-run",
    "doctor",
    "verify",
    "rm app@2 --yes",
    "alias rm app@prod --yes",
]


@pytest.mark.parametrize("line", JSON_LINES)
def test_every_command_answers_with_one_json_document(app, line):
    ran = app(f"--json {line}", stdin="new")
    assert (ran.code, ran.stderr) == (0, "")
    json.loads(ran.stdout)


def test_a_local_repository_needs_none_of_the_heavy_packages(app):
    script = """
import sys
from versioned.cli.main import program
assert program.main(sys.argv[1:], standalone_mode=False) == 0
heavy = {"boto3", "botocore", "moto", "s3pathlib", "boto_session_manager", "rich", "urllib3", "yaml"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    for line in (
        "ls",
        "ls app",
        "put app /dev/null --publish",
        "--help",
        "purge app",
        "verify",
        "images --help",
    ):
        subprocess.run([sys.executable, "-c", script, *line.split()], check=True)


def test_the_entry_point():
    ran = subprocess.run(
        [f"{sys.prefix}/bin/versioned", "--version"], check=True, capture_output=True, text=True
    )
    assert ran.stdout == "versioned 2.0.0\n"


def on_terminal(*arguments, columns, **variables):
    """What a command prints on a terminal that is so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"} | variables,
    ) as process:
        os.close(theirs)
        printed = b""
        try:
            while chunk := os.read(ours, 4096):
                printed += chunk
        except OSError:  # how a terminal says that nobody is left
            pass
        process.wait()
    os.close(ours)
    return printed.decode().replace("\r\n", "\n")


def test_a_terminal_of_40_columns(app):
    app("alias put app@production_in_europe 2")
    assert on_terminal("ls", "app", "--no-color", columns=40) == (
        "VERSION  ALIASES               SIZE  AGE\n"
        "LATEST   -                      4 B  now\n"
        "2        production_in_europe   4 B  now\n"
        "1        prod                   4 B  now\n"
    )


def test_colours_are_for_terminals_and_can_be_turned_off(app):
    assert "\x1b[1m" in on_terminal("ls", columns=80)
    assert "\x1b[31m" in on_terminal("show", "nope", columns=80)
    assert "\x1b" not in on_terminal("ls", "--no-color", columns=80)
    assert "\x1b" not in on_terminal("show", "nope", columns=80, NO_COLOR="1")
    assert "\x1b" not in on_terminal("ls", columns=80, TERM="dumb")


def test_destructive_commands_never_prompt_on_a_terminal(app):
    assert "hint: repeat with --yes" in on_terminal("rm", "app@2", "--no-color", columns=80)


def test_progress_is_drawn_on_a_terminal_only(app, home):
    (home / "big").write_bytes(os.urandom(30_000_000))
    app("put big big")
    drawn = on_terminal(
        "get", "big", "-o", "copy", columns=60, PYTHONPATH=str(_impatient(home.parent))
    )
    assert "28.6/28.6 MiB" in drawn
    assert "copy: big@LATEST" in drawn
    assert "MiB/s" not in app("get big -o copy2").stdout


def _impatient(folder):
    """A directory that makes Python draw progress at once."""
    (folder / "sitecustomize.py").write_text(
        "import versioned.cli.progress\nversioned.cli.progress.PATIENCE = 0\n"
    )
    return folder


def complete(words, number=None):
    """What a shell is offered for a command line."""
    ran = subprocess.run(
        [sys.executable, "-c", MAIN],
        env=os.environ
        | {
            "_VERSIONED_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(number if number is not None else len(words.split()) - 1),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return [line.partition(",")[2] for line in ran.stdout.splitlines() if line]


def test_completion_of_commands(app):
    assert complete("versioned pu") == ["put", "publish", "purge"]


def test_completion_of_refs(app):
    app("put apple -", stdin="x")
    assert complete("versioned show a") == ["app", "apple"]
    assert complete("versioned show app@") == ["app@prod", "app@LATEST", "app@2", "app@1"]
    assert complete("versioned rm app@") == ["app@LATEST", "app@2", "app@1"]
    assert complete("versioned history app@p") == ["app@prod"]
    assert complete("versioned ls appl") == ["apple"]
    assert complete("versioned show apple") == ["apple", "apple@LATEST"]


def test_completion_is_silent_without_a_repository_and_never_asks_the_network(run, home):
    assert complete("versioned show a") == []
    (home / ".versioned.toml").write_text('repository = "s3://bucket/x"\n')
    assert complete("versioned show a") == []
    (home / ".versioned.toml").write_text("broken")
    assert complete("versioned show a") == []


@pytest.mark.parametrize(
    ("shell", "start"),
    [("bash", "_versioned_completion()"), ("zsh", "#compdef versioned"), ("fish", "function _v")],
)
def test_completion_scripts(run, shell, start):
    assert run(f"completion {shell}").stdout.lstrip().startswith(start)


def test_bash_takes_a_ref_for_one_word(run):
    assert run("completion bash").stdout.endswith("COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}\n")

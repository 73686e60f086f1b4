"""`versioned events`, and telling after other commands."""

import json
import re
import shlex
import sqlite3
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from versioned import Repository
from versioned.cli import hooks
from versioned.cli.main import program
from versioned.cli.session import Session


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A directory with a repository, a script that keeps what it is told, and the file `f`."""
    for name in ("VERSIONED_REPO", "XDG_CONFIG_HOME", "HOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VERSIONED_ACTOR", "ann")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    repository = Repository.open(".versioned", actor="ann")
    repository.bootstrap()
    repository.context.store.close()
    Path("f").write_text("one")
    Path("keep.sh").write_text("#!/bin/sh\ntest ! -e deaf || exit 1\ncat >> told\necho >> told\n")
    Path("keep.sh").chmod(0o755)
    return folder


def configure(text='[hooks.audit]\ncommand = ["./keep.sh"]\n'):
    Path(".versioned.toml").write_text(text)


def told():
    path = Path("told")
    lines = path.read_text().splitlines() if path.exists() else []
    return [f"{e['type'].rpartition('.')[2]} {e['subject']}" for e in map(json.loads, lines)]


def make_older():
    """As if all that is in the repository had been written a minute earlier."""
    minute = 60 * 1_000_000
    with closing(sqlite3.connect(".versioned/versioned.db", isolation_level=None)) as database:
        database.execute("UPDATE objects SET modified = modified - ?", (minute,))


@pytest.fixture
def run(work):
    def run(line):
        result = CliRunner().invoke(program, shlex.split(line), prog_name="versioned")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


class TestAfterACommand:
    def test_the_hooks_are_told_what_it_changed(self, run):
        configure()
        assert run("put app f --publish -q") == (0, "1\n", "")
        run("alias put app@prod 1")
        run("alias rm app@prod --yes")
        assert told() == ["published app@1", "put app@prod", "deleted app@prod"]

    def test_a_new_hook_is_told_what_this_command_changed_and_nothing_older(self, run):
        run("put app f --publish")
        make_older()
        configure()
        run("alias put app@prod 1")
        assert told() == ["put app@prod"]

    def test_a_hook_that_cannot_be_told_is_a_warning_and_is_told_later(self, run):
        configure()
        Path("deaf").touch()
        code, out, err = run("put app f --publish -q")
        assert (code, out) == (0, "1\n")
        assert err == (
            "warning: hook audit was not told 1 change of app: ./keep.sh ended with 1 "
            "(versioned events deliver tries again)\n"
        )
        Path("deaf").unlink()
        run("alias put app@prod 1")
        assert told() == ["published app@1", "put app@prod"]

    def test_a_command_that_failed_after_its_write_tells_it_too(self, run, monkeypatch):
        run("put app f --publish")
        configure()

        def fail(*_arguments, **_options):
            raise OSError("the pipe is full")

        monkeypatch.setattr("versioned.cli.output.Output.answer", fail)
        code, _, err = run("alias put app@prod 1")
        assert (code, err) == (1, "error: the pipe is full\n")
        assert "put app@prod" in told()

    def test_a_command_that_changes_nothing_tells_nothing(self, run):
        configure("[hooks.audit]\nthis = 'is not understood'\n")
        run("put app f")
        assert run("ls") == (0, run("ls")[1], "")

    def test_without_hooks_nothing_is_asked_of_the_store(self, run, monkeypatch):
        def asked(*_arguments, **_options):
            pytest.fail("it was")

        monkeypatch.setattr(hooks, "deliver", asked)
        assert run("put app f --publish -q") == (0, "1\n", "")

    def test_a_hook_that_is_written_wrong_keeps_no_other_from_being_told(self, run):
        configure('[hooks.audit]\ncommand = ["./keep.sh"]\n[hooks.bad]\nwebhook = "nowhere"\n')
        code, _, err = run("put app f --publish")
        assert code == 0
        assert err.startswith("warning: hook bad: that is not a URL")
        assert told() == ["published app@1"]

    def test_an_interruption_while_telling_is_a_warning(self, run, monkeypatch):
        configure()

        def interrupt(*_arguments, **_options):
            raise KeyboardInterrupt

        monkeypatch.setattr(hooks, "deliver", interrupt)
        code, _, err = run("put app f --publish")
        assert code == 0
        assert err.startswith("warning: interrupted; versioned events deliver")

    def test_each_artifact_is_looked_at_once(self, local_repositories):
        context, session = local_repositories().context, Session()
        for name in ("app", "app", "lib"):
            session.changed(context, name)
        assert session.changes == [(context, "app"), (context, "lib")]


class TestDeliver:
    def test_it_tells_what_programs_changed(self, run):
        configure()
        assert run("events deliver") == (0, "nothing was told\n", "")
        repository = Repository.open(".versioned")
        repository.put_artifact("app", b"one")
        repository.publish_artifact_version("app")
        repository.put_alias("app", "prod", 1)
        repository.context.store.close()
        code, out, err = run("events deliver")
        assert (code, err) == (0, "")
        assert out.splitlines() == [
            "told audit: versioned.version.published app@1",
            "told audit: versioned.alias.put app@prod",
        ]
        assert run("events deliver app") == (0, "nothing was told\n", "")

    def test_it_ends_with_6_where_something_could_not_be_told(self, run):
        configure()
        Path("deaf").touch()
        run("put app f --publish")
        code, out, err = run("events deliver --json")
        assert code == 6
        assert json.loads(out)["told"] == []
        assert json.loads(out)["untold"][0] | {"message": ""} == {
            "hook": "audit",
            "subject": "app",
            "waiting": 1,
            "error": "delivery-failed",
            "message": "",
        }
        assert '"error": "delivery-failed"' in err

    def test_its_document_has_the_events(self, run):
        configure()
        Path("deaf").touch()
        run("put app f --publish")
        Path("deaf").unlink()
        (one,) = json.loads(run("events pending --json")[1])
        assert json.loads(run("events deliver --json")[1]) == {"told": [one], "untold": []}
        assert one["event"]["specversion"] == "1.0"

    def test_quietly_it_prints_the_ids(self, run):
        configure()
        Path("deaf").touch()
        run("put app f --publish")
        Path("deaf").unlink()
        assert re.fullmatch(r"[0-9a-f]{32}\n", run("events deliver -q")[1])

    def test_without_hooks_it_says_so(self, run):
        code, _, err = run("events deliver")
        assert code == 2
        assert "no hooks are configured here" in err


class TestPending:
    def test_it_shows_what_was_not_told(self, run):
        configure()
        Path("deaf").touch()
        run("put app f --publish")
        code, out, _ = run("events pending")
        assert code == 0
        assert re.sub(r"\d{4}-.*", "TIME", out) == (
            "HOOK   EVENT                        SUBJECT  TIME\n"
            "audit  versioned.version.published  app@1    TIME\n"
        )
        Path("deaf").unlink()
        run("events deliver")
        assert run("events pending")[2] == "the hooks have been told everything\n"


class TestConfiguration:
    @pytest.mark.parametrize(
        ("table", "why"),
        [
            ("", "it has no sender"),
            ('webhook = "https://a.b"\ncommand = ["x"]', "it has command and webhook"),
            ('webhook = "nowhere"', "that is not a URL"),
            ("webhook = 3", "webhook = 3 is not a text"),
            ('command = "./x"', "command = './x' is not a list of texts"),
            ("command = []", "command is empty"),
            ('eventbridge = ""', "eventbridge = '' is not a text"),
            ('command = ["x"]\nregion = "eu"', "region is not understood"),
            ('command = ["x"]\nretries = 3', "retries is not understood"),
            ('command = ["x"]\ntimeout = true', "timeout = True is not a number"),
            ('command = ["x"]\ntimeout = 0', "timeout = 0 is not from 0 to 600 seconds"),
            ('command = ["x"]\ntimeout = nan', "timeout = nan is not from 0 to 600 seconds"),
            ('command = ["x"]\ntypes = "versioned.*"', "is not a list of texts"),
            ('command = ["x"]\ntypes = ["alias.*"]', "no event has a type like 'alias.*'"),
        ],
    )
    def test_what_is_not_understood_is_refused(self, run, table, why):
        configure(f"[hooks.audit]\n{table}\n")
        code, _, err = run("events deliver")
        assert code == 2
        assert "hook audit: " in err
        assert why in err

    def test_a_bad_name_is_refused(self, run):
        configure('[hooks."a b"]\ncommand = ["x"]\n')
        assert run("events deliver")[0] == 2

    def test_a_webhook_is_signed_with_the_secret_of_the_environment(self, run, monkeypatch):
        monkeypatch.setenv("HOOK_SECRET", "whsec_TWFu other")
        with Server() as server:
            configure(f'[hooks.web]\nwebhook = "{server.url}"\nsecret_env = "HOOK_SECRET"\n')
            assert run("put app f --publish -q") == (0, "1\n", "")
        (headers,) = server.got
        assert len(headers["webhook-signature"].split()) == 2

    def test_without_its_secret_in_the_environment_a_webhook_waits(self, run, monkeypatch):
        with Server() as server:
            configure(f'[hooks.web]\nwebhook = "{server.url}"\nsecret_env = "HOOK_SECRET"\n')
            _, _, err = run("put app f --publish -q")
            assert "hook web was not told" in err
            assert "the environment has no HOOK_SECRET" in err
            assert run("events deliver -q")[0] == 6
            monkeypatch.setenv("HOOK_SECRET", "whsec_TWFu")
            assert run("events deliver -q")[0] == 0
        assert len(server.got) == 1

    def test_a_bad_secret_is_refused_without_repeating_it(self, run, monkeypatch):
        monkeypatch.setenv("HOOK_SECRET", "whsec_sesame!")
        configure('[hooks.web]\nwebhook = "https://a.b"\nsecret_env = "HOOK_SECRET"\n')
        code, _, err = run("events deliver")
        assert code == 2
        assert "sesame" not in err

    def test_after_a_command_a_webhook_is_tried_twice_at_most(self, run, monkeypatch):
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        with Server(status=503) as server:
            configure(f'[hooks.web]\nwebhook = "{server.url}"\n')
            assert run("put app f --publish -q")[0] == 0
        assert len(server.got) == 2


class Server:
    """Answers every POST with one status."""

    def __init__(self, status=204):
        got = self.got = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                got.append(dict(self.headers.items()))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self):
        serve = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        serve.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

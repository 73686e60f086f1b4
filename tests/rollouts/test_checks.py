"""Checks against real programs, real HTTP servers, and CloudWatch as moto plays it."""

import base64
import contextlib
import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from moto.backends import get_backend
from rollout_rig import Releases

from late_clocks import begin_when_there
from versioned.checks.base import CheckRun, Outcome, Subject
from versioned.checks.definitions import Surroundings, define_checks
from versioned.checks.running import run_checks
from versioned.errors import InvalidCheckError, InvalidNameError
from versioned.pipelines.pipeline import Pipeline

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
SUBJECT = Subject("app", "prod", "2", "ab" * 32, 1000)


@pytest.fixture
def around(tmp_path):
    """In an empty directory, with this process's PATH and nothing else."""
    return Surroundings(None, tmp_path, {"PATH": os.environ["PATH"]})


@pytest.fixture
def run(around):
    """Runs the check of a spec: its outcome and its reason."""

    def run(spec, timeout=10.0):
        checks = define_checks({"check": {"run": spec, "timeout": timeout}}, around)
        result = checks["check"].run(SUBJECT)
        return result.outcome, result.reason

    return run


@pytest.fixture
def script(around):
    """Writes an executable script into the directory; returns how to run it."""

    def script(body, name="check.sh"):
        path = around.directory / name
        path.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
        path.chmod(0o755)
        return f"command:./{name}"

    return script


class TestCommands:
    @pytest.mark.parametrize(
        ("body", "outcome", "reason"),
        [
            ("exit 0", PASS, "exit 0"),
            ("echo fine", PASS, "exit 0: fine"),
            ("exit 75", INCONCLUSIVE, "exit 75"),
            ("echo no data; exit 75", INCONCLUSIVE, "exit 75: no data"),
            ("exit 1", FAIL, "exit 1"),
            ("echo first; echo 3 errors >&2; exit 2", FAIL, "exit 2: 3 errors"),
            ("kill -9 $$", INCONCLUSIVE, "killed by signal 9"),
        ],
    )
    def test_the_exit_decides_and_the_last_line_tells_why(self, run, script, body, outcome, reason):
        assert run(script(body)) == (outcome, reason)

    def test_it_is_told_what_it_is_about(self, run, script):
        line = "$VERSIONED_ARTIFACT $VERSIONED_ALIAS $VERSIONED_VERSION $VERSIONED_WEIGHT"
        assert run(script(f"echo {line}")) == (PASS, "exit 0: app prod 2 10")
        assert run(script("echo $VERSIONED_SHA256")) == (PASS, f"exit 0: {'ab' * 32}")

    def test_words_are_split_as_a_shell_does_and_no_shell_runs(self, run, script):
        spec = script('for word; do echo "$word"; done | tr "\\n" ,')
        assert run(f"{spec} --fast 'a b' '$HOME' '; exit 1'") == (
            PASS,
            "exit 0: --fast,a b,$HOME,; exit 1,",
        )

    def test_there_is_nothing_to_read(self, run, script):
        assert run(script("cat; echo end")) == (PASS, "exit 0: end")

    @pytest.mark.parametrize("spec", ["command:./missing", "command:.", "command:./data"])
    def test_what_can_t_start_is_inconclusive(self, run, around, spec):
        (around.directory / "data").write_text("x", "utf-8")
        outcome, reason = run(spec)
        assert outcome is INCONCLUSIVE
        assert reason.startswith(f"could not start {spec.removeprefix('command:')}: ")

    def test_one_that_hangs_is_killed_with_all_that_it_started(
        self, run, script, around, monkeypatch
    ):
        begin_when_there(monkeypatch, around.directory / "ready")
        started = time.monotonic()
        spec = script("sleep 60 & echo $! > child; echo waiting; : > ready; sleep 60")
        assert run(spec, 0.2) == (INCONCLUSIVE, "no end within 0.2 s: waiting")
        assert time.monotonic() - started < 10
        child = int((around.directory / "child").read_text())
        for _ in range(500):  # until the kernel has ended it
            if not is_running(child):
                break
            time.sleep(0.01)
        assert not is_running(child)

    def test_one_that_closes_its_output_and_hangs_is_killed_too(self, run, script):
        assert run(script("exec >&- 2>&-; sleep 60"), 0.2) == (INCONCLUSIVE, "no end within 0.2 s")

    def test_endless_output_is_cut_off(self, run, script, around, monkeypatch):
        begin_when_there(monkeypatch, around.directory / "ready")
        outcome, reason = run(script("echo error; : > ready; yes error"), 0.2)
        said = reason.removeprefix("no end within 0.2 s: ")
        assert (outcome, bool(said)) == (INCONCLUSIVE, True)
        assert "error".startswith(said), "killed in the middle of a line or at its end"

    def test_garbage_is_made_printable_and_short(self, run, script):
        spec = script("head -c 200000 /dev/urandom; printf '\\033[31m\\377 red \\007'; exit 1")
        outcome, reason = run(spec)
        assert outcome is FAIL
        assert reason.isprintable()
        assert len(reason) < 250
        assert reason.endswith("red")

    def test_one_line_without_end_gives_its_end(self, run, script):
        spec = script("head -c 3000000 /dev/zero | tr '\\0' x; printf END; exit 1")
        _, reason = run(spec)
        assert reason.endswith("xxxEND")
        assert len(reason) < 250

    def test_what_it_leaves_behind_holds_nobody_up(self, run, script, around):
        started = time.monotonic()
        spec = script("sleep 60 & echo $! > child; yes & echo $! > writer; exit 0")
        assert run(spec)[0] is PASS
        assert time.monotonic() - started < 9
        for name in ("child", "writer"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int((around.directory / name).read_text()), signal.SIGKILL)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Handler(BaseHTTPRequestHandler):
    """Answers as its path asks for."""

    def do_GET(self):
        self.server.seen.append(dict(self.headers))
        kind, _, rest = self.path.lstrip("/").partition("/")
        with contextlib.suppress(OSError):
            getattr(self, f"do_{kind}")(rest)

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_status(self, rest):
        self.answer(int(rest.partition("?")[0]), b"\x00\xff body")

    def do_redirect(self, rest):
        self.answer(302, Location=rest.replace("!", ":"))

    def do_loop(self, _rest):
        self.answer(302, Location="/loop")

    def do_stall(self, _rest):
        self.server.closing.wait(20)

    def do_drip(self, _rest):
        self.drip(b"HTTP/1.1 200 OK\r\n" + b"x" * 1000)

    def do_slow(self, _rest):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.drip(b"x" * 1000)

    def drip(self, data):
        for byte in data:
            if self.server.closing.wait(0.05):
                return
            self.wfile.write(bytes([byte]))

    def do_endless(self, _rest):
        self.send_response(200)
        self.end_headers()
        while not self.server.closing.is_set():
            self.wfile.write(b"x" * 65536)

    def do_short(self, _rest):
        self.answer(200, b"x", Content_Length="1000")

    def do_garbage(self, _rest):
        self.wfile.write(b"\x00\x01\x02 what?\r\n\r\n")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen, server.closing = [], threading.Event()
        server.daemon_threads = True
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


class TestHttp:
    @pytest.mark.parametrize(
        ("path", "outcome", "reason"),
        [
            ("status/200", PASS, "answered 200"),
            ("status/204", PASS, "answered 204"),
            ("status/304", FAIL, "answered 304"),
            ("status/404", FAIL, "answered 404"),
            ("status/503", FAIL, "answered 503"),
            ("endless", PASS, "answered 200"),
            ("redirect//status/200", PASS, "answered 200"),
            ("redirect//status/500", FAIL, "answered 500"),
            ("redirect/https!//127.0.0.1/", FAIL, "answered 302 and leads to another scheme"),
            ("redirect/file!///etc/passwd", FAIL, "answered 302 and leads to another scheme"),
            ("loop", FAIL, "redirects more than 5 times"),
            ("short", INCONCLUSIVE, "IncompleteRead"),
            ("garbage", INCONCLUSIVE, "BadStatusLine"),
        ],
    )
    def test_the_answer_decides(self, run, server, path, outcome, reason):
        assert run(f"{server.url}/{path}") == (outcome, f"{server.url}/{path}: {reason}")

    @pytest.mark.parametrize("path", ["stall", "drip", "slow"])
    def test_no_whole_answer_in_time_is_inconclusive(self, run, server, path):
        started = time.monotonic()
        assert run(f"{server.url}/{path}", 0.2) == (
            INCONCLUSIVE,
            f"{server.url}/{path}: no whole answer within 0.2 s",
        )
        assert time.monotonic() - started < 5

    def test_nobody_there_is_inconclusive(self, run):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}/health"
            assert run(url) == (INCONCLUSIVE, f"{url}: Connection refused")

    def test_no_thread_is_left_behind(self, run, server):
        run(f"{server.url}/drip", 0.2)
        for _ in range(500):
            if not [t for t in threading.enumerate() if t.name == "http-check"]:
                return
            time.sleep(0.01)
        pytest.fail("the thread of a check goes on")

    def test_nor_one_that_connected_after_its_time(self, run, server, monkeypatch):
        connect, goes_on = socket.create_connection, threading.Event()

        def connect_late(*arguments, **options):
            goes_on.wait(20)
            return connect(*arguments, **options)

        monkeypatch.setattr("socket.create_connection", connect_late)
        others = threading.enumerate()
        run(f"{server.url}/drip", 0.2)
        (late,) = [t for t in threading.enumerate() if t not in others]
        goes_on.set()
        late.join(5)
        assert not late.is_alive()

    def test_credentials_are_sent_and_never_told(self, run, server):
        host = server.url.removeprefix("http://")
        outcome, reason = run(f"http://ann:s%20cret@{host}/status/503?token=hidden")
        assert (outcome, reason) == (FAIL, f"http://{host}/status/503: answered 503")
        sent = base64.b64encode(b"ann:s cret").decode()
        assert server.seen[-1]["Authorization"] == f"Basic {sent}"

    def test_credentials_are_for_their_own_host_only(self, run, server):
        port = server.server_port
        path = f"redirect/http!//localhost!{port}/status/200"
        assert run(f"http://ann:secret@127.0.0.1:{port}/{path}")[0] is PASS
        assert "Authorization" not in server.seen[-1]


def put_alarm(client, name, state):
    client.put_metric_alarm(
        AlarmName=name,
        MetricName="errors",
        Namespace="app",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
    )
    client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


class TestAlarms:
    @pytest.mark.usefixtures("moto_in_process")
    @pytest.mark.parametrize(
        ("state", "outcome"),
        [("OK", PASS), ("ALARM", FAIL), ("INSUFFICIENT_DATA", INCONCLUSIVE)],
    )
    def test_its_state_decides(self, run, state, outcome):
        put_alarm(boto3.client("cloudwatch", region_name="eu-west-1"), "5xx rate", state)
        assert run("alarm:5xx rate?region=eu-west-1") == (
            outcome,
            f"alarm 5xx rate in eu-west-1: {state}",
        )

    @pytest.mark.usefixtures("moto_in_process")
    def test_a_composite_alarm_counts_too(self, run):
        """moto lists composite alarms and has no request that makes one."""
        client = boto3.client("cloudwatch", region_name="eu-west-1")
        put_alarm(client, "all", "OK")
        (alarm,) = get_backend("cloudwatch")["123456789012"]["eu-west-1"].alarms.values()
        alarm.rule = "ALARM(one)"
        client.set_alarm_state(AlarmName="all", StateValue="ALARM", StateReason="test")
        assert client.describe_alarms(AlarmNames=["all"])["CompositeAlarms"]
        assert run("alarm:all?region=eu-west-1") == (FAIL, "alarm all in eu-west-1: ALARM")

    @pytest.mark.usefixtures("moto_in_process")
    def test_one_that_is_not_there_is_inconclusive(self, run):
        assert run("alarm:none") == (INCONCLUSIVE, "alarm none: there is no such alarm")

    def test_an_endpoint_comes_from_the_environment(self, run, server, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", server.url)
        outcome, reason = run("alarm:none?region=eu-west-1")
        assert (outcome, reason) == (
            INCONCLUSIVE,
            "alarm none in eu-west-1: CloudWatch answered 501",
        )

    def test_no_answer_is_inconclusive(self, run, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://127.0.0.1:1")
        assert run("alarm:none?region=eu-west-1") == (
            INCONCLUSIVE,
            "alarm none in eu-west-1: CloudWatch can't be asked: EndpointConnectionError",
        )


class TestDefinitions:
    @pytest.mark.parametrize(
        "given",
        [
            "",
            "smoke",
            "./smoke.sh",
            "command:",
            "command:  ",
            "command:'unclosed",
            "command:a\0b",
            "ftp://example.org/",
            "http:",
            "http://",
            "http:///path",
            "http://host:port/",
            "http://host:0/",
            "http://a b/",
            "http://host/\r\nX: y",
            "https://[::1/",
            "alarm:",
            "alarm:?region=eu-west-1",
            "alarm:x?region=",
            "alarm:x?zone=1",
            5,
            None,
            ["command:true"],
            {},
            {"run": "command:true", "shell": True},
            {"run": "command:true", "timeout": 0},
            {"run": "command:true", "timeout": -1},
            {"run": "command:true", "timeout": float("nan")},
            {"run": "command:true", "timeout": float("inf")},
            {"run": "command:true", "timeout": True},
            {"run": "command:true", "timeout": "30"},
        ],
        ids=repr,
    )
    def test_what_can_t_be_run_is_one_clear_error(self, around, given):
        with pytest.raises(InvalidCheckError) as caught:
            define_checks({"smoke": given}, around)
        assert "'smoke'" in caught.value.message
        assert caught.value.hint

    def test_a_url_is_not_shown(self, around):
        with pytest.raises(InvalidCheckError) as caught:
            define_checks({"smoke": "http://ann:secret@host:port/"}, around)
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("name", ["", "a b", "../x"])
    def test_a_check_has_a_name(self, around, name):
        with pytest.raises(InvalidNameError):
            define_checks({name: "command:true"}, around)

    def test_a_check_without_definition_is_inconclusive(self, around):
        checks = define_checks({"a": "command:true"}, around)
        assert run_checks(["b", "a"], checks, SUBJECT) == (
            CheckRun("b", INCONCLUSIVE, "not defined on this machine"),
            CheckRun("a", PASS, "exit 0"),
        )


@pytest.fixture
def verdict(local_store_factory, tmp_path):
    """A repository, and what the verdict `integration` on `app@2` gives now."""
    releases = Releases.of(local_store_factory())
    around = Surroundings(releases.repository.context, tmp_path, {})
    checks = define_checks({"check": "verdict:integration"}, around)
    sha256 = releases.repository.get_artifact_version("app", 2).sha256

    def result():
        found = checks["check"].run(Subject("app", "prod", "2", sha256, 1000))
        return found.outcome, found.reason

    return releases.repository, result


class TestVerdicts:
    def test_none_is_inconclusive(self, verdict):
        repository, result = verdict
        pipeline = Pipeline(repository)
        pipeline.record_verdict("app@3", "integration", "pass")
        pipeline.record_verdict("app@2", "other", "pass")
        assert result() == (INCONCLUSIVE, "there is no verdict integration for app@2")

    def test_the_newest_decides(self, verdict):
        repository, result = verdict
        pipeline = Pipeline(repository)
        pipeline.record_verdict("app@2", "integration", "pass")
        assert result() == (PASS, "verdict integration: pass by tester")
        pipeline.record_verdict("app@2", "integration", "fail", message="3 errors", by="ci")
        assert result() == (FAIL, "verdict integration: fail by ci: 3 errors")

    def test_one_that_can_t_be_read_is_inconclusive(self, verdict):
        repository, result = verdict
        pipeline = Pipeline(repository)
        found = pipeline.record_verdict("app@2", "integration", "pass")
        (line,) = repository.context.listed(f"app/verdicts/{found.sha256}/integration/")
        repository.context.write(line.key, b"garbage")
        assert result()[0] is INCONCLUSIVE

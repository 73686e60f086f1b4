"""Health, metrics and the log: what they say, and what they never say."""

import errno
import io
import json
import logging

import pytest
from asking import SIMPLE, Asking, basic, token
from package_making import open_packages, publish, wheel
from prometheus_client.parser import text_string_to_metric_families

from doubles import TappedStore
from faults import answer, lose_request, refuse_connection, time_out
from versioned.errors import OutcomeUnknownError, StoreUnavailableError
from versioned.packages import Packages
from versioned.server.app import create_app
from versioned.server.log import LibraryLog, Log
from versioned.server.settings import Settings
from versioned.stores.local import LocalStore

FILE = wheel(build="24")


def samples(server):
    """The figures, as `{(name, labels): value}`."""
    page = server.get("/-/metrics", token=None)
    families = list(text_string_to_metric_families(page.text))
    return {
        (one.name, *sorted(one.labels.items())): one.value for f in families for one in f.samples
    }


class TestHealth:
    def test_a_server_with_its_store_is_ready(self, anywhere):
        for path in ("/-/healthy", "/-/ready"):
            answer = anywhere.get(path, token=None)
            assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    def test_a_server_without_its_store_lives_and_is_not_ready(self, tmp_path, asking_of):
        server = asking_of(Packages(LocalStore(tmp_path / "nowhere")))
        assert server.get("/-/healthy").status_code == 200
        assert server.get("/-/ready").status_code == 502

    def test_a_server_whose_domain_is_gone_is_not_ready(self, make_store, asking_of):
        assert asking_of(Packages(make_store("local"))).get("/-/ready").status_code == 502

    @pytest.mark.usefixtures("no_waiting")
    def test_a_server_whose_store_fails_is_not_ready(self, s3_store, wire, asking_of):
        server = asking_of(open_packages(s3_store))
        wire.plan("GetObject", *[answer(500, "InternalError")] * 9)
        ready = server.get("/-/ready")
        assert (ready.status_code, ready.headers["Retry-After"]) == (503, "1")

    def test_asking_for_health_leaves_no_line(self, server):
        server.get("/-/healthy")
        server.get("/-/metrics")
        assert server.lines() == []


class TestMetrics:
    def test_requests_are_counted_by_route(self, server):
        server.upload(FILE)
        server.get(SIMPLE)
        server.get("/pypi/AbcDev/simple/other/")
        found = samples(server)
        route = "/pypi/{repository}/simple/{project}/"
        for status in ("200", "404"):
            labels = (("method", "GET"), ("route", route), ("status", status))
            assert found["versioned_requests_total", *labels] == 1
        assert found["versioned_request_seconds_count", ("method", "GET"), ("route", route)] == 2
        assert found["versioned_received_bytes_total",] > len(FILE[1])
        assert found["versioned_sent_bytes_total",] > 0
        assert found["versioned_requests_under_way",] == 1

    def test_clients_have_no_say_in_labels(self, shared):
        shared.get("/-/metrics")
        before = {(name, *labels) for name, *labels in samples(shared)}
        for number in range(30):
            shared.ask(f"METHOD{number}", f"/{number}", token=f"x{number}")
            shared.get(f"/pypi/repository{number}/simple/project{number}/")
            shared.put(f"/generic/a{number}/b/c/d/e{number}")
        new = {(name, *labels) for name, *labels in samples(shared)} - before
        counters = [one for one in new if one[0] == "versioned_requests_total"]
        assert len(counters) <= 4, counters


class TestLog:
    def test_a_line_tells_who_did_what(self, server):
        server.upload(FILE, token=basic(server.token))
        (line,) = server.lines()
        assert line.pop("at").endswith("+00:00")
        assert line.pop("seconds") >= 0
        assert line.pop("received") > len(FILE[1])
        assert line.pop("request")
        assert line.pop("token") == server.token.split("-")[1]
        assert line == {
            "method": "POST", "path": "/pypi/AbcDev/", "status": 200, "sent": len("published\n"),
            "by": "tests",
        }  # fmt: skip

    def test_an_answer_names_its_line(self, server):
        assert server.get(SIMPLE).headers["X-Request-Id"] == server.lines()[-1]["request"]

    def test_each_line_is_json_whatever_is_asked_for(self, shared):
        for path in ("/%0a%0d{%22a%22:1}", "/%00", "/%ff", "/" + "x" * 5000, "/é\u2028"):
            shared.get(path)
        for line in shared.log.getvalue().splitlines():
            assert len(json.dumps(json.loads(line))) < 2000

    def test_a_log_that_can_not_be_written_stops_nothing(self, local_packages):
        class Full:
            def write(self, _):
                raise BrokenPipeError

            def flush(self):
                pass

        app = create_app(local_packages, Settings(), log=Log(Full()))
        server = Asking(local_packages, app=app)
        assert server.get("/").status_code == 404
        server.close()


def test_what_libraries_warn_of_is_a_line_without_its_query():
    out = io.StringIO()
    logger, handler = logging.getLogger("urllib3.connectionpool"), LibraryLog(Log(out))
    logger.addHandler(handler)
    try:
        logger.info("Starting new HTTP connection")
        logger.warning("Retrying after %r: /key?X-Amz-Signature=secret&a=b", OSError("\n"))
    finally:
        logger.removeHandler(handler)
    line = json.loads(out.getvalue())
    assert line.pop("at")
    assert line == {
        "library": "urllib3.connectionpool",
        "warning": "Retrying after OSError('\\n'): /key?...",
    }


class Failing(TappedStore):
    """Raises `error` for keys that hold `where`."""

    error, where = None, "/"

    def _request(self, operation, key, call):
        if self.error and self.where in key:
            raise self.error
        return super()._request(operation, key, call)


class TestSecrets:
    """No way of asking and no way of failing lets a secret into the log or to a client."""

    @pytest.mark.parametrize(
        "error",
        [
            None,
            StoreUnavailableError("no answer from http://bucket.internal/key"),
            OutcomeUnknownError("http://bucket.internal/key?X-Amz-Signature"),
            RuntimeError("a fault of ours"),
            OSError(errno.ENOSPC, "No space left on device", "internal/spool"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_no_secret_is_told(self, error, make_store, asking_of):
        store = Failing(make_store("local"))
        server = asking_of(open_packages(store))
        server.token = secret = token(server.packages, "admin")
        publish(server.packages, FILE)
        store.error, store.where = error, "AbcDev/"
        query = "?X-Amz-Signature=signature&password=hidden"
        texts = []
        for sent in (secret, basic(secret), basic("vt-bad"), f"AWS4-HMAC-SHA256 {secret}"):
            headers = {"X-Amz-Security-Token": secret, "Cookie": "session=cookie"}
            for asked in (
                server.get(SIMPLE + query, token=sent, headers=headers),
                server.put("/generic/AbcDev/a/b/1/c" + query, b"body-of-it", token=sent),
                server.upload(wheel(build="25"), token=sent, description="a-description"),
                server.ask("DELETE", SIMPLE + query, token=sent),
            ):
                texts.append(asked.text)
                if asked.status_code >= 500:
                    assert "internal/" not in asked.text
                    assert "Traceback" not in asked.text
        told = server.log.getvalue() + "".join(texts)
        half = secret.rpartition("-")[2]
        hidden = (
            half,
            basic(secret)[6:],
            "vt-bad",
            "signature",
            "hidden",
            "cookie",
            "a-description",
            "body-of-it",
        )
        assert [one for one in hidden if one in told] == []

    def test_a_fault_of_ours_is_traced_in_the_log_alone(self, make_store, asking_of):
        store = Failing(make_store("local"))
        server = asking_of(open_packages(store), anonymous=frozenset({"AbcDev"}))
        store.error = RuntimeError("a fault of ours")
        found = server.get(SIMPLE)
        assert (found.status_code, found.headers["X-Error-Code"]) == (500, "internal")
        assert "a fault of ours" not in found.text
        assert "a fault of ours" in server.lines()[0]["traceback"]


def test_a_full_disk_is_told(make_store, asking_of):
    store = Failing(make_store("local"))
    server = asking_of(open_packages(store))
    server.token = token(server.packages, "admin")
    store.error, store.where = OSError(errno.ENOSPC, "No space left"), "AbcDev/"
    answered = server.upload(FILE)
    assert (answered.status_code, answered.headers["X-Error-Code"]) == (507, "disk-full")
    assert server.lines()[-1]["error"].startswith("disk-full")


class TestStoreFaults:
    @pytest.fixture
    def server(self, s3_store, asking_of):
        found = asking_of(open_packages(s3_store))
        found.token = token(found.packages, "admin")
        publish(found.packages, wheel(build="1"))
        found.get(SIMPLE)
        return found

    @pytest.mark.parametrize("fault", [
        answer(503, "SlowDown"), answer(500, "InternalError"), time_out, lose_request,
        refuse_connection, answer(403, "AccessDenied"), answer(400, "ExpiredToken"),
    ], ids=["503", "500", "timeout", "lost", "refused", "403", "400"])  # fmt: skip
    @pytest.mark.usefixtures("no_waiting")
    @pytest.mark.parametrize("operation", ["PutObject", "GetObject", "ListObjectsV2"])
    def test_a_store_that_fails_is_told_and_repeating_helps(self, operation, fault, server, wire):
        wire.plan(operation, *[fault] * 30)
        answers = [server.upload(FILE), server.get(SIMPLE)]
        for one in answers:
            assert one.status_code in {200, 502, 503}, one.text
            assert ("Retry-After" in one.headers) == (one.status_code == 503)
            assert "Traceback" not in one.text + server.log.getvalue()
        done = operation == "PutObject" and fault is time_out  # it was looked up
        assert done == ({one.status_code for one in answers} == {200})
        wire._plans.clear()
        assert server.upload(FILE).status_code == 200
        assert FILE[0] in server.get(SIMPLE).text

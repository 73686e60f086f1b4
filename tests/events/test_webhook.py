"""Webhooks against a real server on loopback that fails, stalls and repeats."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from versioned.errors import DeliveryError, InvalidHookError
from versioned.events import Event
from versioned.events.senders.retrying import Retries
from versioned.events.senders.signing import parse_secret, sign
from versioned.events.senders.webhook import Webhook

EVENT = Event("0" * 31 + "1", "versioned.alias.put", "t", "app", "app@prod", "s3://b/p", {"a": 1})
NOW = 1_800_000_000.0


def status(code, body=b"", **headers):
    """Answer so."""

    def act(handler):
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return act


def hang_up(handler):
    """Close the connection without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)


def stall(handler):
    """Take the request, and say nothing until the other side goes away."""
    handler.connection.settimeout(5)
    handler.rfile.read(1)


def drip(line):
    """Answer byte by byte, each well within a timeout."""

    def act(handler):
        try:
            for byte in line:
                handler.connection.sendall(bytes([byte]))
                threading.Event().wait(0.02)
        except OSError:
            return

    return act


class Receiver:
    """A server that does what it is told to, in order, and 204 then."""

    def __init__(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers.items()), body))
                (receiver.plan.pop(0) if receiver.plan else status(204))(self)
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.got, self.plan = [], []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?token=abc"


@pytest.fixture
def receiver():
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def webhook(receiver, pauses):
    def make(**options):
        options.setdefault("timeout", 30)
        retries = Retries(options.pop("count", 3), sleep=pauses.append, chance=lambda: 1.0)
        url = options.pop("url", receiver.url)
        return Webhook(url, retries=retries, clock=lambda: NOW, **options)

    return make


class TestWhatIsPosted:
    def test_the_document_with_the_id_and_the_time(self, receiver, webhook):
        webhook().send(EVENT)
        ((path, headers, body),) = receiver.got
        assert path == "/hook?token=abc"
        assert json.loads(body) == EVENT.to_dict()
        assert headers["Content-Type"] == "application/cloudevents+json"
        assert (headers["webhook-id"], headers["webhook-timestamp"]) == (EVENT.id, "1800000000")
        assert "webhook-signature" not in headers

    def test_signed_with_each_secret(self, receiver, webhook):
        webhook(secrets=(b"old", b"new")).send(EVENT)
        ((_, headers, body),) = receiver.got
        signed = f"{EVENT.id}.1800000000.".encode() + body
        wanted = [
            "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
            for key in (b"old", b"new")
        ]
        assert headers["webhook-signature"].split() == wanted

    def test_a_retry_has_the_same_id(self, receiver, webhook):
        receiver.plan = [status(503)]
        webhook().send(EVENT)
        assert [headers["webhook-id"] for _, headers, _ in receiver.got] == [EVENT.id] * 2


class TestSignature:
    def test_the_published_example_of_standard_webhooks(self):
        secret = parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        signature = sign(
            [secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
        )
        assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_a_secret_without_prefix_is_taken_as_it_is(self):
        assert parse_secret("TWFu") == b"TWFu"
        assert parse_secret("whsec_TWFu") == b"Man"

    @pytest.mark.parametrize("secret", ["", "whsec_", "whsec_no base64!", "whsec_abc"])
    def test_a_bad_secret_is_refused_and_not_repeated(self, secret):
        with pytest.raises(InvalidHookError) as refused:
            parse_secret(secret)
        assert "base64!" not in str(refused.value)

    def test_hmac_agrees_with_its_definition(self):
        """Written out by RFC 2104, so that no library vouches for itself."""
        key, text = b"key".ljust(64, b"\0"), b"id.1.body"
        inner = hashlib.sha256(bytes(k ^ 0x36 for k in key) + text).digest()
        outer = hashlib.sha256(bytes(k ^ 0x5C for k in key) + inner).digest()
        assert sign([b"key"], "id", 1, b"body") == f"v1,{base64.b64encode(outer).decode()}"


class TestWhatIsTriedAgain:
    @pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
    def test_an_answer_that_may_pass(self, receiver, webhook, code):
        receiver.plan = [status(code)]
        webhook().send(EVENT)
        assert len(receiver.got) == 2

    @pytest.mark.parametrize("act", [hang_up, drip(b"HTTP/1.1 2")], ids=["none", "half"])
    def test_no_whole_answer(self, receiver, webhook, act):
        receiver.plan = [act]
        webhook().send(EVENT)
        assert len(receiver.got) == 2

    @pytest.mark.parametrize("code", [400, 401, 404, 410, 422])
    def test_a_refusal_is_not(self, receiver, webhook, code):
        receiver.plan = [status(code, b"unknown\n  type")]
        with pytest.raises(DeliveryError, match=f"answered {code}: unknown type"):
            webhook().send(EVENT)
        assert len(receiver.got) == 1

    def test_a_redirect_is_not_followed(self, receiver, webhook):
        receiver.plan = [status(307, Location=receiver.url)]
        with pytest.raises(DeliveryError, match="answered 307"):
            webhook().send(EVENT)
        assert len(receiver.got) == 1

    def test_the_pauses_grow_and_end(self, receiver, webhook, pauses):
        receiver.plan = [status(500)] * 9
        with pytest.raises(DeliveryError, match="answered 500"):
            webhook(count=8).send(EVENT)
        assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]

    def test_a_server_that_says_when_is_asked_then(self, receiver, webhook, pauses):
        receiver.plan = [
            status(503, Retry_After="7"),
            status(503, Retry_After="Fri, 15 Jan 2027 08:00:30 GMT"),
            status(503, Retry_After="soon"),
        ]
        webhook().send(EVENT)
        assert pauses == [7, 30, 4]

    def test_one_that_asks_for_too_long_is_left_for_later(self, receiver, webhook, pauses):
        receiver.plan = [status(503, Retry_After="3600")]
        with pytest.raises(DeliveryError, match="answered 503"):
            webhook().send(EVENT)
        assert pauses == []

    def test_nobody_there(self, webhook, pauses):
        with socket.socket() as taken:  # and not listened on
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
            with pytest.raises(DeliveryError, match=r"gave no answer: .*refused"):
                webhook(url=url).send(EVENT)
        assert len(pauses) == 3


class TestWhatTakesTooLong:
    @pytest.mark.parametrize(
        "act",
        [stall, drip(b"HTTP/1.1 204 No Content\r\n" + b"x: y\r\n" * 50)],
        ids=["silence", "a byte now and then"],
    )
    def test_an_answer_is_given_up_when_its_time_is_up(self, receiver, webhook, act):
        receiver.plan = [act]
        started = time.monotonic()
        with pytest.raises(DeliveryError, match="timed out"):
            webhook(timeout=0.2, count=0).send(EVENT)
        assert time.monotonic() - started < 4

    def test_an_endless_error_page_is_not_read_to_its_end(self, receiver, webhook):
        def endless(handler):
            handler.send_response(400)
            handler.end_headers()
            try:
                while True:
                    handler.wfile.write(b"x" * 65536)
            except OSError:
                return

        receiver.plan = [endless]
        with pytest.raises(DeliveryError) as refused:
            webhook().send(EVENT)
        assert len(refused.value.message) < 300


class TestSecrets:
    def test_no_error_names_the_path_or_a_secret(self, receiver, webhook):
        receiver.plan = [status(400)]
        sender = webhook(secrets=(b"sesame",))
        with pytest.raises(DeliveryError) as refused:
            sender.send(EVENT)
        told = f"{refused.value!r} {refused.value} {sender!r}"
        assert "token" not in told
        assert "sesame" not in told

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "example.org/hook",
            "ftp://example.org",
            "https://",
            "https:///x",
            "https://ann:pw@example.org/",
            "https://example.org/#x",
            "https://example.org:99999/",
            "https://example.org:0/",
            "https://example.org/a b",
            "https://example.org/\r\nX: y",
            "https://exämple.org/",
            "https://[::1/",
        ],
    )
    def test_a_url_that_cannot_be_posted_to_is_refused(self, url):
        with pytest.raises(InvalidHookError):
            Webhook(url)

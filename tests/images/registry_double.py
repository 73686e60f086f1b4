"""A registry in memory that behaves as the OCI Distribution Specification 1.1 says, over real HTTP.

What a test may switch off is what real registries lack; what it may break is what the network
and busy registries do.
"""

import base64
import re
import secrets
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer

from registry_double_http import Handler

USERNAME, PASSWORD = "AWS", "123456789012-auth-token"


@dataclass
class Seen:
    """One request: `received` and `sent` are the bytes of the bodies, `path` has the query."""

    method: str
    path: str
    headers: dict
    status: int = 0
    received: int = 0
    sent: int = 0


@dataclass
class Fault:
    """What the next `times` requests get; see `RegistryDouble.fail`."""

    method: str
    pattern: str
    times: int
    status: int | None
    headers: dict
    body: bytes | None
    cut: bool
    drop: bool
    after: bool
    change: object

    def fits(self, method, path):
        return self.times > 0 and self.method in {method, "*"} and re.search(self.pattern, path)


@dataclass
class Contents:
    """One repository: `manifests` are (bytes, media type) by digest."""

    manifests: dict = field(default_factory=dict)
    tags: dict = field(default_factory=dict)
    blobs: dict = field(default_factory=dict)
    uploads: dict = field(default_factory=dict)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # with 5, some of many clients at once wait for a second and more

    def handle_error(self, request, client_address):
        """A client that hung up is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class RegistryDouble:
    """A registry on a free port of 127.0.0.1, up while it is entered.

    `auth` is None, "basic" or "bearer". `anonymous_pull` gives anybody a token for pulling.
    `page_size` is the most that one page of tags or names has. `redirect_blobs` sends readers of
    blobs to another host, which takes no credentials. With `tls`, an `ssl.SSLContext`, it speaks
    https. Without `tag_deletion` a DELETE by tag gets what docker-registry 2.8.2 answers, without
    `deletion` any DELETE gets UNSUPPORTED, without `referrers` that API is not there.
    """

    def __init__(
        self,
        *,
        auth=None,
        referrers=True,
        tag_deletion=True,
        deletion=True,
        mounting=True,
        anonymous_pull=False,
        redirect_blobs=False,
        page_size=1000,
        token_seconds=300,
        tls=None,
    ):
        self.auth, self.referrers, self.mounting = auth, referrers, mounting
        self.tag_deletion, self.deletion = tag_deletion, deletion
        self.anonymous_pull, self.redirect_blobs = anonymous_pull, redirect_blobs
        self.page_size, self.token_seconds, self.tls = page_size, token_seconds, tls
        self.users = {USERNAME: PASSWORD}
        self.refresh_tokens = set()
        self.repositories: dict[str, Contents] = {}
        self.requests: list[Seen] = []
        self.lock = threading.RLock()
        self._faults: list[Fault] = []
        self._tokens = {}

    def __enter__(self):
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.double = self
        self._server.daemon_threads = True
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.002,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self):
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.host}"

    def fail(
        self,
        method,
        pattern,
        *,
        times=1,
        status=None,
        headers=None,
        body=None,
        cut=False,
        drop=False,
        after=False,
        change=None,
    ):
        """Let the next requests of a method ("*" for any) whose path and query has a match of
        the pattern get something else: `status` with `headers` and `body`; `drop`: the connection
        is closed unanswered; `cut`: the body ends in the middle; `change`: a function of (status,
        headers, body) that returns these three. With `after` the request is carried out first.
        """
        self._faults.append(
            Fault(
                method, pattern, times, status, headers or {}, body, cut, drop, after, change
            )
        )  # fmt: skip

    def fault_for(self, method, path):
        with self.lock:
            for fault in self._faults:
                if fault.fits(method, path):
                    fault.times -= 1
                    return fault
        return None

    def count(self, method=None, pattern=""):
        """How many requests were made, of a method, with a match of the pattern."""
        return sum(
            method in {None, seen.method} and bool(re.search(pattern, seen.path))
            for seen in list(self.requests)
        )

    def counts(self):
        """How many requests of each method."""
        return Counter(seen.method for seen in list(self.requests))

    def contents(self, repository):
        """What a repository holds, which is made where it is not there."""
        with self.lock:
            return self.repositories.setdefault(repository, Contents())

    def expire_tokens(self):
        """All tokens given out are refused from now on."""
        self._tokens.clear()

    def allows(self, authorization, scopes):
        """Whether that header may do all of `scopes`, pairs of (kind:name, action)."""
        kind, _, value = (authorization or "").partition(" ")
        if self.auth is None:
            return True
        if self.auth == "basic":
            return kind.lower() == "basic" and self.user_of(value) is not None
        granted, ends = self._tokens.get(value, ((), 0.0))
        return kind.lower() == "bearer" and time.time() < ends and set(scopes) <= set(granted)

    def user_of(self, basic):
        """The user of a value of Basic authorization, None where the password is wrong."""
        try:
            name, _, password = base64.b64decode(basic, validate=True).decode().partition(":")
        except ValueError:
            return None
        return name if name and self.users.get(name) == password else None

    def token(self, authorization, query, form):
        """The answer of the token server: a status and a document."""
        asked = form or query
        kind, _, value = (authorization or "").partition(" ")
        refresh = dict(form).get("refresh_token")
        known = refresh in self.refresh_tokens if form else bool(
            kind.lower() == "basic" and self.user_of(value)
        )  # fmt: skip
        if not known and (form or authorization or not self.anonymous_pull):
            return 401, {"details": "incorrect username or password"}
        granted = set()
        for key, scope in asked:
            for one in scope.split(" ") if key == "scope" else ():
                subject, _, actions = one.rpartition(":")
                granted |= {(subject, action) for action in actions.split(",")}
        if not known:
            granted = {one for one in granted if one[1] == "pull"}
        token = secrets.token_hex(16)
        self._tokens[token] = (granted, time.time() + self.token_seconds)
        return 200, {
            "access_token" if form else "token": token,
            "expires_in": self.token_seconds,
        }

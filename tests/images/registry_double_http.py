"""How `RegistryDouble` speaks HTTP: requests, authorization, faults, and where each path leads."""

import base64
import json
import re
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

import registry_double_answers as answers

_NAME = r"(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
ROUTES = [
    (re.compile(rf"/v2/{_NAME}{rest}"), handle)
    for rest, handle in (
        (r"/tags/list", answers.tags),
        (r"/manifests/(?P<reference>[^/]+)", answers.manifests),
        (r"/blobs/uploads/", answers.open_upload),
        (r"/blobs/uploads/(?P<upload>[^/]+)", answers.upload),
        (r"/blobs/(?P<digest>[^/]+)", answers.blobs),
        (r"/referrers/(?P<digest>[^/]+)", answers.referrers),
    )
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do_any(self):
        from registry_double import Seen  # noqa: PLC0415 - it imports this module

        self.double = self.server.double
        self.body = self._read_body()
        seen = Seen(self.command, self.path, dict(self.headers), received=len(self.body))
        with self.double.lock:
            self.double.requests.append(seen)
        fault = self.double.fault_for(self.command, self.path)
        if fault and fault.drop and not fault.after:
            self.close_connection = True
            return
        answer = None
        if not fault or fault.after or fault.status is None:
            with self.double.lock:
                answer = self._answer()
        if fault:
            answer = self._broken(fault, answer)
        if answer:
            self._send(seen, *answer, cut=bool(fault and fault.cut))

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_any  # noqa: N815

    def _broken(self, fault, answer):
        if fault.drop:
            self.close_connection = True
            return None
        if fault.status is not None:
            answer = fault.status, {}, fault.body or b""
        status, headers, body = answer
        if fault.change:
            status, headers, body = fault.change(status, dict(headers), body)
        return status, {**headers, **fault.headers}, body

    def _read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, seen, status, headers, body, *, cut):
        seen.status, seen.sent = status, len(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True

    def _answer(self):  # noqa: PLR0911 - one for each answer
        parts = urlsplit(self.path)
        self.query = parse_qsl(parts.query, keep_blank_values=True)
        path, authorization = parts.path, self.headers.get("Authorization")
        if path == "/token":
            form = parse_qsl(self.body.decode()) if self.command == "POST" else []
            status, document = self.double.token(authorization, self.query, form)
            return status, {"Content-Type": "application/json"}, json.dumps(document).encode()
        if path.startswith("/storage/"):
            return self._storage(path, authorization)
        scopes = self._scopes(path)
        if not self.double.allows(authorization, scopes):
            return self._challenge(scopes)
        if path == "/v2/":
            return 200, {"Docker-Distribution-API-Version": "registry/2.0"}, b"{}"
        if path == "/v2/_catalog":
            return answers.catalog(self)
        for pattern, handle in ROUTES:
            if match := pattern.fullmatch(path):
                return handle(self, **match.groupdict())
        return 404, {"Content-Type": "text/plain"}, b"404 page not found\n"

    def _scopes(self, path):
        if path == "/v2/_catalog":
            return [("registry:catalog", "*")]
        match = re.match(rf"/v2/{_NAME}/(?:tags|manifests|blobs|referrers)/", path)
        if not match:
            return []
        actions = {"GET": ["pull"], "HEAD": ["pull"], "DELETE": ["delete"]}
        subject = f"repository:{match['name']}"
        wanted = [(subject, one) for one in actions.get(self.command, ["pull", "push"])]
        source = dict(self.query).get("from")
        return [*wanted, (f"repository:{source}", "pull")] if source else wanted

    def _challenge(self, scopes):
        if self.double.auth == "basic":
            header = 'Basic realm="basic-realm"'
        else:
            header = f'Bearer realm="{self.double.url}/token",service="double"'
            actions = {}
            for subject, action in scopes:
                actions.setdefault(subject, []).append(action)
            named = " ".join(f"{subject}:{','.join(some)}" for subject, some in actions.items())
            header += f',scope="{named}"' if named else ""
        status, headers, body = answers.error(401, "UNAUTHORIZED", "authentication required")
        return status, {**headers, "Www-Authenticate": header}, body

    def _storage(self, path, authorization):
        """As object storage behind signed URLs: it refuses a second kind of credentials."""
        if authorization:
            return 400, {"Content-Type": "text/plain"}, b"only one auth mechanism allowed"
        _, _, name, digest = path.split("/", 3)
        name = base64.urlsafe_b64decode(name).decode()
        return 200, {}, self.double.contents(name).blobs[digest]

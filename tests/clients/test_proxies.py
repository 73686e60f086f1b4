"""The proxies of the guide, as its blocks stand, with TLS between real clients and our server.

A block gets another port, name, certificate and upstream; nothing else. A proxy that is not
installed skips its tests.
"""

import hashlib
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from client_rig import Machine, Registry
from package_making import wheel

from serving import served

pytestmark = pytest.mark.only_stores("local")

GUIDE = Path(__file__).parents[2] / "docs/guide/run-the-server.md"
PATH = "/packages"
KINDS = ("nginx", "caddy", "nginx below a path")
OPENSSL = """
[req]
distinguished_name = name
prompt = no
[name]
CN = localhost
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
subjectAltName = DNS:localhost
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""
NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/log warn;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
{block}
}}
"""
CADDY = """
{{
admin off
auto_https disable_redirects
}}
{block}
"""


@dataclass
class Fronted(Registry):
    """A registry that clients reach at `front`, by TLS; `proxy_log` is what the proxy said."""

    front: str
    proxy_log: Path

    def place(self, repository, kind="pypi", *, secret=None, **_):
        said = f"__token__:{secret}@" if secret else ""
        return f"{self.front.replace('//', f'//{said}')}/{kind}/{repository}/"


@dataclass(frozen=True)
class Certificate:
    """A certificate of localhost, its key, and the authority that signed it."""

    path: Path
    key: Path
    authority: Path


def free_port():
    """One of those that the system gives to nobody by itself, nor another worker to its proxies, so
    that it is free, too, once a proxy has read its configuration."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ours = range(10_000 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]), 20_000, workers)
    while True:
        port = random.choice(ours)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def block_of(proxy):
    """The configuration that the guide shows for a proxy."""
    page = GUIDE.read_text("utf-8")
    first = {"nginx": "server {", "caddy": "packages.example.com {"}[proxy]
    return re.search(rf"^```text\n({re.escape(first)}\n.*?)^```", page, re.DOTALL | re.MULTILINE)[1]


def changed(block, changes):
    """A block with each text replaced by another; every one has to be in it."""
    for old, new in changes.items():
        assert block.count(old) == 1, f"{old!r} in:\n{block}"
        block = block.replace(old, new)
    return block


def nginx(port, upstream, certificate, *, below=""):
    block = block_of("nginx")
    changes = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "packages.example.com": "localhost",
        "ssl_certificate ...": f"ssl_certificate {certificate.path}",
        "ssl_certificate_key ...": f"ssl_certificate_key {certificate.key}",
        "http://127.0.0.1:8080": f"http://127.0.0.1:{upstream}" + ("/" if below else ""),
    }
    if below:
        changes["location /"] = f"location {below}/"
    return changed(block, changes)


def caddy(port, upstream, certificate):
    changes = {
        "packages.example.com {": f"localhost:{port} {{\n"
        f"bind 127.0.0.1\ntls {certificate.path} {certificate.key}",
        "127.0.0.1:8080": f"127.0.0.1:{upstream}",
    }
    return changed(block_of("caddy"), changes)


def program(name, package):
    found = shutil.which(name, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    return found or pytest.skip(f"there is no {name}: apt-get install {package}")


@contextmanager
def proxied(command, port, folder):
    """A proxy in the foreground, from its first answer to the end of the block."""
    log = folder / "log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with (
        log.open("ab") as said,
        subprocess.Popen(command, env=environment, stdout=said, stderr=said) as process,
    ):
        try:
            last = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < last:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.02)
            else:
                raise AssertionError(log.read_text("utf-8"))
            yield log
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    openssl = program("openssl", "openssl")
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cnf").write_text(OPENSSL)
    signed = ("-CA", "authority.pem", "-CAkey", "authority.key")
    for name, by, subject in (("authority", (), "/CN=tests"), ("server", signed, "/CN=localhost")):
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-config", "cnf", "-extensions", name, *by),
                *("-newkey", "rsa:2048", "-noenc", "-days", "2", "-subj", subject),
                *("-keyout", f"{name}.key", "-out", f"{name}.pem"),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    return Certificate(folder / "server.pem", folder / "server.key", folder / "authority.pem")


@pytest.fixture(scope="module", params=KINDS)
def fronted(request, registry, certificate, tmp_path_factory):
    """The registry behind a proxy of the guide."""
    name, _, below = request.param.partition(" ")
    folder, port = tmp_path_factory.mktemp(name), free_port()
    front = f"https://localhost:{port}{PATH if below else ''}"
    upstream = int(registry.server.url.rpartition(":")[2])
    configuration = folder / "configuration"
    with ExitStack() as stack:
        if below:
            upstream = free_port()
            said = ("--listen", f"127.0.0.1:{upstream}", "--public-url", front)
            stack.enter_context(served(registry.domain, *said, log=folder / "server"))
        if name == "nginx":
            block = nginx(port, upstream, certificate, below=PATH if below else "")
            configuration.write_text(NGINX.format(folder=folder, block=block))
            found = program("nginx", "nginx-light")
            command = [found, "-p", folder, "-c", configuration, "-e", folder / "log"]
        else:
            block = caddy(port, upstream, certificate)
            configuration.write_text(CADDY.format(block=block))
            found = program("caddy", "caddy")
            command = [found, "run", "--adapter", "caddyfile", "--config", configuration]
        log = stack.enter_context(proxied(command, port, folder))
        yield Fronted(**vars(registry), front=front, proxy_log=log)


@pytest.fixture
def machine(clients, fronted, certificate):
    """A machine whose clients trust the authority, each in its own way."""
    names = (
        "PIP_CERT",
        "TWINE_CERT",
        "SSL_CERT_FILE",
        "NODE_EXTRA_CA_CERTS",
        "AWS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    )
    trust = dict.fromkeys(names, str(certificate.authority))
    return Machine(replace(clients, environment=clients.environment | trust), fronted)


def test_what_twine_and_uv_upload_pip_and_uv_install(machine, fronted):
    repository, secret = fronted.repository(), fronted.secret("read", "publish")
    first, second = machine.write("dist", wheel(build="1"), wheel(name="pyxyz"))
    machine.twine(repository, first, secret=secret)
    machine.uv_publish(repository, second, secret=secret)

    index = fronted.index(repository, secret=secret)
    machine.install("pip", "PyABC", index=index)
    machine.install("uv", "pyxyz", index=index)
    assert machine.installed() == "1"
    assert machine.installed("pyxyz") == ""


def test_npm_publishes_and_installs_a_scoped_package_from_the_address_of_the_proxy(
    machine, fronted
):
    npm, place = machine.clients.npm, fronted.place(fronted.repository(), "npm")
    token = f"{place.removeprefix('https:')}:_authToken={fronted.secret('admin')}"
    described = json.dumps({"name": "@acme/widget", "version": "1.0.0"})
    machine.write(".", (".npmrc", f"registry={place}\n{token}\n"))
    machine.write("widget", ("package.json", described), ("index.js", ""))
    machine.write("app", ("package.json", "{}"))

    machine.clients.run(npm, "publish", cwd=machine.home / "widget")
    machine.clients.run(npm, "install", "@acme/widget", cwd=machine.home / "app")

    lock = json.loads((machine.home / "app/package-lock.json").read_text())
    found = lock["packages"]["node_modules/@acme/widget"]["resolved"]
    assert found.startswith(f"{place}@acme/widget/")


def test_aws_is_given_the_address_of_the_proxy(machine, fronted):
    repository = fronted.repository()
    answer = machine.clients.run(
        *(machine.clients.aws, "codeartifact", "get-repository-endpoint"),
        *("--endpoint-url", fronted.front, "--domain", "abc", "--repository", repository),
        *("--format", "npm", "--output", "text"),
        AWS_SESSION_TOKEN=fronted.secret("read", repository=repository),
    )
    assert answer.stdout.strip() == fronted.place(repository, "npm")


def test_a_large_file_passes_both_ways_and_lies_on_no_disk_of_the_proxy(machine, fronted):
    curl = program("curl", "curl")
    repository, secret = fronted.repository(), fronted.secret("read", "publish")
    at = f"{fronted.place(repository, 'generic')}team/data/7/large.bin"
    content = os.urandom(2**20) * 48
    (path,) = machine.write("files", ("large.bin", content))
    saved = machine.home / "saved"
    user = (curl, "-sS", "--fail-with-body", "--user", f":{secret}")

    machine.clients.run(*user, "--upload-file", path, at)
    machine.clients.run(*user, "--output", saved, at)

    assert hashlib.sha256(saved.read_bytes()).digest() == hashlib.sha256(content).digest()
    assert "buffered to a temporary file" not in fronted.proxy_log.read_text("utf-8")

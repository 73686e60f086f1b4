"""`versioned serve`: what it takes, what it says, how it ends."""

import json
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from package_making import open_packages

from serving import PROGRAM, served
from versioned.cli.serve import serve
from versioned.server.settings import Settings
from versioned.stores.local import LocalStore


@pytest.fixture
def domain(home):
    store = LocalStore(home / "domain", settle=0)
    open_packages(store)
    store.close()
    return home / "domain"


def test_the_options_begin_with_the_settings_of_the_server():
    given = serve.make_context("serve", []).params
    assert given["keep_alive"] == Settings().keep_alive
    assert given["longest_upload"] * 2**20 == Settings().longest_upload


@pytest.mark.usefixtures("domain")
class TestRefusals:
    @pytest.mark.parametrize(
        "address",
        [
            "nowhere",
            "127.0.0.1",
            ":",
            "127.0.0.1:",
            "127.0.0.1:http",
            "127.0.0.1:²",
            "1.1.1.1:-1",
            "1.1.1.1:70000",
        ],
    )
    def test_what_is_no_address_is_refused(self, address, run):
        run(f"serve --domain ./domain --listen {address}").said(
            stderr=f"error: {address!r} is no address\nhint: such as 127.0.0.1:8080\n", code=2
        )

    @pytest.mark.parametrize("address", ["192.0.2.1:0", "not..a..host:0"])
    def test_an_address_that_can_not_be_had_is_refused(self, address, run):
        ran = run(f"serve --domain ./domain --listen {address}")
        assert ran.code == 2
        assert ran.stderr.startswith(f"error: {address} can't be listened on: ")

    def test_a_port_in_use_is_told(self, run):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            ran = run(f"serve --domain ./domain --listen {address}")
        assert ran.code == 2
        assert ran.stderr.endswith("hint: is something else there already?\n")

    def test_an_unknown_anonymous_repository_is_told(self, run):
        ran = run("serve --domain ./domain --anonymous Nowhere")
        assert ran.code == 3
        assert "'abc' has no repository 'Nowhere'" in ran.stderr

    @pytest.mark.parametrize("url", ["packages.example.com", "ftp://a", "https://a?b"])
    def test_a_public_url_that_is_none_is_told(self, url, run):
        ran = run(f"serve --domain ./domain --public-url {url}")
        assert ran.code == 2
        assert "can't be how clients reach the server" in ran.stderr

    def test_a_domain_that_is_not_there_is_told(self, run):
        ran = run("serve --domain ./nowhere --json")
        assert ran.code == 3
        assert json.loads(ran.stderr)["error"] == "domain-not-found"


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "python_multipart"])
def test_what_has_to_be_installed_is_told(missing, domain):
    hide = f"import sys; sys.modules[{missing!r}] = None; sys.argv[0] = 'versioned'"
    code = f"{hide}; from versioned.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "serve", "--domain", domain],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"error: the server needs {missing}, which is not installed",
        "hint: pip install 'versioned[server]>=2', or '.[server]' from a clone",
    ]


class TestRunning:
    @staticmethod
    def started(domain, *options, program=(PROGRAM,), log=""):
        """What a server says before it is interrupted; `log` is in its log then."""
        command = [*program, "serve", "--domain", domain, "--listen", "127.0.0.1:0", *options]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            said = process.stdout.readline()
            while said.startswith("{") and not said.endswith("\n}\n"):
                said += process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=30)
        assert (rest, process.returncode) == ("", 130)
        assert "Traceback" not in errors
        assert log in errors
        return said

    def test_it_says_where_it_answers(self, domain):
        assert self.started(domain).startswith("the domain abc answers at http://127.0.0.1:")

    def test_programs_are_told_in_json(self, domain):
        told = json.loads(self.started(domain, "--json"))
        assert told["domain"] == "abc"
        assert told["url"].startswith("http://127.0.0.1:")

    def test_what_libraries_warn_of_is_in_its_log(self, domain):
        warn = "atexit.register(lambda: logging.getLogger('urllib3').warning('pool is full'))"
        code = f"import atexit, logging; {warn}; from versioned.cli.main import main; main()"
        line = '"library": "urllib3", "warning": "pool is full"}\n'
        assert self.started(domain, program=(sys.executable, "-c", code), log=line)

    def test_it_answers_on_ipv6(self, domain, home):
        with served(domain, "--listen", "[::1]:0", log=home / "log") as server:
            assert server.url.startswith("http://[::1]:")
            assert httpx.get(f"{server.url}/-/ready", trust_env=False).status_code == 200

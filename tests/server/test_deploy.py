"""What `deploy/` holds starts what there is."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from package_making import open_packages

from serving import PROGRAM, served
from versioned.cli.serve import serve

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "versioned-serve.service"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")


SERVICE = dict(re.findall(r"^(\w+)=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE))


def settings_of(arguments):
    return serve.make_context("serve", list(arguments)).params


def instruction(name):
    """The words of an instruction in its JSON form."""
    return json.loads(re.search(rf"^{name} (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])


def test_the_service_gives_the_server_its_grace():
    program, command, *arguments = SERVICE["ExecStart"].split()
    assert (Path(program).name, command) == ("versioned", "serve")
    assert int(SERVICE["TimeoutStopSec"]) > settings_of(arguments)["grace"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd")
def test_systemd_understands_the_service(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/versioned/bin/versioned", str(PROGRAM)))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_image_starts_the_server_for_everybody_outside():
    assert instruction("ENTRYPOINT") == ["versioned", "serve"]
    assert settings_of(instruction("CMD"))["listen"] == "0.0.0.0:8080"


def test_the_image_copies_what_there_is_and_builders_are_sent_no_more():
    lines = re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE)
    copied = {one for line in lines for one in line.split()}
    assert all((DEPLOY.parent / one).exists() for one in copied)
    first, *patterns = (DEPLOY.parent / ".dockerignore").read_text("utf-8").split()
    assert first == "*"
    assert {one.removeprefix("!") for one in patterns if one.startswith("!")} == copied


def test_a_tmpfs_of_root_can_be_mounted_where_uploads_lie():
    spool = re.search(r"\bTMPDIR=(\S+)", DOCKERFILE)[1]
    assert f"install --directory --mode 1777 {spool}" in DOCKERFILE


def test_the_image_knows_whether_it_is_healthy(make_store, tmp_path):
    store = make_store("local")
    open_packages(store)
    _, option, code = json.loads(re.search(r'CMD (\["python".*)$', DOCKERFILE, re.MULTILINE)[1])

    def ask(url):
        program = code.replace("http://127.0.0.1:8080", url)
        return subprocess.run(
            [sys.executable, option, program], check=False, stderr=subprocess.DEVNULL
        )

    domain = str(store.uri("").removeprefix("file://"))
    with served(domain, log=tmp_path / "log") as server:
        assert ask(server.url).returncode == 0
    assert ask(server.url).returncode != 0

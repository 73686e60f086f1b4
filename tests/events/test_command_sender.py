"""Hooks that are programs."""

import json
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from late_clocks import begin_when_there
from versioned.errors import DeliveryError
from versioned.events import Event
from versioned.events.senders.command import Command

EVENT = Event("1" * 32, "versioned.alias.put", "t", "app", "app@prod", "s3://b/p", {"a": "ä"})


@pytest.fixture
def script(tmp_path):
    """Makes a hook of a shell script that lies in its directory."""

    def make(text, timeout=10):
        file = tmp_path / "hook.sh"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return Command(("./hook.sh",), tmp_path, {"PATH": os.environ["PATH"]}, timeout)

    return make


def test_it_gets_the_document_and_who_it_is(script, tmp_path):
    script('cat > got; echo "$VERSIONED_EVENT_ID $VERSIONED_EVENT_TYPE" > env').send(EVENT)
    assert json.loads((tmp_path / "got").read_bytes()) == EVENT.to_dict()
    assert (tmp_path / "env").read_text() == f"{EVENT.id} {EVENT.type}\n"


def test_it_need_not_read_it(script):
    script("exit 0").send(EVENT)


def test_it_sees_the_environment_it_was_given_and_no_other(script, tmp_path, monkeypatch):
    monkeypatch.setenv("OTHER", "1")
    script("env > env").send(EVENT)
    assert "OTHER" not in (tmp_path / "env").read_text()


def test_any_other_exit_is_a_failure_with_the_end_of_its_output(script):
    noise = "head -c 99999 /dev/zero | tr '\\0' x"
    with pytest.raises(
        DeliveryError, match=r"^\./hook.sh ended with 3: x+ no such channel"
    ) as failed:
        script(f"{noise}; echo; echo no such channel >&2; exit 3").send(EVENT)
    assert len(failed.value.message) < 1100


def test_a_signal_is_a_failure(script):
    with pytest.raises(DeliveryError, match="ended with -9"):
        script("kill -9 $$").send(EVENT)


def test_what_takes_too_long_is_killed_with_its_children(script, tmp_path, monkeypatch):
    begin_when_there(monkeypatch, tmp_path / "ready")
    started = time.monotonic()
    hook = script("echo begun; sleep 60 & echo $! > child; : > ready; sleep 60", timeout=0.2)
    with pytest.raises(DeliveryError, match=r"was killed after 0\.2 seconds: begun"):
        hook.send(EVENT)
    assert time.monotonic() - started < 30
    child = int((tmp_path / "child").read_text())
    while is_running(child):
        assert time.monotonic() - started < 30


def is_running(process):
    """A zombie that nobody waited for yet is not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_that_writes_without_end_is_killed_too(script):
    with pytest.raises(DeliveryError, match="was killed"):
        script("yes", timeout=0.2).send(EVENT)


def test_one_that_leaves_something_running_is_not_waited_for(script, tmp_path):
    started = time.monotonic()
    script("sleep 60 & echo $! > child; exit 0").send(EVENT)
    assert time.monotonic() - started < 30
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(DeliveryError, match="nothing could not be started"):
        Command(("nothing",), tmp_path, {}).send(EVENT)

"""A clock for programs that get little time on purpose: however long one takes to start, its time
begins once it is ready."""

import time
from types import SimpleNamespace


def begin_when_there(monkeypatch, path):
    """Let the time of programs stand still until `path` is there."""
    began = []

    def monotonic():
        if not began and path.exists():
            began.append(time.monotonic())
        return time.monotonic() - began[0] if began else 0.0

    clock = SimpleNamespace(monotonic=monotonic, sleep=time.sleep)
    monkeypatch.setattr("versioned.processes.time", clock)

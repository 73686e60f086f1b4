"""A real server in a process of its own, as tests and clients use it."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("versioned")


@dataclass
class Served:
    """Where it answers, the process, and the file that its log goes to."""

    url: str
    process: subprocess.Popen
    log: Path

    def most_memory(self):
        """The most that the process ever had in memory, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


@contextmanager
def served(domain, *arguments, log, environ=None):
    """`versioned serve` before a domain that is named by its URL. It ends with the block."""
    command = [PROGRAM, "serve", "--domain", domain, "--listen", "127.0.0.1:0", "-q", *arguments]
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command,
            env=os.environ | (environ or {}),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            url = process.stdout.readline().strip()
            assert url, log.read_text("utf-8")
            yield Served(url, process, log)
        finally:
            process.terminate()
            process.wait(60)


def domain_url(store, kind):
    """The URL by which another process opens a store of the fixtures."""
    if kind == "local":
        return str(store.uri("").removeprefix("file://"))
    client = store._room.client
    return f"{store.uri('').rstrip('/')}?region=us-east-1&addressing=path&endpoint={client.meta.endpoint_url}"


def store_environ(kind):
    """Who another process is at a store of the fixtures."""
    if kind != "ceph":
        return {}
    names = {"AWS_ACCESS_KEY_ID": "ACCESS_KEY", "AWS_SECRET_ACCESS_KEY": "SECRET_KEY"}
    return {name: os.environ[f"VERSIONED_TEST_CEPH_{part}"] for name, part in names.items()}

"""The server that both sides talk to: a moto of our own, or one that was given; and a bucket."""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server listens, who may talk to it, and what to call it in a report."""

    name: str
    endpoint: str
    access_key: str
    secret_key: str

    @property
    def environment(self) -> dict[str, str]:
        """For boto3 in a process of its own; nothing else of this machine's settings counts."""
        foreign = ("AWS_", "VERSIONED_", "PYTHON")
        own = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        return {
            **own,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "*",
        }


def free_port() -> int:
    """A port of loopback that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def client_of(server: Server, **options: Any) -> Any:  # noqa: ANN401 - boto3's own
    """A boto3 client for S3 on that server; `options` go to boto3."""
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name=REGION,
        **options,
    )


@contextmanager
def moto() -> Iterator[Server]:
    """A moto server in a process of its own, so that it shares no lock with either side."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        wait_for(port, process)
        name = f"moto {importlib.metadata.version('moto')}"
        yield Server(name, f"http://127.0.0.1:{port}", "testing", "testing")
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until a server answers. Raises SystemExit where it does not."""
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"bench: {process.args!r} did not start; is all of it installed?")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"bench: {process.args!r} does not answer")


@contextmanager
def bucket_on(server: Server) -> Iterator[str]:
    """The name of a new bucket, which is removed again with all that is in it."""
    client = client_of(server)
    bucket = f"versioned-bench-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=bucket)
    try:
        yield bucket
    finally:
        for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
            client.abort_multipart_upload(
                Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"]
            )
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            keys: Any = [{"Key": line["Key"]} for line in page.get("Contents", [])]
            if keys:
                client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        client.delete_bucket(Bucket=bucket)

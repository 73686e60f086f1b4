"""Pipelines in a real bucket, which is empty for each test."""

import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from faults import Wire
from s3pipeline.layout import MARKER_KEY
from s3pipeline.pipeline import S3Pipeline
from versioned.stores.s3 import client_config

RANKS = "qa, staging, production"
COMMAND = Path(sys.executable).with_name("s3promote")


@pytest.fixture(scope="session")
def connection_of(request, aws_environment):
    """Endpoint and credentials of a kind of store, as boto3 takes them."""

    def find(kind):
        if kind == "ceph":
            endpoint = os.environ["VERSIONED_TEST_CEPH_ENDPOINT"]
            access = os.environ["VERSIONED_TEST_CEPH_ACCESS_KEY"]
            secret = os.environ["VERSIONED_TEST_CEPH_SECRET_KEY"]
        else:
            endpoint = request.getfixturevalue("moto_endpoint")
            access = secret = "testing"
        return {
            "endpoint_url": endpoint,
            "aws_access_key_id": access,
            "aws_secret_access_key": secret,
        }

    return find


@pytest.fixture(scope="session")
def resource_of(connection_of):
    """One boto3 resource for each kind: making them is slow."""
    made = {}

    def find(kind):
        if kind not in made:
            made[kind] = boto3.resource("s3", config=client_config(), **connection_of(kind))
        return made[kind]

    yield find
    for resource in made.values():
        resource.meta.client.close()


@pytest.fixture(scope="session")
def bucket_of(resource_of):
    """One bucket for each kind of store."""
    made = {}

    def find(kind):
        if kind not in made:
            name = f"s3pipeline-{os.getpid()}-{secrets.token_hex(6)}"
            made[kind] = resource_of(kind).Bucket(name)
            made[kind].create()
        return made[kind]

    yield find
    for kind, bucket in made.items():
        if kind != "moto":  # which is gone with all that was in it
            bucket.delete()


@pytest.fixture
def bucket(store_kind, bucket_of):
    """An empty boto3 Bucket."""
    bucket = bucket_of(store_kind)
    yield bucket
    bucket.objects.all().delete()


@pytest.fixture
def pipeline(bucket):
    """qa, staging and production in a fresh bucket."""
    return S3Pipeline(bucket, RANKS)


@pytest.fixture
def wire(bucket):
    """The instrument on the wire of `pipeline`."""
    with Wire(bucket.meta.client) as wire:
        yield wire


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    """An empty directory to work in."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("AWS_S3_BUCKET", raising=False)
    monkeypatch.delenv("AWS_S3_RANKS", raising=False)
    return work


@pytest.fixture
def write(work):
    """Make a file in the working directory."""

    def write(name, content=b"one"):
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name

    return write


@pytest.fixture
def upload(pipeline, write):
    """Write a file and promote it to the first rank."""

    def upload(content, version=None, *, name="my.tar.gz", **options):
        return pipeline.promote(write(name, content), pipeline.ranks[0], version, **options)

    return upload


@pytest.fixture
def put(bucket):
    """An object as the older tool, or anybody else, would write it."""

    def put(key, body=b"old", **metadata):
        return bucket.put_object(Key=key, Body=body, Metadata=metadata)

    return put


@pytest.fixture
def held(bucket):
    """Everything in the bucket, or all of one name: the bytes and the version under each key."""

    def held(name=""):
        found = {}
        for line in bucket.objects.all():
            if line.key != MARKER_KEY and line.key.endswith(name):
                answer = line.get()
                found[line.key] = (answer["Body"].read(), answer["Metadata"].get("version"))
        return found

    return held


@dataclass
class Ran:
    code: int
    stdout: str
    stderr: str


@pytest.fixture
def run(bucket, store_kind, connection_of):
    """Run the real command on the bucket of the test; the output lines and the exit code."""

    def run(*arguments, command=(COMMAND,), **environment):
        connection = connection_of(store_kind)
        settings = {
            "AWS_ENDPOINT_URL_S3": connection["endpoint_url"],
            "AWS_ACCESS_KEY_ID": connection["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": connection["aws_secret_access_key"],
            "AWS_S3_BUCKET": bucket.name,
            "AWS_S3_RANKS": RANKS,
        }
        done = subprocess.run(
            [*command, *arguments],
            env={
                k: v for k, v in {**os.environ, **settings, **environment}.items() if v is not None
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run

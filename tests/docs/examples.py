"""The examples in docs/formats: documents as the code writes them, from one short story.

`<!-- example: KEY -->` above a ```json fence stands for the object under that key,
`<!-- metadata: KEY -->` for its user metadata, `<!-- event: TYPE -->` for what a hook is told,
`<!-- package: KEY -->` and `<!-- file: KEY -->` for an object of a domain of packages, and for the
metadata of one; a page in HTML is a ```text fence.

    PYTHONPATH=tests/packages python tests/docs/examples.py        # write what the code writes now
"""

import json
import logging
import re

import boto3
import package_examples
from moto.server import ThreadedMotoServer
from shown import ROOT

from versioned import Pipeline, Repository, Rollouts, publishing
from versioned.checks.base import Outcome, Result
from versioned.events import Hook, deliver
from versioned.pipelines.gate import Gate
from versioned.stores.s3 import S3Store, client_config

PAGES = sorted((ROOT / "docs" / "formats").glob("*.md"))
BUCKET, PREFIX = "my-bucket", "releases"

_EXAMPLE = re.compile(
    r"<!-- (example|metadata|event|package|file): (\S+) -->\n\n?```(?:json|text)\n(.*?)\n```",
    re.DOTALL,
)
_VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\d(\.\d+)?(\+00:?00)?"), "TIME"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "HEX"),
    (re.compile(r'"upload_id": "[^"]+"'), '"upload_id": "ID"'),
)


class Crash(BaseException):
    """The process is gone."""


def story(client):
    """Do what the pages tell of; the documents and the metadata that are there in the end."""
    store = S3Store(client, BUCKET, PREFIX, settle=0)
    repository = Repository(store, suffix=".zip", actor="ann")
    repository.bootstrap()
    for number in (1, 2, 3):
        metadata, tags = {"commit": f"4f2a91{number}"}, {"team": "web"}
        repository.put_artifact("app", b"build %d\n" % number, metadata=metadata, tags=tags)
        repository.publish_artifact_version("app")
    repository.put_alias("app", "prod", 1, message="first release")
    repository.put_alias("app", "prod", 1, 2, 10, message="canary")
    repository.rollback("app", "prod", message="errors since 12:40")
    repository.split_alias("app", "web", {1: 87.25, 2: 12.75})
    repository.put_alias("app", "old", 2)
    repository.delete_alias("app", "old", message="no longer used")
    repository.delete_artifact_version("app", 3, message="broken build")
    repository.list_artifact_versions("app")
    publishing.publish(repository.context, put_large(repository))
    interrupt_an_upload(repository)
    events = dict(told(repository))
    roll_out(repository)
    show_the_gates(repository)
    store.close()
    packages = {
        (kind, settled(key)): found
        for (kind, key), found in package_examples.story(client, BUCKET).items()
    }
    return dict(written(client)) | events | packages


def roll_out(repository):
    """With 12.5 percent, until its check fails."""

    class Smoke:
        def run(self, _subject):
            return Result(Outcome.FAIL, "exit 1: error rate 4.2%")

    repository.put_alias("app", "edge", 1)
    rollouts = Rollouts(repository)
    strategy = "steps:12.5%:10m,50%:pause"
    rollouts.start("app", "edge", 2, strategy=strategy, checks=["smoke"], message="build 2")
    rollouts.tick("app", "edge", checks={"smoke": Smoke()})


def show_the_gates(repository):
    """What `qa` holds may go to production."""
    pipeline = Pipeline(repository)
    pipeline.declare(["qa", "production"], message="two ranks")
    pipeline.set_gate("production", Gate(("integration",), 86400, 1, ("ann", "bob")))
    pipeline.promote("app", "qa")
    report = "https://ci.example.org/runs/7"
    pipeline.record_verdict("app@2", "integration", "pass", url=report, by="ci")
    pipeline.approve("app@2", "production", message="release notes read")


def told(repository):
    """`event` of each type, as the pages name it, with what a hook is told."""

    class Chat:
        def send(self, event):
            events[event.type] = event.to_dict()

    events = {}
    deliver(repository.context, "app", [Hook("chat", Chat())])
    for kind, document in events.items():
        yield ("event", kind), document


def put_large(repository):
    """Above the size up to which versions are read and written again."""
    repository.put_artifact("large", b"\x00" * (publishing.SMALL + 1))
    return "large"


def interrupt_an_upload(repository):
    def crash(_done, _total):
        raise Crash

    try:
        repository.put_artifact("model", b"\x00" * (33 * 1024 * 1024), progress=crash)
    except Crash:
        return


def written(client):
    """`example` and `metadata` of each key, as the pages name it, with what is there."""
    for line in client.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}/")["Contents"]:
        key = line["Key"].removeprefix(f"{PREFIX}/")
        found = client.get_object(Bucket=BUCKET, Key=line["Key"])
        yield ("metadata", settled(key)), found["Metadata"]
        if key.endswith(".json"):
            yield ("example", settled(key)), json.loads(found["Body"].read())


def remove_bucket(client):
    """As if nobody had told the story."""
    for line in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=line["Key"])
    for upload in client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []):
        where = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
        client.abort_multipart_upload(Bucket=BUCKET, **where)
    client.delete_bucket(Bucket=BUCKET)


def settled(text):
    """The text without what is different each time."""
    for pattern, word in _VOLATILE:
        text = pattern.sub(word, text)
    return text


def shown(document):
    """A document as a page shows it, with line breaks; what is no JSON as it is."""
    if isinstance(document, str):
        return document.rstrip()
    return json.dumps(document, indent=2, sort_keys=True)


def examples(text):
    """The kind and the key of each example of a page, and what it shows."""
    return [((match[1], match[2]), match[3]) for match in _EXAMPLE.finditer(text)]


def rewritten(text, documents):
    def fill(match):
        now = shown(documents[match[1], match[2]])
        if settled(now) == settled(match[3]):
            return match[0]
        language = "json" if now.startswith("{") else "text"
        return f"<!-- {match[1]}: {match[2]} -->\n```{language}\n{now}\n```"

    return _EXAMPLE.sub(fill, text)


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=client_config(),
    )
    documents = story(client)
    for page in PAGES:
        page.write_text(rewritten(page.read_text("utf-8"), documents), "utf-8")
    server.stop()


if __name__ == "__main__":
    main()

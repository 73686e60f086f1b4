"""This package and PyPI's versioned 1.0.1, in turns on one bucket, each in its own environment.

`scripts/peer-environment` makes the other one's; VERSIONED_TEST_PEER_PYTHON names another.
"""

import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from peers import Ours, Peer, PeerError

from versioned.errors import AliasNotFoundError, ArtifactNotFoundError

ROOT = Path(__file__).parents[2]
PEER = Path(os.environ.get("VERSIONED_TEST_PEER_PYTHON", ROOT / ".venv-peer" / "bin" / "python"))
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
BUCKET = "shared"

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(
        not PEER.exists(),
        reason=f"there is no {PEER}: run scripts/peer-environment, "
        "or set VERSIONED_TEST_PEER_PYTHON",
    ),
]


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def worker(endpoint, tmp_path_factory):
    home = str(tmp_path_factory.mktemp("peer-home"))
    with subprocess.Popen(
        [PEER, Path(__file__).with_name("peer_worker.py")],
        env={"PATH": os.environ["PATH"], "HOME": home, "AWS_ENDPOINT_URL": endpoint, **CREDENTIALS},
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture(scope="module")
def s3(endpoint):
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@pytest.fixture(params=["", ".tar.gz"], ids=["no suffix", "tar.gz"])
def settings(request):
    """Each test has a prefix of its own."""
    return {
        "aws_region": "us-east-1",
        "s3_bucket": BUCKET,
        "s3_prefix": f"team/{request.node.name}",
        "suffix": request.param,
    }


@pytest.fixture
def ours(s3, settings):
    return Ours(s3, settings)


@pytest.fixture
def peer(worker, settings, ours):
    peer = Peer(worker, settings)
    peer.bootstrap()
    ours.bootstrap()
    return peer


@pytest.fixture(params=["peer first", "ours first"])
def turns(request, peer, ours):
    """Whoever goes first, and the other."""
    return (peer, ours) if request.param == "peer first" else (ours, peer)


def publish(repository, content, **more):
    repository.put_artifact(name="app", content=content, **more)
    return repository.publish_artifact_version(name="app")


def numbers(artifacts):
    return [artifact["version"] for artifact in artifacts]


def timeless(alias):
    """The peer gives the time of the file, we the one written in it."""
    return {key: value for key, value in alias.items() if key != "update_at"}


def test_what_one_publishes_the_other_reads_alike(turns):
    writer, reader = turns
    publish(writer, b"one")
    published = publish(
        writer,
        b"two",
        content_type="application/gzip",
        metadata={"build": "2", "note": "by hand"},
        tags={"team": "backend"},
    )
    assert reader.get_artifact_version(name="app", version=2) == writer.get_artifact_version(
        name="app", version=2
    )
    assert reader.list_artifact_versions(name="app") == writer.list_artifact_versions(name="app")
    assert reader.get_latest_published_artifact_version_number(name="app") == 2
    assert reader.get_content(published) == b"two"
    assert reader.list_artifact_names() == ["app"]


def test_metadata_type_and_tags_survive_the_others_publishing(turns, s3):
    writer, publisher = turns
    writer.put_artifact(
        name="app",
        content=b"one",
        content_type="application/gzip",
        metadata={"build": "1"},
        tags={"team": "backend"},
    )
    uri = publisher.publish_artifact_version(name="app")["s3uri"]
    key = uri.removeprefix(f"s3://{BUCKET}/")
    stored = s3.head_object(Bucket=BUCKET, Key=key)
    assert (stored["ContentType"], stored["Metadata"]["build"]) == ("application/gzip", "1")
    tags = s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
    assert tags == [{"Key": "team", "Value": "backend"}]


def test_numbers_are_given_in_turns(turns):
    first, second = turns
    for number in range(1, 6):
        publisher, other = (first, second) if number % 2 else (second, first)
        content = f"content {number}".encode()
        assert publish(publisher, content)["version"] == str(number)
        assert publish(other, content)["version"] == str(number)  # unchanged for both of them
    assert numbers(first.list_artifact_versions(name="app")) == ["LATEST", "5", "4", "3", "2", "1"]


def test_an_alias_of_one_is_the_same_to_the_other(turns):
    writer, reader = turns
    publish(writer, b"one")
    publish(reader, b"two")
    split = {"version": 1, "secondary_version": 2, "secondary_version_weight": 10}
    made = [
        writer.put_alias(name="app", alias="canary", **split),
        writer.put_alias(name="app", alias="dev"),
        writer.put_alias(name="app", alias="prod", version=2),
    ]
    wanted = [timeless(alias) for alias in made]
    assert [timeless(alias) for alias in reader.list_aliases(name="app")] == wanted
    assert [
        timeless(reader.get_alias(name="app", alias=alias)) for alias in ("canary", "dev", "prod")
    ] == wanted
    moments = [
        datetime.fromisoformat(alias["update_at"])
        for alias in (reader.get_alias(name="app", alias="prod"), made[2])
    ]
    assert abs(moments[0] - moments[1]) < timedelta(minutes=1)


def test_an_alias_that_one_deletes_is_gone_for_the_other(peer, ours):
    publish(ours, b"one")
    for deleter, other in ((peer, ours), (ours, peer)):
        other.put_alias(name="app", alias="prod", version=1)
        deleter.delete_alias(name="app", alias="prod")
        assert other.list_aliases(name="app") == []
    with pytest.raises(AliasNotFoundError):
        ours.get_alias(name="app", alias="prod")
    with pytest.raises(PeerError, match="AliasNotFoundError"):
        peer.get_alias(name="app", alias="prod")


def test_what_the_peer_wrote_is_in_the_history(peer, ours):
    for content in (b"one", b"two", b"three"):
        publish(peer, content)
    ours.put_alias(name="app", alias="prod", version=1, message="launch")
    peer.put_alias(
        name="app", alias="prod", version=1, secondary_version=2, secondary_version_weight=30
    )
    foreign = ours.core.history("app", "prod")
    assert [entry.state.secondary_version for entry in foreign] == ["2"]
    ours.put_alias(name="app", alias="prod", version=3, message="on")
    history = ours.core.history("app", "prod")
    assert [(e.message, e.state.version, e.state.secondary_version_weight) for e in history] == [
        ("on", "3", None),
        (None, "1", 30),
    ]


def test_the_peer_reads_a_many_way_split_as_its_eight_fields_say(peer, ours):
    for content in (b"one", b"two", b"three"):
        publish(ours, content)
    ours.core.split_alias("app", "prod", {1: 89.5, 2: 10, 3: 0.5})
    read = peer.get_alias(name="app", alias="prod")
    fields = ("version", "secondary_version", "secondary_version_weight")
    assert [read[field] for field in fields] == ["1", "2", 10]
    assert peer.list_aliases(name="app") == [read]
    ours.core.split_alias("app", "prod", {1: "99.5", 3: "0.5"})
    read = peer.get_alias(name="app", alias="prod")
    assert [read[field] for field in fields] == ["1", "3", 0]


def test_a_many_way_split_that_the_peer_overwrites_is_gone(peer, ours):
    for content in (b"one", b"two", b"three"):
        publish(ours, content)
    ours.core.split_alias("app", "prod", {1: 89.5, 2: 10, 3: 0.5})
    peer.put_alias(
        name="app", alias="prod", version=1, secondary_version=2, secondary_version_weight=10
    )
    alias = ours.core.get_alias("app", "prod")
    assert (alias.split, [c.basis_points for c in alias.canaries]) == ((), [1000])
    ours.core.purge_artifact_versions("app", 0, 0)
    assert numbers(peer.list_artifact_versions(name="app")) == ["LATEST", "2", "1"]


def test_what_the_peer_wrote_breaks_no_history_and_has_a_past(peer, ours):
    for content in (b"one", b"two"):
        publish(ours, content)
    ours.put_alias(name="app", alias="prod", version=1)
    peer.put_alias(name="app", alias="prod", version=2)
    (ledger,) = ours.core.verify_ledger("app", "prod").ledgers
    assert (ledger.ok, len(ledger.notices)) == (True, 1)
    then = ours.core.get_alias("app", "prod").update_datetime
    ours.put_alias(name="app", alias="prod", version=1)
    assert ours.core.get_alias("app", "prod", at=then).version == "2"
    assert ours.core.verify_ledger().ok


def test_a_rollback_goes_to_what_the_peer_set(peer, ours):
    publish(peer, b"one")
    publish(peer, b"two")
    peer.put_alias(name="app", alias="prod", version=1)
    ours.put_alias(name="app", alias="prod", version=2)
    ours.core.rollback("app", "prod")
    assert peer.get_alias(name="app", alias="prod")["version"] == "1"


def test_what_we_keep_beside_them_does_not_disturb_the_peer(peer, ours, s3, settings):
    for content in (b"one", b"two", b"three"):
        publish(ours, content)
    for version in (1, 2, 3):
        ours.put_alias(name="app", alias="prod", version=version)
    ours.delete_artifact_version(name="app", version=1)
    ours.list_artifact_versions(name="app")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{settings['s3_prefix']}/")["Contents"]
    keys = {line["Key"].removeprefix(f"{settings['s3_prefix']}/") for line in listed}
    assert {".versioned.json", "app/index.json", "app/deletion.json"} <= keys
    rooms = {"versions", "aliases", "numbers", "ledger", "deletions"}
    assert rooms <= {key.split("/")[1] for key in keys if key.count("/") > 1}
    assert peer.list_artifact_names() == ["app"]
    assert numbers(peer.list_artifact_versions(name="app")) == ["LATEST", "3", "2"]
    assert [alias["version"] for alias in peer.list_aliases(name="app")] == ["3"]
    assert peer.get_latest_published_artifact_version_number(name="app") == 3
    assert publish(peer, b"four")["version"] == "4"


def test_the_number_of_a_version_that_the_peer_deleted_stays_taken(peer, ours):
    for content in (b"one", b"two", b"three"):
        publish(ours, content)
    peer.delete_artifact_version(name="app", version=3)
    assert numbers(ours.list_artifact_versions(name="app")) == ["LATEST", "2", "1"]
    assert ours.publish_artifact_version(name="app")["version"] == "4"
    assert publish(peer, b"five")["version"] == "5"


def test_the_number_of_a_version_of_the_peer_that_we_deleted_stays_taken(peer, ours):
    for content in (b"one", b"two"):
        publish(peer, content)
    ours.delete_artifact_version(name="app", version=2)
    assert publish(ours, b"three")["version"] == "3"


def test_what_the_peer_purges_is_gone_here(peer, ours):
    for content in (b"one", b"two", b"three", b"four"):
        publish(ours, content)
    ours.list_artifact_versions(name="app")  # fills the index
    _, deleted = peer.purge_artifact_versions(name="app", keep_last_n=2, purge_older_than_secs=-60)
    assert numbers(deleted) == ["2", "1"]
    assert numbers(ours.list_artifact_versions(name="app")) == ["LATEST", "4", "3"]
    with pytest.raises(ArtifactNotFoundError):
        ours.put_alias(name="app", alias="prod", version=1)


def test_what_we_purge_is_gone_there_but_for_what_its_aliases_use(peer, ours):
    for content in (b"one", b"two", b"three", b"four"):
        publish(peer, content)
    peer.put_alias(
        name="app", alias="prod", version=4, secondary_version=1, secondary_version_weight=5
    )
    ours.core.purge_artifact_versions("app", 1, 0)
    assert numbers(peer.list_artifact_versions(name="app")) == ["LATEST", "4", "1"]


def test_a_purged_artifact_starts_again_at_one(turns):
    purger, other = turns
    publish(purger, b"one")
    publish(other, b"two")
    other.put_alias(name="app", alias="prod", version=2)
    purger.purge_artifact(name="app")
    assert other.list_artifact_names() == []
    assert other.list_aliases(name="app") == []
    assert publish(other, b"new")["version"] == "1"
    assert publish(purger, b"newer")["version"] == "2"


def test_after_one_purges_all_both_go_on(turns):
    purger, other = turns
    publish(other, b"one")
    purger.purge_all()
    assert other.list_artifact_names() == []
    other.bootstrap()
    purger.bootstrap()
    assert publish(other, b"new")["version"] == "1"
    assert numbers(purger.list_artifact_versions(name="app")) == ["LATEST", "1"]

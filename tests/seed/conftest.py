"""The first seed's module against moto in this process; deletions don't wait for others."""

import moto
import pytest

from versioned.api import s3_only_backend

BUCKET = "seed-bucket"


@pytest.fixture
def aws():
    with moto.mock_aws():
        yield


@pytest.fixture(scope="session")
def session_manager():
    """Made once: boto3 takes longer for a client than moto for a whole test."""
    from boto_session_manager import BotoSesManager  # noqa: PLC0415 - warns on newer Pythons

    with moto.mock_aws():
        bsm = BotoSesManager(region_name="us-east-1")
        assert bsm.s3_client
    return bsm


@pytest.fixture
def bsm(aws, session_manager):
    """A session manager as the documents use it, in a mock of its own."""
    return session_manager


@pytest.fixture
def raw(bsm):
    """S3 without this package."""
    return bsm.s3_client


@pytest.fixture
def repo(bsm, raw):
    raw.create_bucket(Bucket=BUCKET)
    repository = s3_only_backend.Repository("us-east-1", BUCKET, suffix=".bin")
    # nobody else is at work, so a deletion need not wait for other writers
    repository._core(bsm).context.sleep = lambda _: None
    return repository


@pytest.fixture
def on_call(raw):
    """Have a function called before each request; what it returns is taken for the answer."""
    registered = []

    def on_call(function, event="before-call.s3"):
        raw.meta.events.register(event, function)
        registered.append((event, function))

    yield on_call
    for event, function in registered:
        raw.meta.events.unregister(event, function)


@pytest.fixture
def sent(on_call):
    """The names of all operations that are sent to S3 from here on."""
    operations = []

    def note(model, **_):
        operations.append(model.name)

    on_call(note)
    return operations


@pytest.fixture
def publish(repo, bsm):
    """Put and publish each content in turn."""

    def publish(name, *contents):
        versions = []
        for content in contents:
            repo.put_artifact(bsm, name, content)
            versions.append(repo.publish_artifact_version(bsm, name))
        return versions

    return publish

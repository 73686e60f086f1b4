"""Whatever leads to an S3 client will do as `bsm`; what is made for it is kept while it lives."""

import gc
import subprocess
import sys
import weakref

import boto3
import moto
import pytest

from versioned import s3_only_binding
from versioned.s3_only_backend import Repository

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")


def client():
    return boto3.client("s3", region_name="us-east-1")


def session():
    return boto3.Session(region_name="us-east-1")


class Holder:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    """What can't be referred to weakly."""

    __slots__ = ("s3_client",)

    def __init__(self):
        self.s3_client = client()


class Renewing:
    """A new client each time: what is asked for must not be taken from it before it is used."""

    @property
    def s3_client(self):
        return client()


KINDS = {
    "session": session,
    "client": client,
    "has an s3_client": lambda: Holder(s3_client=client()),
    "has a boto_ses": lambda: Holder(boto_ses=session()),
    "has a client method": lambda: Holder(client=boto3.client),
    "has slots": Slotted,
    "renews its client": Renewing,
}


@pytest.fixture(params=KINDS)
def any_bsm(request, aws):
    return KINDS[request.param]()


def test_any_of_them_will_do(any_bsm):
    repository = Repository("us-east-1", "bucket")
    repository.bootstrap(any_bsm)
    repository.put_artifact(any_bsm, "app", b"one")
    version = repository.publish_artifact_version(any_bsm, "app")
    alias = repository.put_alias(any_bsm, "app", "prod", 1)
    assert version.get_content(any_bsm) == alias.get_version_content(any_bsm) == b"one"


def test_a_session_is_asked_for_the_repositorys_region(aws, bsm):
    asked = []

    class Session:
        def client(self, service, region_name):
            asked.append((service, region_name))
            return bsm.s3_client

    owner = Session()
    repository = Repository("eu-west-1", "bucket")
    repository.bootstrap(owner)
    repository.list_artifact_names(owner)
    assert asked == [("s3", "eu-west-1")]


@pytest.mark.parametrize(
    "bsm", [None, "us-east-1", 7, object(), Holder(s3_client=None)], ids=lambda b: type(b).__name__
)
def test_anything_else_is_refused_with_a_hint(bsm):
    with pytest.raises(TypeError, match="pass a BotoSesManager"):
        Repository("us-east-1", "bucket").list_artifact_names(bsm)


def test_a_client_of_another_service_is_refused(aws):
    with pytest.raises(TypeError, match="SNS"):
        Repository("us-east-1", "bucket").purge_all(boto3.client("sns", region_name="us-east-1"))


def test_the_core_is_made_once_for_each_place(repo, bsm):
    assert repo._core(bsm) is repo._core(bsm)
    twin = Repository(repo.aws_region, repo.s3_bucket, suffix=repo.suffix)
    assert twin._core(bsm) is repo._core(bsm)
    twin.suffix = ".zip"
    assert twin._core(bsm) is not repo._core(bsm)


def test_a_renewed_client_is_used_at_once(repo, bsm):
    before = repo._core(bsm)
    bsm.clear_cache()
    assert repo._core(bsm) is not before


@pytest.mark.parametrize("kind", ["session", "client", "has an s3_client", "has a boto_ses"])
def test_nothing_keeps_a_session_alive(aws, kind):
    owner = KINDS[kind]()
    repository = Repository("us-east-1", "bucket")
    repository.bootstrap(owner)
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None


def test_a_session_manager_is_not_kept_alive(aws):
    from boto_session_manager import BotoSesManager  # noqa: PLC0415 - warns on newer Pythons

    bsm = BotoSesManager(region_name="us-east-1")
    Repository("us-east-1", "bucket").bootstrap(bsm)
    known, gone = len(s3_only_binding._known), weakref.ref(bsm)
    del bsm
    gc.collect()
    assert gone() is None
    assert len(s3_only_binding._known) == known - 1


def test_one_session_sees_each_mock_afresh():
    with moto.mock_aws():
        owner = session()
    repository = Repository("us-east-1", "bucket")
    for _ in range(2):
        with moto.mock_aws():
            repository.bootstrap(owner)
            assert repository.list_artifact_names(owner) == []
            repository.put_artifact(owner, "app", b"one")
            version = repository.publish_artifact_version(owner, "app")
            assert version.version == "1"
            assert version.get_content(owner) == b"one"


@pytest.mark.parametrize("module", ["versioned.api", "versioned.s3_only_backend", "versioned.exc"])
def test_importing_it_imports_nothing_slow(module):
    script = f"import sys, {module}; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    slow = {"boto3", "botocore", "moto", "s3pathlib", "boto_session_manager", "rich", "func_args"}
    assert slow.isdisjoint(run.stdout.split())


def test_only_the_seeds_module_needs_the_seeds_packages(repo, bsm, publish):
    """Everything but `s3path` works without s3pathlib and boto_session_manager."""
    script = """
import sys
sys.modules["s3pathlib"] = sys.modules["boto_session_manager"] = None
import boto3, moto
from versioned.api import s3_only_backend
with moto.mock_aws():
    repo, session = s3_only_backend.Repository("us-east-1", "bucket"), boto3.Session()
    repo.bootstrap(session)
    repo.put_artifact(session, "app", b"one")
    print(repo.publish_artifact_version(session, "app").get_content(session))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout == "b'one'\n"

"""Fixtures of what is on ECR: `pytest_plugins = ("ecr_fixtures",)` in a test module gives them."""

import boto3
import pytest
from blobs_double import BlobsDouble
from ecr_double import ACCOUNT, EcrDouble
from image_builders import push_image

from versioned.images.registries.ecr import EcrRegistry

REGION = "us-east-1"


@pytest.fixture(scope="session")
def aws_clients(aws_environment):
    """boto3's clients for ECR and STS, made once, because that is slow."""
    session = boto3.Session()
    return {service: session.client(service, region_name=REGION) for service in ("ecr", "sts")}


@pytest.fixture
def blobs():
    """The blobs of the ECR of a test."""
    return BlobsDouble()


@pytest.fixture
def ecr(aws_clients, moto_in_process, blobs):
    """A fresh, empty ECR: a client of it, which has notes of what it was asked."""
    return EcrDouble(aws_clients["ecr"], blobs)


@pytest.fixture
def ecr_pauses():
    """The seconds that clients of this test waited before they looked again."""
    return []


@pytest.fixture
def open_ecr(ecr, blobs, ecr_pauses, aws_clients):
    """Opens the ECR of a test; keyword arguments go to `EcrRegistry`."""

    def make(**options):
        clients = {"ecr": ecr, "sts": aws_clients["sts"]}
        given = {
            "region": REGION,
            "clients": lambda service, _: clients[service],
            "data_plane": blobs.connect,
            "sleep": ecr_pauses.append,
        }
        return EcrRegistry(**(given | options))

    return make


@pytest.fixture
def ecr_registry(open_ecr):
    """The ECR of a test as our own code sees it, of a known account."""
    return open_ecr(account=ACCOUNT)


@pytest.fixture
def ecr_app(ecr_registry):
    """A repository that is there, empty: `team/app`."""
    ecr_registry.ensure_repository("team/app")
    return "team/app"


@pytest.fixture
def ecr_push(ecr_registry, ecr_app):
    """Pushes an image there that no other is like but for the same content."""
    return lambda tag, content=None: push_image(
        ecr_registry, ecr_app, tag, layers=(content or str(tag).encode(),)
    )

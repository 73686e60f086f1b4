"""What moving images costs, in requests to the registry: docs/design/images.md has these numbers."""

from collections import Counter

import pytest
from image_builders import push_image

from versioned.images.config import ImagesConfig
from versioned.images.images import Images


@pytest.fixture
def images(registry_server, connect):
    registry = connect(registry_server)
    push_image(registry, "app", "1", layers=(b"a", b"b"))
    config = ImagesConfig(registry=registry.host)
    return Images(registry, config=config, connect=None, runtime=None)


@pytest.fixture
def cost(registry_server):
    """The requests of a call, by method."""

    def measure(call):
        before = len(registry_server.requests)
        call()
        return Counter(one.method for one in registry_server.requests[before:])

    return measure


def test_a_tag_in_the_same_repository_takes_six_requests(images, cost):
    assert cost(lambda: images.retag("app:1", "stable")) == {"HEAD": 3, "GET": 2, "PUT": 1}


def test_again_it_takes_three(images, cost):
    images.retag("app:1", "stable")
    assert cost(lambda: images.retag("app:1", "stable")) == {"HEAD": 2, "GET": 1}


def test_another_repository_takes_two_requests_for_a_blob_and_ten_more(images, cost):
    spent = cost(lambda: images.promote("app:1", "live:1"))
    assert spent["POST"] == 3
    assert spent.total() == 2 * 3 + 10


def test_again_no_blob_is_mounted(images, cost):
    images.promote("app:1", "live:1")
    assert cost(lambda: images.promote("app:1", "live:2"))["POST"] == 0

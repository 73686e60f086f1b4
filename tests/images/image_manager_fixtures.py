"""Fixtures of `ImageManager`: `pytest_plugins = ("image_manager_fixtures",)` gives them."""

from datetime import UTC, datetime, timedelta

import pytest
from image_builders import push_image
from runtime_doubles import RuntimeDouble

from versioned.images.config import ImagesConfig
from versioned.images.image_manager import ImageManager
from versioned.images.images import Images
from versioned.images.runtimes.docker import Docker
from versioned.images.sources.base import ImageUse

pytest_plugins = ("ecr_fixtures",)


class Source:
    """A source of references: `images` are in use, an error in `fault` is raised; `meanwhile` is
    what others do while it is asked."""

    name = "tests"

    def __init__(self):
        self.images = []
        self.fault = None
        self.asked = 0
        self.meanwhile = lambda: None

    def uses(self):
        self.asked += 1
        self.meanwhile()
        if self.fault:
            raise self.fault
        return [ImageUse.of(image, "a test") for image in self.images]


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def docker(tmp_path):
    """A program that passes for Docker; it has an image `app:dev`."""
    double = RuntimeDouble(tmp_path / "bin", "docker")
    double.keep("app:dev")
    return double


@pytest.fixture
def manager(open_ecr, source, docker):
    """Of the project `shop` on the ECR of the test."""
    config = ImagesConfig(project_name="shop", regions=("us-east-1", "eu-west-1"))
    manager = ImageManager(config)
    registry = open_ecr(project="shop")
    manager.images = Images(
        registry,
        config=config,
        connect=lambda _: registry,
        runtime=lambda: Docker(str(docker.program), {}),
        sources=lambda: [source],
    )
    return manager


@pytest.fixture
def push(manager, ecr):
    """Puts an image into a repository that is made for it, as old as is asked."""

    def put(tag, *, name="app", age=timedelta(0), content=None):
        manager.images.registry.ensure_repository(f"shop/{name}")
        layer = (content or f"{name}:{tag}").encode()
        image = push_image(manager.images.registry, f"shop/{name}", tag, layers=(layer,))
        ecr.images[f"shop/{name}"][image.digest].pushed_at = datetime.now(UTC) - age
        return image

    return put


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    return folder

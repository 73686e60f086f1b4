"""ImageManager's whole way with a real runtime: ECR's control plane is moto's with the double on
top, its layers and manifests lie in a real docker-registry, and the password is moto's own."""

import os
import shutil

import pytest
from ecr_double import EcrDouble, HeldImage

from versioned.images.config import ImagesConfig
from versioned.images.errors import ImageRepositoryNotFoundError, RuntimeFailedError
from versioned.images.image_manager import ImageManager
from versioned.images.images import Images
from versioned.images.registries.ecr import EcrRegistry
from versioned.images.registries.oci import OciRegistry
from versioned.images.registry import Credentials
from versioned.images.runtimes.detection import detect_runtime
from versioned.images.sources.base import ImageUse

pytest_plugins = ("ecr_fixtures",)

HOST = os.environ.get("VERSIONED_TEST_REGISTRY", "")

pytestmark = [
    pytest.mark.registry,
    pytest.mark.xdist_group("podman"),
    pytest.mark.skipif(not HOST, reason="there is no real registry: make test-images"),
    pytest.mark.skipif(not shutil.which("podman"), reason="there is no podman"),
]


class EcrBeforeRegistry(EcrDouble):
    """ECR that has what was pushed to a registry."""

    _get_authorization_token = None  # moto's own

    def __init__(self, client, registry):
        super().__init__(client)
        self.registry = registry

    def _held(self, asked):
        held, repository = super()._held(asked), asked["repositoryName"]
        try:
            tags = self.registry.list_tags(repository)
        except ImageRepositoryNotFoundError:
            return held
        for tag in tags:
            manifest = self._hold(held, repository, tag)
            for image in held.values():
                image.tags = [one for one in image.tags if one != tag]
            held[manifest.digest].tags.append(tag)
        return held

    def _hold(self, held, repository, reference):
        manifest = self.registry.get_manifest(repository, reference)
        for child in manifest.children:
            self._hold(held, repository, child.digest)
        held.setdefault(manifest.digest, HeldImage(manifest))
        return manifest


class Uses:
    name = "tests"
    images = ()

    def uses(self):
        return [ImageUse.of(image, "a test") for image in self.images]


@pytest.fixture
def podman():
    return lambda: detect_runtime({**os.environ, "CDK_DOCKER": shutil.which("podman")})


@pytest.fixture
def uses():
    return Uses()


@pytest.fixture
def manager(aws_clients, moto_in_process, podman, uses, prefix):
    names = ("USER", "PASSWORD")
    user, password = (os.environ[f"VERSIONED_TEST_REGISTRY_{name}"] for name in names)
    with OciRegistry(HOST, credentials=Credentials(user, password)) as behind:
        clients = aws_clients | {"ecr": EcrBeforeRegistry(aws_clients["ecr"], behind)}
        registry = EcrRegistry(
            region="us-east-1",
            host=HOST,
            clients=lambda service, _: clients[service],
            data_plane=lambda host, credentials: OciRegistry(host, credentials=credentials),
        )
        config = ImagesConfig(project_name=prefix)
        manager = ImageManager(config)
        manager.images = Images(
            registry, config=config, connect=None, runtime=podman, sources=lambda: [uses]
        )
        yield manager


@pytest.fixture
def context(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")
    (tmp_path / "file").write_text(str(tmp_path))
    return str(tmp_path)


def test_built_pushed_with_the_token_of_ecr_listed_kept_while_used_and_cleaned_up(
    manager, context, uses, prefix
):
    pushed = manager.build(context, "app", "1.4", platform="linux/amd64,linux/arm64")
    assert pushed["image_uri"] == f"{HOST}/{prefix}/app:1.4" == manager.get_uri("app", "1.4")
    assert pushed["runtime"].endswith("podman")
    assert {row["tag"] for row in manager.list_tags("app")} == {"1.4", None}
    assert manager.describe("app", "1.4")["digest"] == pushed["digest"]
    uses.images = (f"app@{pushed['digest']}",)
    assert manager.cleanup("app")["tags_deleted"] == 0
    assert manager.orphans(threshold_days=0) == []
    uses.images = ()
    assert [row["digest"] for row in manager.orphans(threshold_days=0)] == [pushed["digest"]]


def test_a_tag_that_can_not_move_is_refused_before_anything_is_built(manager, context, prefix):
    manager.build(context, "app", "1.4")
    client = manager.images.ecr._connection._client("ecr")
    client.put_image_tag_mutability(repositoryName=f"{prefix}/app", imageTagMutability="IMMUTABLE")
    with pytest.raises(RuntimeError, match=r"1\.4") as refused:
        manager.build(context, "app", "1.4")
    assert not isinstance(refused.value, RuntimeFailedError)

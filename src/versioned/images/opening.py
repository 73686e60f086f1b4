"""The images of a project, as its configuration says: the registry, the runtime, the sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from versioned.images.config import ImagesConfig
from versioned.images.images import Images
from versioned.images.reference import EcrHost
from versioned.images.registries.docker_config import PASSWORD, USER
from versioned.images.registries.ecr import EcrRegistry
from versioned.images.registries.ecr_connection import make_client
from versioned.images.registries.oci import OciRegistry
from versioned.images.registry import Registry
from versioned.images.runtimes.detection import detect_runtime
from versioned.images.sources.aliases import AliasSource
from versioned.images.sources.base import ImageUse, ReferenceSource, SourceSkippedError
from versioned.images.sources.ecs import EcsSource
from versioned.images.sources.files import FilesSource
from versioned.images.sources.lambda_functions import LambdaSource
from versioned.images.sources.plug_ins import plug_in_sources
from versioned.repository import Repository


def open_images(
    config: ImagesConfig,
    *,
    environ: Mapping[str, str],
    region: str | None = None,
    repository: Repository | None = None,
    files: Sequence[str] = (),
) -> Images:
    """Asks nothing of anybody yet. `region` is of ECR; `files` are manifests beside those of the
    configuration whose images are in use. Raises InvalidInputError for what is no registry."""
    chosen = config.region(region, environ)
    return Images(
        _registry(config, chosen, environ),
        config=config,
        connect=partial(connect, environ=environ),
        runtime=partial(detect_runtime, environ),
        repository=repository,
        sources=partial(_sources, config, chosen, repository, (*config.files, *files)),
    )


def connect(host: str, *, environ: Mapping[str, str]) -> Registry:
    """The registry of a host: ECR by the account and the region in its name, else one that speaks
    the Distribution API, with the credentials of Docker's config. `VERSIONED_REGISTRY_USER` is
    meant for the project's own registry, and is told to no other."""
    ecr = EcrHost.parse(host)
    if ecr is None:
        others = {name: environ[name] for name in environ if name not in {USER, PASSWORD}}
        return OciRegistry.open(host, environ=others)
    return EcrRegistry(region=ecr.region, account=ecr.account, host=host)


def _registry(config: ImagesConfig, region: str, environ: Mapping[str, str]) -> Registry:
    if config.registry:
        return OciRegistry.open(config.registry, environ=environ)
    return EcrRegistry(
        region=region, account=config.account, host=config.host, project=config.project_name
    )


def _sources(
    config: ImagesConfig, region: str, repository: Repository | None, files: Sequence[str]
) -> list[ReferenceSource]:
    """Those of this product, of the files that were named, of AWS where the images are there, and
    those that other packages bring along."""
    sources: list[ReferenceSource] = [
        AliasSource(repository)
        if repository
        else _Nothing("aliases", "there is no repository here, and --repo names none"),
        FilesSource(files) if files else _Nothing("files", "no files were named"),
    ]
    if not config.registry:
        regions = tuple(dict.fromkeys((region, *config.regions)))
        for one in regions:
            mark = one if len(regions) > 1 else None
            sources += [
                _AtAws("ecs", one, partial(EcsSource, region=mark), mark),
                _AtAws("lambda", one, partial(LambdaSource, region=mark), mark),
            ]
    return [*sources, *plug_in_sources()]


class _Nothing:
    """A source that has nothing to ask here, and says why."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self._reason = reason

    def uses(self) -> Iterable[ImageUse]:
        raise SourceSkippedError(self._reason)


class _AtAws:
    """A source whose client is made when it is asked: one that is left out costs nothing."""

    def __init__(
        self,
        service: str,
        region: str,
        make: Callable[..., ReferenceSource],
        mark: str | None,
    ) -> None:
        self.name = f"{service}:{mark}" if mark else service
        self._service, self._region, self._make = service, region, make

    def uses(self) -> Iterable[ImageUse]:
        return self._make(make_client(self._service, self._region)).uses()

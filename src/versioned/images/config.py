"""What a project says of its images, once for all commands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from versioned.images.errors import InvalidImagesConfigError
from versioned.images.reference import validate_host, validate_image_name, validate_repository

DEFAULT_PROJECT = "versioned"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class ImagesConfig:
    """`registry` is the URL or host of any OCI registry, `None` for ECR. Repositories lie below
    `repository_prefix`; where that is `None`, below the project's name on ECR, and below nothing
    elsewhere. `regions` are those that images are replicated to, the first the one that is
    worked in; `global_region` is the last resort. `account` spares the question to STS; `host`
    stands before the images where ECR is not at AWS's own endpoint. `files` are manifests whose
    images count as used.

    Raises InvalidImagesConfigError, InvalidImageError.
    """

    project_name: str = DEFAULT_PROJECT
    repository_prefix: str | None = None
    registry: str | None = None
    regions: tuple[str, ...] = ()
    global_region: str = DEFAULT_REGION
    account: str | None = None
    host: str | None = None
    files: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        validate_image_name(self.project_name)
        if self.repository_prefix:
            validate_repository(self.repository_prefix)
        if self.host:
            validate_host(self.host)

    @property
    def prefix(self) -> str:
        """The prefix that holds, without a slash at its end; may be empty."""
        if self.repository_prefix is not None:
            return self.repository_prefix
        return "" if self.registry else self.project_name

    def repository(self, name: str) -> str:
        """The path of an image's repository."""
        return f"{self.prefix}/{name}" if self.prefix else name

    @classmethod
    def of_table(cls, table: Mapping[str, Any]) -> ImagesConfig:
        """From the table `[images]` of `.versioned.toml`. Raises InvalidImagesConfigError."""
        kinds = {field.name: str(field.type) for field in fields(cls)}
        given: dict[str, Any] = {}
        for key, value in table.items():
            many = kinds.get(key, "").startswith("tuple")
            texts = value if many and isinstance(value, list) else [value]
            if (
                key not in kinds
                or many != isinstance(value, list)
                or not all(isinstance(text, str) for text in texts)
            ):
                raise InvalidImagesConfigError(
                    f"[images] has {key} = {value!r}, which is not understood",
                    hint=f"it may have {', '.join(kinds)}",
                )
            given[key] = tuple(value) if many else value
        return cls(**given)

    def region(self, named: str | None, environ: Mapping[str, str]) -> str:
        """The region that is worked in: the one that was named, the first of `regions`,
        `AWS_DEFAULT_REGION`, `global_region`, in this order."""
        first = self.regions[0] if self.regions else None
        return named or first or environ.get("AWS_DEFAULT_REGION") or self.global_region

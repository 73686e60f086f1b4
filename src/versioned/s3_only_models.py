"""What the API of versioned 1.0.1 returns: data with its fields and names."""

from __future__ import annotations

from dataclasses import Field, asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from versioned import models
from versioned.errors import InvalidInputError
from versioned.naming import LATEST_VERSION
from versioned.s3_only_binding import read_uri

if TYPE_CHECKING:
    from s3pathlib import S3Path

    from versioned.s3_only_binding import Bsm


class Base:
    """Data that can be had as a dictionary."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def from_dict(cls, dct: dict[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises TypeError for a missing or an unknown field."""
        return cls(**dct)

    def to_dict(self) -> dict[str, Any]:
        """All fields, in their order."""
        return asdict(self)


@dataclass(frozen=True)
class Artifact(Base):
    """One version of an artifact, without its bytes.

    `version` is `"LATEST"` or a number as a string, `update_at` ISO 8601 in UTC, `sha256`
    lower-case hex.
    """

    name: str
    version: str
    update_at: str
    s3uri: str
    sha256: str

    @classmethod
    def from_model(cls, found: models.Artifact) -> Self:
        """What the core found, in the shape of 1.0.1."""
        update_at = _seconds(found.update_datetime)
        return cls(found.name, found.version, update_at, found.uri, found.sha256)

    @property
    def update_datetime(self) -> datetime:
        """`update_at` as an aware datetime in UTC."""
        return _moment(self.update_at)

    @property
    def s3path(self) -> S3Path:
        """The version's object."""
        return _s3path(self.s3uri)

    def get_content(self, bsm: Bsm) -> bytes:
        """The bytes, proved: those of a number by `sha256`, those of LATEST by what LATEST says
        of itself now. Raises ContentMismatchError, ClientError where the object is gone."""
        known = None if self.version == LATEST_VERSION else self.sha256
        return read_uri(bsm, self.s3uri, sha256=known)


@dataclass(frozen=True)
class Alias(Base):
    """A name for one version of an artifact, or for two: the second gets
    `secondary_version_weight` percent (0 to 99) of the traffic."""

    name: str
    alias: str
    update_at: str
    version: str
    secondary_version: str | None
    secondary_version_weight: int | None
    version_s3uri: str
    secondary_version_s3uri: str | None

    _revision = ""  # no field: which write made this state, where it was read from a repository

    @classmethod
    def from_model(cls, found: models.Alias) -> Self:
        """What the core found, in the shape of 1.0.1."""
        alias = cls(
            name=found.name,
            alias=found.alias,
            update_at=_seconds(found.update_datetime),
            version=found.version,
            secondary_version=found.secondary_version,
            secondary_version_weight=found.secondary_version_weight,
            version_s3uri=found.version_uri,
            secondary_version_s3uri=found.secondary_version_uri,
        )
        object.__setattr__(alias, "_revision", found.revision)
        return alias

    def to_model(self) -> models.Alias:
        """The core's shape of it."""
        return models.Alias(
            name=self.name,
            alias=self.alias,
            update_at=self.update_at,
            version=self.version,
            secondary_version=self.secondary_version,
            secondary_version_weight=self.secondary_version_weight,
            version_uri=self.version_s3uri,
            secondary_version_uri=self.secondary_version_s3uri,
            revision=self._revision,
        )

    def to_expectation(self) -> models.Alias:
        """The very state, for `expect=`. Raises InvalidInputError unless a repository gave it."""
        if not self._revision:
            raise InvalidInputError(
                f"alias {self.name}@{self.alias} was not read from a repository",
                hint="pass what get_alias returned, or only the version that is expected",
            )
        return self.to_model()

    @property
    def update_datetime(self) -> datetime:
        """`update_at` as an aware datetime in UTC."""
        return _moment(self.update_at)

    @property
    def s3path_version(self) -> S3Path:
        """The primary version's object."""
        return _s3path(self.version_s3uri)

    def get_version_content(self, bsm: Bsm) -> bytes:
        """The bytes of the primary version, proved. Raises ContentMismatchError, ClientError
        where the object is gone."""
        return read_uri(bsm, self.version_s3uri)

    @property
    def s3path_secondary_version(self) -> S3Path:
        """The secondary version's object. Raises AttributeError where there is none."""
        return _s3path(self._secondary())

    def get_secondary_version_content(self, bsm: Bsm) -> bytes:
        """The bytes of the secondary version, proved. Raises AttributeError where there is none,
        ContentMismatchError, ClientError where the object is gone."""
        return read_uri(bsm, self._secondary())

    def random_artifact(self) -> str:
        """The S3 URI of one version, drawn anew by weight at each call."""
        return self.to_model().random_artifact()

    def route(self, key: str) -> str:
        """The version for a key: the same everywhere, always; see `versioned.routing`."""
        return self.to_model().route(key)

    def _secondary(self) -> str:
        if self.secondary_version_s3uri is None:
            raise AttributeError(f"alias {self.name}@{self.alias} has no secondary version")
        return self.secondary_version_s3uri


def _moment(update_at: str) -> datetime:
    moment = datetime.fromisoformat(update_at)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(moment: datetime) -> str:
    """As S3 keeps times, and as the documents print them."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _s3path(uri: str) -> S3Path:
    from s3pathlib import S3Path  # noqa: PLC0415 - slow to import, and only this API needs it

    return S3Path(uri)

"""Which image is meant: `registry/repository:tag@digest`. Pure: no I/O.

The grammar is that of github.com/distribution/reference; names and tags of our own repositories
are narrower, as the founding document has them.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace

from versioned.errors import InvalidInputError
from versioned.images.errors import InvalidImageError

_MAX_REPOSITORY = 255
DOCKER_HUB = "docker.io"
DOCKER_HUB_HOSTS = (
    DOCKER_HUB,
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
)
"""All names of one registry."""
_IMAGE_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::[0-9]{1,5})?|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?"
)
_CREDENTIALS = re.compile(r"\A.*@(?!sha(?:256|512):)", re.DOTALL)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+")
_ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})(?P<kind>\.dkr\.ecr(?:-fips)?\.|\.dkr-ecr(?:-fips)?\.)"
    r"(?P<region>[a-z0-9-]+)(?P<domain>\.amazonaws\.com(?:\.cn)?|\.on\.aws)"
)


def validate_image_name(name: str) -> str:
    """The name. Raises InvalidImageError unless it is 1 to 63 lower-case letters, digits and
    dashes that begins with a letter and does not end with a dash."""
    return _matched(_IMAGE_NAME, name, "an image name", "lower-case letters, digits and dashes; "
                    "a letter first, no dash last, at most 63")  # fmt: skip


def validate_repository(repository: str) -> str:
    """The path of a repository in a registry, such as `team/app`. Raises InvalidImageError."""
    hint = "lower-case letters and digits, parted by '.', '_', '-' or '/'; at most 255"
    _matched(_REPOSITORY, repository, "a repository", hint)
    if len(repository) > _MAX_REPOSITORY:
        raise InvalidImageError(f"{repository[:40]!r}... is no repository: too long", hint=hint)
    return repository


def validate_tag(tag: str) -> str:
    """The tag. Raises InvalidImageError."""
    return _matched(_TAG, tag, "a tag", "letters, digits, '_', '.' and '-'; '.' and '-' not first, "
                    "at most 128")  # fmt: skip


def validate_digest(digest: str) -> str:
    """The digest: `sha256:` and 64 lower-case hex digits, or `sha512:` and 128. Raises
    InvalidImageError."""
    return _matched(_DIGEST, digest, "a digest", "sha256: and 64 hex digits")


def validate_host(host: str) -> str:
    """The host of a registry, with its port. Raises InvalidImageError."""
    hint = "a host such as registry.example.com:5000"
    checked = _matched(_HOST, host, "a registry", hint)
    if checked.startswith("["):
        try:
            ipaddress.IPv6Address(checked[1:].partition("]")[0])
        except ValueError:
            raise InvalidImageError(f"{checked[:80]!r} is no registry", hint=hint) from None
    return checked


def validate_region(region: str) -> str:
    """The name of a region of AWS. Raises InvalidImageError."""
    return _matched(_REGION, region, "a region", "such as eu-west-1")


def _matched(pattern: re.Pattern[str], value: object, kind: str, hint: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        shown = without_credentials(str(value))
        raise InvalidImageError(f"{shown[:80]!r} is not {kind}", hint=hint)
    return value


def without_credentials(text: str) -> str:
    """The same, for messages: `***` stands for all before an `@` that begins no digest."""
    return _CREDENTIALS.sub("***@", text, count=1)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image in a registry, by tag, by digest, or by both; without either a whole repository.

    `registry` is the host; `None` where none was named.
    """

    registry: str | None
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """`app`, `app:1.4`, `team/app@sha256:...`, `host:5000/app:1.4`. The first part is a host
        where it has a dot or a colon, or is `localhost`; `docker.io/nginx` is Docker's way to
        write `docker.io/library/nginx`. Raises InvalidImageError."""
        if _CREDENTIALS.match(text):
            raise InvalidImageError(
                f"{without_credentials(text)[:120]!r} is no image: what is after '@' is no digest",
                hint="leave out user and password; use team/app@sha256:...",
            )
        rest, at, digest = text.partition("@")
        registry, slash, path = rest.partition("/")
        if not slash or not (set(registry) & set(".:") or registry == "localhost"):
            registry, path = "", rest
        path, colon, tag = path.partition(":")
        if registry == DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        try:
            return cls(
                validate_host(registry) if registry else None,
                validate_repository(path),
                validate_tag(tag) if colon else None,
                validate_digest(digest) if at else None,
            )
        except InvalidInputError as error:
            raise InvalidImageError(
                f"{text[:120]!r} is no image: {error.message}",
                hint="use app:1.4, team/app@sha256:... or registry.example.com/app:1.4",
            ) from None

    def by_tag(self, tag: str) -> ImageReference:
        """The same repository, another tag."""
        return replace(self, tag=validate_tag(tag), digest=None)

    def by_digest(self, digest: str) -> ImageReference:
        """The same repository, an image by its digest alone."""
        return replace(self, tag=None, digest=validate_digest(digest))

    def __str__(self) -> str:
        host = f"{self.registry}/" if self.registry else ""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{host}{self.repository}{tag}{digest}"


@dataclass(frozen=True, slots=True)
class EcrHost:
    """What the host of a private ECR registry says."""

    account: str
    region: str

    @classmethod
    def parse(cls, host: str | None) -> EcrHost | None:
        """`None` for any other registry."""
        match = _ECR_HOST.fullmatch(host or "")
        return cls(match["account"], match["region"]) if match else None


def rewrite_image_uri_for_region(uri: str, region: str) -> str:
    """The URI of the replica of an ECR image in another region; any other URI as it is.

    Makes no call; raises InvalidImageError for what is no region.
    """
    validate_region(region)
    host, slash, path = uri.partition("/")
    match = _ECR_HOST.fullmatch(host)
    if not match:
        return uri
    return f"{match['account']}{match['kind']}{region}{match['domain']}{slash}{path}"

"""Where a registry is, and which addresses that it names may be trusted with what. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from versioned.errors import InvalidInputError
from versioned.images.errors import RegistryError
from versioned.images.reference import (
    DOCKER_HUB,
    DOCKER_HUB_HOSTS,
    validate_host,
    without_credentials,
)

_DOCKER_HUB_API = "registry-1.docker.io"
_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65535
_HINT = "use registry.example.com, registry.example.com:5000 or http://127.0.0.1:5000"


@dataclass(frozen=True, slots=True)
class Origin:
    """`scheme`, and `netloc` with the port: where requests go. `host` is what stands before the
    first slash of images."""

    scheme: str
    netloc: str
    host: str

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Of a bare host or `http(s)://host[:port]`. A bare host is asked by https, a bare one of
        this machine (127.0.0.1, localhost, ::1) by http. Raises InvalidInputError."""
        scheme, found, rest = url.partition("://")
        host = (rest if found else url).removesuffix("/")
        if found and scheme not in _PORTS:
            raise InvalidInputError(
                f"a registry is asked by https or http, not by {without_credentials(scheme)[:40]!r}",
                hint=_HINT,
            )
        netloc = validate_host(host)
        if (_port(netloc) or 1) > _MAX_PORT:
            raise InvalidInputError(f"{netloc} has no port that there is", hint=_HINT)
        if host.lower() in DOCKER_HUB_HOSTS:
            netloc, host = _DOCKER_HUB_API, DOCKER_HUB
        if not found:
            scheme = "http" if _is_loopback(netloc) else "https"
        return cls(scheme, netloc, host)

    def url(self, path: str) -> str:
        """The address of a path of the registry."""
        return f"{self.scheme}://{self.netloc}{path}"

    def owns(self, url: str) -> bool:
        """Whether an address is one of this registry: same scheme, host and port."""
        return _identity(urlsplit(url)) == _identity(urlsplit(self.url("/")))

    def follow(self, base: str, location: str) -> str:
        """The address that a `Location` or `Link` means. Raises RegistryError for one that is no
        address, has credentials in it, or leads from https to http."""
        try:
            url = urljoin(base, location)
            parts = urlsplit(url)
            good = parts.scheme in _PORTS and bool(parts.hostname) and "@" not in parts.netloc
            good = good and parts.port != 0 and url.isascii() and url.isprintable()
        except ValueError:
            good = False
        if not good or (base.startswith("https:") and parts.scheme == "http"):
            raise RegistryError(
                f"{self.host} leads to an address that is not followed",
                hint="it has to be a URL, and may not go from https to http: ask whoever runs it",
            )
        return url

    def trusts(self, realm: str) -> bool:
        """Whether a password may be sent to a server of tokens: by https, or by http where the
        registry is asked by http, too; from this machine not to another one."""
        try:
            parts = urlsplit(realm)
            known = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        except ValueError:
            return False
        if not known or not realm.isascii() or not realm.isprintable() or " " in realm:
            return False
        if parts.scheme == "http" and self.scheme == "http":
            return _is_loopback(parts.netloc) or not _is_loopback(self.netloc)
        return parts.scheme == "https"


def _identity(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _port(netloc: str) -> int | None:
    _, colon, port = netloc.rpartition(":")
    return int(port) if colon and port.isdigit() and not netloc.endswith("]") else None


def _is_loopback(netloc: str) -> bool:
    name = urlsplit(f"//{netloc}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"

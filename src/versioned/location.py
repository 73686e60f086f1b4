"""Where a repository lies, as a URL: `./dir`, `file:///dir`, `s3://bucket/prefix?region=...`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from versioned.errors import InvalidLocationError
from versioned.layout import S3_PREFIX
from versioned.naming import validate_suffix

_OPTIONS = {
    "region",
    "endpoint",
    "profile",
    "addressing",
    "suffix",
    "sse",
    "kms_key",
    "owner",
    "requester_pays",
    "storage_class",
}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


@dataclass(frozen=True, slots=True)
class Location:
    """A parsed repository URL. `path` is set for a directory, `bucket` and `prefix` for S3."""

    path: Path | None = None
    bucket: str = ""
    prefix: str = ""
    suffix: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, url: str) -> Location:
        """Raises InvalidLocationError, InvalidNameError for a bad suffix.

        `s3://bucket` alone means the prefix `versioned-artifacts`. Options follow a `?`: suffix
        for both kinds; for S3 region, endpoint, profile, addressing (path, virtual or auto), sse
        (AES256, aws:kms or aws:kms:dsse), kms_key, owner, requester_pays and storage_class.
        """
        scheme = _SCHEME.match(url)
        if not url or "\0" in url:
            raise InvalidLocationError(f"{url!r} is not a repository", hint=_HINT)
        if not scheme:
            path, _, query = url.partition("?")
            return cls(path=Path(path), **_parse_options(url, query, {"suffix"}))
        parts = urlsplit(url)
        if parts.scheme == "file":
            if parts.netloc not in {"", "localhost"} or not parts.path:
                raise InvalidLocationError(f"{url!r} is not a local directory", hint=_HINT)
            return cls(
                path=Path(unquote(parts.path)), **_parse_options(url, parts.query, {"suffix"})
            )
        if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or parts.fragment:
            raise InvalidLocationError(f"{url!r} is not a repository", hint=_HINT)
        return cls(
            bucket=parts.netloc,
            prefix=parts.path.strip("/") or S3_PREFIX,
            **_parse_options(url, parts.query, _OPTIONS),
        )


_HINT = "use ./dir, file:///dir or s3://bucket/prefix?region=eu-west-1"


def _parse_options(url: str, query: str, allowed: set[str]) -> dict[str, Any]:
    pairs = parse_qsl(query, keep_blank_values=True)
    options = dict(pairs)
    unknown = sorted(set(options) - allowed)
    if unknown or len(options) != len(pairs):
        raise InvalidLocationError(
            f"{url!r} has options that are unknown or given twice: {', '.join(unknown) or query}",
            hint=f"known are {', '.join(sorted(allowed))}",
        )
    suffix = options.pop("suffix", "")
    validate_suffix(suffix)
    return {"suffix": suffix, "options": options}

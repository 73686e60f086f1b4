"""What may be said about an object, the same for every store. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping

from versioned.errors import InvalidInputError
from versioned.stores.base import Attributes

NONCE_KEY = "versioned-nonce"
"""Metadata key under which a store may mark its own writes. It is never handed back."""

MAX_METADATA_BYTES = 2000
"""S3 takes 2,048 bytes of keys and values together; the rest is kept for `NONCE_KEY`."""

MAX_TAGS = 10
_MAX_TAG_KEY = 128
_MAX_TAG_VALUE = 256

# What HTTP allows in the name of a header: a metadata key becomes a part of one.
_METADATA_KEY = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Spaces at either end are lost on the wire.
_METADATA_VALUE = re.compile(r"([!-~]([ -~]*[!-~])?)?")
_TAG = re.compile(r"[\w +\-=.:/@]*")


def validate_attributes(attributes: Attributes) -> None:
    """Raises InvalidInputError for what not every store could hand back as it was given.

    Metadata keys are HTTP tokens, different even in lower case; values are printable ASCII
    without a space at either end; all together take at most 2,000 bytes. There are at most 10
    tags, of at most 128 and 256 characters: letters, digits, spaces and `+-=.:/@_`.
    """
    _check_metadata(attributes.metadata)
    _check_tags(attributes.tags)
    content_type = attributes.content_type
    if content_type is not None and not (content_type and _METADATA_VALUE.fullmatch(content_type)):
        raise InvalidInputError(
            f"content type {content_type!r} is not printable ASCII", hint="try text/plain"
        )


def _check_metadata(metadata: Mapping[str, str]) -> None:
    seen: set[str] = set()
    for key, value in metadata.items():
        if not isinstance(key, str) or not _METADATA_KEY.fullmatch(key):
            raise InvalidInputError(
                f"metadata key {key!r} can't be a header's name",
                hint="use ASCII letters, digits, '-', '_' and '.'",
            )
        if key.lower() == NONCE_KEY:
            raise InvalidInputError(
                f"metadata key {key!r} belongs to the store", hint="choose another key"
            )
        if key.lower() in seen:
            raise InvalidInputError(
                f"metadata key {key!r} is there twice", hint="stores make no difference of case"
            )
        seen.add(key.lower())
        if not isinstance(value, str) or not _METADATA_VALUE.fullmatch(value):
            raise InvalidInputError(
                f"metadata {key!r} can't be {value!r}",
                hint="a value is printable ASCII without a space at either end; "
                "percent-encode other text",
            )
    size = sum(len(key) + len(value) for key, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        longest = max(metadata, key=lambda key: len(metadata[key]))
        raise InvalidInputError(
            f"metadata has {size} bytes, the most of them in {longest!r}",
            hint=f"at most {MAX_METADATA_BYTES}; put more into an object of its own",
        )


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > MAX_TAGS:
        raise InvalidInputError(f"{len(tags)} tags are too many", hint=f"at most {MAX_TAGS}")
    for key, value in tags.items():
        for kind, text, limit in (("key", key, _MAX_TAG_KEY), ("value", value, _MAX_TAG_VALUE)):
            if not isinstance(text, str) or not _TAG.fullmatch(text) or len(text) > limit:
                raise InvalidInputError(
                    f"tag {key!r} has a {kind} that is not allowed: {text!r}",
                    hint=f"at most {limit} letters, digits, spaces and any of + - = . _ : / @",
                )
        if not key or key.lower().startswith("aws:"):
            raise InvalidInputError(
                f"tag key {key!r} is not allowed", hint="not empty, and not of 'aws:'"
            )

"""From a repository URL to a store. A local one never imports boto3."""

from __future__ import annotations

from versioned.errors import InvalidLocationError
from versioned.location import Location
from versioned.stores.base import Store


def open_store(url: str, *, single_writer: bool = False) -> tuple[Store, str]:
    """The store behind a URL and the suffix that the URL names. No request is sent.

    Raises InvalidLocationError.
    """
    location = Location.parse(url)
    if location.path is not None:
        from versioned.stores.local import LocalStore  # noqa: PLC0415 - neither needs the other

        return LocalStore(location.path), location.suffix
    return _connect(location, single_writer=single_writer), location.suffix


def _connect(location: Location, *, single_writer: bool) -> Store:
    from versioned.stores.s3 import S3Store  # noqa: PLC0415 - boto3 is slow to import
    from versioned.stores.s3_options import S3Options  # noqa: PLC0415

    options = location.options
    pays = options.get("requester_pays", "false").lower()
    if pays not in {"true", "false", "1", "0", "yes", "no"}:
        raise InvalidLocationError(
            f"requester_pays can't be {pays!r}", hint="use true or leave it out"
        )
    addressing = options.get("addressing")
    if addressing not in {None, "path", "virtual", "auto"}:
        raise InvalidLocationError(
            f"addressing can't be {addressing!r}", hint="use path, virtual or auto"
        )
    return S3Store.connect(
        location.bucket,
        location.prefix,
        region=options.get("region"),
        endpoint_url=options.get("endpoint"),
        profile=options.get("profile"),
        addressing_style=addressing,
        options=S3Options(
            server_side_encryption=options.get("sse"),
            kms_key_id=options.get("kms_key"),
            expected_bucket_owner=options.get("owner"),
            requester_pays=pays in {"1", "true", "yes"},
            storage_class=options.get("storage_class"),
        ),
        single_writer=single_writer,
    )

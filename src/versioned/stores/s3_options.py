"""How requests to a bucket are encrypted, paid for and guarded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from versioned.errors import InvalidInputError

_ENCRYPTIONS = (None, "AES256", "aws:kms", "aws:kms:dsse")


@dataclass(frozen=True, slots=True)
class S3Options:
    """Said with every request that knows the word for it; see `request_fields`.

    Raises InvalidInputError for an encryption that S3 does not have, a KMS key without KMS,
    or an owner that is no account number.
    """

    server_side_encryption: str | None = None
    kms_key_id: str | None = None
    expected_bucket_owner: str | None = None
    requester_pays: bool = False
    storage_class: str | None = None

    def __post_init__(self) -> None:
        if self.server_side_encryption not in _ENCRYPTIONS:
            raise InvalidInputError(
                f"server-side encryption can't be {self.server_side_encryption!r}",
                hint="use AES256, aws:kms or aws:kms:dsse",
            )
        if self.kms_key_id and not (self.server_side_encryption or "").startswith("aws:kms"):
            raise InvalidInputError(
                f"KMS key {self.kms_key_id!r} is given without KMS",
                hint="set server_side_encryption to aws:kms",
            )
        owner = self.expected_bucket_owner
        if owner is not None and not re.fullmatch(r"[0-9]{12}", owner):
            raise InvalidInputError(
                f"bucket owner {owner!r} is not an account", hint="give its twelve digits"
            )

    @property
    def request_fields(self) -> dict[str, str]:
        """All that is set, by the names that botocore gives it in a request."""
        fields = {
            "ServerSideEncryption": self.server_side_encryption,
            "SSEKMSKeyId": self.kms_key_id,
            "ExpectedBucketOwner": self.expected_bucket_owner,
            "ExpectedSourceBucketOwner": self.expected_bucket_owner,
            "RequestPayer": "requester" if self.requester_pays else None,
            "StorageClass": self.storage_class,
        }
        return {name: value for name, value in fields.items() if value}

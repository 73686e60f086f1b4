"""Asking a policy of docs/iam whether it allows a request: each is translated to the IAM actions
that AWS documents for it."""

import json
import re
from pathlib import Path

POLICIES = Path(__file__).parents[2] / "docs" / "iam"
ON_OBJECTS = {
    "HeadObject": ["GetObject"],
    "GetObject": ["GetObject"],
    "GetObjectTagging": ["GetObjectTagging"],
    "PutObject": ["PutObject"],
    "CopyObject": ["PutObject", "PutObjectTagging"],
    "CreateMultipartUpload": ["PutObject"],
    "UploadPart": ["PutObject"],
    "UploadPartCopy": ["PutObject"],
    "CompleteMultipartUpload": ["PutObject"],
    "ListParts": ["ListMultipartUploadParts"],
    "AbortMultipartUpload": ["AbortMultipartUpload"],
    "DeleteObject": ["DeleteObject"],
}
ON_SOURCES = {"CopyObject": ["GetObject", "GetObjectTagging"], "UploadPartCopy": ["GetObject"]}
ON_BUCKETS = {
    "HeadBucket": ["ListBucket"],
    "ListObjectsV2": ["ListBucket"],
    "ListMultipartUploads": ["ListBucketMultipartUploads"],
    "CreateBucket": ["CreateBucket"],
    "PutPublicAccessBlock": ["PutBucketPublicAccessBlock"],
}


def asked(operation, fields):
    """The pairs of an IAM action and a resource that a request needs."""
    bucket = f"arn:aws:s3:::{fields['Bucket']}"
    for action in ON_BUCKETS.get(operation, ()):
        yield f"s3:{action}", bucket
    for action in ON_OBJECTS.get(operation, ()):
        yield f"s3:{action}", f"{bucket}/{fields['Key']}"
    if fields.get("Tagging"):
        yield "s3:PutObjectTagging", f"{bucket}/{fields['Key']}"
    for action in ON_SOURCES.get(operation, ()):
        yield f"s3:{action}", f"{bucket}/{fields['CopySource']['Key']}"
    if operation == "DeleteObjects":
        for line in fields["Delete"]["Objects"]:
            yield "s3:DeleteObject", f"{bucket}/{line['Key']}"


def policy(name):
    return json.loads((POLICIES / f"{name}.json").read_text("utf-8"))


def several(value):
    return [value] if isinstance(value, str) else value


def grants(name):
    """Every pair of an action and a pattern of resources that a policy allows."""
    return [
        (action, resource)
        for statement in policy(name)["Statement"]
        for action in several(statement["Action"])
        for resource in several(statement["Resource"])
    ]


def matches(pattern, resource):
    parts = (re.escape(c) if c not in "*?" else {"*": ".*", "?": "."}[c] for c in pattern)
    return re.fullmatch("".join(parts), resource) is not None


def allows(name, action, resource):
    return any(action == a and matches(pattern, resource) for a, pattern in grants(name))


def watch(client, requests):
    """Note the pairs that every request of a client asks for from now on."""
    client.meta.events.register(
        "provide-client-params.s3",
        lambda params, model, **_: requests.extend(asked(model.name, params)),
    )

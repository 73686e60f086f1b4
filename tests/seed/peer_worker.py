"""The other package at work, in its own environment: one JSON line in, one JSON line out.

    {"repository": {...}, "method": "put_artifact", "arguments": {"name": "app", ...}}

is answered by `{"result": ...}` or `{"error": "ArtifactNotFoundError"}`. Bytes are base64 in
`{"bytes": "..."}`. A method `Artifact.get_content` is called on what its arguments describe.
"""

import base64
import dataclasses
import json
import sys
from datetime import datetime

from boto_session_manager import BotoSesManager

from versioned.api import s3_only_backend


def decode(value):
    return (
        base64.b64decode(value["bytes"]) if isinstance(value, dict) and "bytes" in value else value
    )


def encode(value):
    if dataclasses.is_dataclass(value):
        return value.to_dict()
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def answer(bsm, request):
    arguments = {key: decode(value) for key, value in request["arguments"].items()}
    kind, _, method = request["method"].rpartition(".")
    if kind:
        subject = getattr(s3_only_backend, kind).from_dict(arguments)
        return getattr(subject, method)(bsm=bsm)
    repository = s3_only_backend.Repository(**request["repository"])
    return getattr(repository, method)(bsm=bsm, **arguments)


def main():
    bsm = BotoSesManager(region_name="us-east-1")
    for line in sys.stdin:
        try:
            reply = {"result": encode(answer(bsm, json.loads(line)))}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to see it
            reply = {"error": type(error).__name__, "message": str(error)}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Two repositories that answer alike, in dictionaries: the other package's, and ours."""

import base64
import json

from versioned.s3_only_backend import Repository


class PeerError(Exception):
    """What the other package raised; `str` is the name of its class."""


class Peer:
    """The other package's Repository, reached through its worker."""

    def __init__(self, process, repository):
        self._process = process
        self._repository = repository

    def _call(self, method, /, **arguments):
        request = {
            "repository": self._repository,
            "method": method,
            "arguments": {key: encode(value) for key, value in arguments.items()},
        }
        print(json.dumps(request), file=self._process.stdin, flush=True)
        reply = json.loads(self._process.stdout.readline())
        if "error" in reply:
            raise PeerError(reply["error"]) from RuntimeError(reply["message"])
        return decode(reply["result"])

    def __getattr__(self, method):
        return lambda **arguments: self._call(method, **arguments)

    def get_content(self, artifact):
        return self._call("Artifact.get_content", **artifact)


def encode(value):
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def decode(value):
    return (
        base64.b64decode(value["bytes"]) if isinstance(value, dict) and "bytes" in value else value
    )


class Ours:
    """Our Repository with its session filled in, answering in dictionaries like the peer."""

    def __init__(self, s3, settings):
        self._repository = Repository(**settings)
        self._s3 = s3
        self.core = self._repository._core(s3)
        self.core.context.sleep = lambda _: None  # both take turns: nobody has to be waited for

    def __getattr__(self, method):
        def call(**arguments):
            result = getattr(self._repository, method)(self._s3, **arguments)
            return as_dictionaries(result)

        return call

    def get_content(self, artifact):
        return self._repository.get_artifact_version(
            self._s3, artifact["name"], artifact["version"]
        ).get_content(self._s3)


def as_dictionaries(value):
    if isinstance(value, (list, tuple)):
        return [as_dictionaries(item) for item in value]
    return value.to_dict() if hasattr(value, "to_dict") else value

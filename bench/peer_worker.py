"""PyPI's `versioned` 1.0.1 at work, in its own environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from boto_session_manager import BotoSesManager

from bench.serving import MEND_VARIABLE, Action, Side, content, none, serve
from versioned.api import s3_only_backend


class Peer(Side):
    prefix = "peer"

    def __init__(self) -> None:
        super().__init__()
        region = os.environ["AWS_DEFAULT_REGION"]
        self.bsm = BotoSesManager(region_name=region)
        if MEND_VARIABLE in os.environ:
            self.bsm.s3_client.meta.events.register("before-parse.s3", give_back_underscores)
        self.repository = s3_only_backend.Repository(region, self.bucket, s3_prefix=self.prefix)

    def bootstrap(self) -> Action:
        return lambda: self.repository.bootstrap(self.bsm)

    def put(self, name: str, seed: int, size: int) -> Action:
        data = content(seed, size)
        return lambda: none(self.repository.put_artifact(self.bsm, name, data))

    def put_file(self, name: str, path: str) -> Action:
        return lambda: none(self.repository.put_artifact(self.bsm, name, Path(path).read_bytes()))

    def publish(self, name: str) -> Action:
        return lambda: int(self.repository.publish_artifact_version(self.bsm, name).version)

    def get_version(self, name: str, version: int) -> Action:
        return lambda: int(self.repository.get_artifact_version(self.bsm, name, version).version)

    def get_alias(self, name: str, alias: str) -> Action:
        return lambda: int(self.repository.get_alias(self.bsm, name, alias).version)

    def put_alias(self, name: str, alias: str, version: int) -> Action:
        return lambda: none(self.repository.put_alias(self.bsm, name, alias, version))

    def list_aliases(self, name: str) -> Action:
        return lambda: len(self.repository.list_aliases(self.bsm, name))

    def list_versions(self, name: str) -> Action:
        return lambda: len(self.repository.list_artifact_versions(self.bsm, name))

    def purge(self, name: str) -> Action:
        return lambda: len(self.repository.purge_artifact_versions(self.bsm, name, 0, 0)[1])

    def delete_version(self, name: str, version: int) -> Action:
        return lambda: none(self.repository.delete_artifact_version(self.bsm, name, version))

    def read(self, name: str, version: int) -> Action:
        return lambda: len(self._read(name, version))

    def read_alias(self, name: str, alias: str) -> Action:
        return lambda: len(
            self.repository.get_alias(self.bsm, name, alias).get_version_content(self.bsm)
        )

    def read_alias_cached(self, name: str, alias: str) -> Action:
        """There is no cache, so it is the same."""
        return self.read_alias(name, alias)

    def get_file(self, name: str, version: int) -> Action:
        return lambda: (self.room / "peer.bin").write_bytes(self._read(name, version))

    def _read(self, name: str, version: int) -> bytes:
        return self.repository.get_artifact_version(self.bsm, name, version).get_content(self.bsm)


def give_back_underscores(response_dict: dict[str, Any], **_: object) -> None:
    """Ceph returns `artifact-sha256` for the `artifact_sha256` that 1.0.1 looks for."""
    headers = response_dict["headers"]
    for key in ("artifact_name", "artifact_sha256"):
        changed = "x-amz-meta-" + key.replace("_", "-")
        if changed in headers:
            headers[f"x-amz-meta-{key}"] = headers[changed]


if __name__ == "__main__":
    serve(Peer)

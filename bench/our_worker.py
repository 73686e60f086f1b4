"""Our package at work, as `peer_worker` has the other one."""

from __future__ import annotations

import time

from bench.serving import Action, Side, content, none, serve
from versioned import Cache, Repository


class Ours(Side):
    prefix = "ours"

    def __init__(self) -> None:
        super().__init__()
        self.repository = self._open(None)
        self.cached = self._open(Cache(self.room / "cache"))

    def _open(self, cache: Cache | None) -> Repository:
        repository = Repository.open(f"s3://{self.bucket}/{self.prefix}", cache=cache)
        repository.context.sleep = self._sleep
        return repository

    def _sleep(self, seconds: float) -> None:
        self.waited += seconds
        time.sleep(seconds)

    def bootstrap(self) -> Action:
        """What is true of the store is looked up now, so that no operation has to."""

        def action() -> int:
            self.repository.bootstrap()
            self.cached.context.capabilities()
            return int(self.repository.context.capabilities().conditional_copy)

        return action

    def put(self, name: str, seed: int, size: int) -> Action:
        data = content(seed, size)
        return lambda: none(self.repository.put_artifact(name, data))

    def put_file(self, name: str, path: str) -> Action:
        return lambda: none(self.repository.put_artifact(name, path))

    def publish(self, name: str) -> Action:
        return lambda: int(self.repository.publish_artifact_version(name).version)

    def get_version(self, name: str, version: int) -> Action:
        return lambda: int(self.repository.get_artifact_version(name, version).version)

    def get_alias(self, name: str, alias: str) -> Action:
        return lambda: int(self.repository.get_alias(name, alias).version)

    def put_alias(self, name: str, alias: str, version: int) -> Action:
        return lambda: none(self.repository.put_alias(name, alias, version))

    def list_aliases(self, name: str) -> Action:
        return lambda: len(self.repository.list_aliases(name))

    def list_versions(self, name: str) -> Action:
        return lambda: len(self.repository.list_artifact_versions(name))

    def purge(self, name: str) -> Action:
        return lambda: len(self.repository.purge_artifact_versions(name, 0, 0)[1])

    def delete_version(self, name: str, version: int) -> Action:
        return lambda: self.repository.delete_artifact_version(name, version)

    def read(self, name: str, version: int) -> Action:
        return lambda: len(self.repository.get_content(name, version))

    def read_alias(self, name: str, alias: str) -> Action:
        return self._download_alias(self.repository, name, alias)

    def read_alias_cached(self, name: str, alias: str) -> Action:
        return self._download_alias(self.cached, name, alias)

    def _download_alias(self, repository: Repository, name: str, alias: str) -> Action:
        target = self.room / "ours.bin"

        def action() -> int:
            repository.download_reference(f"{name}@{alias}", to=target)
            return target.stat().st_size

        return action

    def get_file(self, name: str, version: int) -> Action:
        target = self.room / "ours.bin"

        def action() -> int:
            self.repository.download(name, version, to=target)
            return target.stat().st_size

        return action

    def history(self, name: str, alias: str) -> Action:
        return lambda: len(self.repository.history(name, alias))

    def rollback(self, name: str, alias: str) -> Action:
        return lambda: int(self.repository.rollback(name, alias).version)


if __name__ == "__main__":
    serve(Ours)

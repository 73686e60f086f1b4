"""Stores around a real store: one that counts and crashes, one that enforces as little as Ceph."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from versioned import Repository, layout
from versioned.stores.base import Attributes, Capabilities, Store


class Crash(BaseException):
    """The process is gone: nothing catches this, nothing is cleaned up."""


@dataclass
class TappedStore:
    """Passes everything on to `inner`, one request after the other.

    `requests` holds `(operation, key)` of each request, `steps` the sequential waits: requests
    that were gathered count as the longest of them. `before` and `after` are called around each
    request with its number, from 0, and may raise.
    """

    inner: Store
    requests: list[tuple[str, str]] = field(default_factory=list)
    steps: int = 0
    before: object = None
    after: object = None

    def reset(self):
        self.requests.clear()
        self.steps = 0

    @property
    def operations(self):
        return Counter(operation for operation, _ in self.requests)

    def _request(self, operation, key, call):
        number = len(self.requests)
        self.requests.append((operation, key))
        self.steps += 1
        if self.before:
            self.before(number, operation, key)
        try:
            return call()
        finally:
            if self.after:
                self.after(number, operation, key)

    def gather(self, *calls):
        start, peak, results = self.steps, self.steps, []
        for call in calls:
            self.steps = start
            results.append(call())
            peak = max(peak, self.steps)
        self.steps = peak
        return results

    @property
    def capabilities(self):
        return self.inner.capabilities

    @property
    def settle(self):
        return self.inner.settle

    def uri(self, key):
        return self.inner.uri(key)

    def now(self):
        return self.inner.now()

    def head(self, key):
        return self._request("head", key, lambda: self.inner.head(key))

    def get(self, key, **options):
        opened = []

        def call():
            opened.append(self.inner.get(key, **options))
            return opened[0]

        try:
            return self._request("get", key, call)
        except BaseException:
            for body in opened:
                body.__exit__(None, None, None)
            raise

    def tags(self, key):
        return self._request("tags", key, lambda: self.inner.tags(key))

    def put(self, key, content, **options):
        return self._request("put", key, lambda: self.inner.put(key, content, **options))

    def copy(self, source, target, **options):
        return self._request("copy", target, lambda: self.inner.copy(source, target, **options))

    def delete(self, key, **options):
        return self._request("delete", key, lambda: self.inner.delete(key, **options))

    def delete_many(self, keys):
        keys = list(keys)
        for start in range(0, len(keys), 1000):
            batch = keys[start : start + 1000]
            self._request("delete_many", batch[0], lambda b=batch: self.inner.delete_many(b))

    def list_objects(self, prefix, **options):
        return self._request("list", prefix, lambda: self.inner.list_objects(prefix, **options))

    def list_folders(self, prefix=""):
        return self._request("list_folders", prefix, lambda: self.inner.list_folders(prefix))

    def download_url(self, key, *, seconds):
        return self.inner.download_url(key, seconds=seconds)

    def create(self):
        self._request("create", "", self.inner.create)

    def probe(self):
        return self.inner.probe()

    def sweep(self, prefix, **options):
        return self.inner.sweep(prefix, **options)


class CephLikeStore(TappedStore):
    """Enforces conditions of plain puts, and accepts and ignores all others, as Ceph does."""

    @property
    def capabilities(self):
        return Capabilities(create_only=True, compare_and_set=True)

    def copy(self, source, target, **_ignored):
        def copy_whatever_is_there():
            return self.inner.copy(self.inner.head(source.key), target)

        return self._request("copy", target, copy_whatever_is_there)

    def delete(self, key, **_ignored):
        return self._request("delete", key, lambda: self.inner.delete(key))


def reuse_number(store, version, data):
    """What 1.0.1 may do: delete a number, and publish other bytes under it."""
    store = getattr(store, "inner", store)
    other = Repository(store)
    artifact = other.put_artifact("other", data)
    key = layout.version_key("app", version, "")
    store.delete(key)
    attributes = Attributes(metadata={"artifact_name": "app", "artifact_sha256": artifact.sha256})
    other.context.write(key, data, attributes=attributes)

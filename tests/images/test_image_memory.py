"""Blobs are streamed: memory does not grow with them. On a real registry, in a process of its own,
because the double keeps what it gets in this one."""

import hashlib
import tracemalloc

import pytest

from versioned.images.manifest import Descriptor

MIB = 1024 * 1024


@pytest.fixture
def large():
    """64 MiB, made while they are sent."""
    chunk, count = bytes(MIB), 64
    digest = hashlib.sha256(chunk * count).hexdigest()
    blob = Descriptor("application/octet-stream", f"sha256:{digest}", MIB * count)
    return blob, lambda: (bytes(MIB) for _ in range(count))


def test_a_blob_of_64_mib_takes_no_8_mib_to_write_and_to_read(registry_kind, registry, app, large):
    if registry_kind == "double":
        pytest.skip("the double keeps blobs in this process: make test-images")
    blob, chunks = large
    tracemalloc.start()
    try:
        registry.write_blob(app, blob, chunks())
        with registry.read_blob(app, blob.digest) as read:
            assert sum(map(len, read)) == blob.size
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()

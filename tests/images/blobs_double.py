"""The half of a registry that has blobs, in memory."""

from collections import defaultdict
from contextlib import contextmanager

from versioned.images.manifest import digest_of


class BlobsDouble:
    """Blobs by repository. Mounts from one to another unless `mounts` is false. `logins` has the
    hosts and credentials of those who connected."""

    def __init__(self):
        self.mounts = True
        self.logins = []
        self._blobs = defaultdict(dict)

    def connect(self, host, credentials):
        """What `EcrRegistry` takes as its data plane."""
        self.logins.append((host, credentials))
        return self

    def has_blob(self, repository, digest):
        return digest in self._blobs[repository]

    def mount_blob(self, repository, digest, source):
        if self.mounts and digest in self._blobs[source]:
            self._blobs[repository][digest] = self._blobs[source][digest]
            return True
        return False

    @contextmanager
    def read_blob(self, repository, digest):
        yield iter([self._blobs[repository][digest]])

    def write_blob(self, repository, blob, chunks):
        content = b"".join(chunks)
        assert digest_of(content) == blob.digest
        self._blobs[repository][blob.digest] = content

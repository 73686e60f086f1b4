import itertools
import shutil

import pytest
from rollout_rig import Releases, prepared

from doubles import TappedStore
from versioned.stores.local import LocalStore


@pytest.fixture
def releases(store):
    """On each of the chosen stores."""
    return Releases.of(store)


@pytest.fixture(scope="session")
def local_store_factory(tmp_path_factory):
    """Fresh embedded stores, for many examples in one test."""
    root = tmp_path_factory.mktemp("stores")
    numbers = itertools.count()

    def make():
        store = LocalStore(root / str(next(numbers)), settle=0)
        store.create()
        return store

    return make


@pytest.fixture
def copies(tmp_path_factory):
    """Makes the same as `prepared` on the embedded store, by copying its directory."""
    root = tmp_path_factory.mktemp("copies")
    for started in (False, True):
        store = LocalStore(root / str(started), settle=0)
        store.create()
        prepared(store, started)
        store.close()
    numbers, opened = itertools.count(), []

    def make(started):
        path = shutil.copytree(root / str(started), root / f"copy-{next(numbers)}")
        opened.append(LocalStore(path, settle=0))
        return Releases.around(TappedStore(opened[-1]))

    yield make
    for store in opened:
        store.close()
